"""Errors as the caller may read them: one line, and no path of this machine that the caller did not name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LONGEST = 1_000
NOT_A_LONGER_NAME = r"(?![\w.-]*[\w-])"  # behind `/srv/app`: not the rest of `/srv/app-home`, but the end of a sentence


def one_line(error: Exception, arguments: Mapping[str, Any]) -> str:
    """The error's message; home and working directory become `~` and `.` where the caller gave no such path."""
    text = " ".join(str(error).split()) or type(error).__name__
    given = repr(arguments)
    for folder, short in ((str(Path.cwd()), "."), (str(Path.home()), "~")):
        if len(folder) > 1 and folder not in given:
            text = re.sub(re.escape(folder) + NOT_A_LONGER_NAME, short, text)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
