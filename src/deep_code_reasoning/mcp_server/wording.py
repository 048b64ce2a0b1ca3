"""Errors as the caller may read them: one line, and no path of this machine that the caller did not name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LONGEST = 1_000


def one_line(error: Exception, arguments: Mapping[str, Any]) -> str:
    """The error's message; home and working directory become `~` and `.` where the caller gave no such path."""
    text = " ".join(str(error).split()) or type(error).__name__
    given = repr(arguments)
    for folder, short in ((str(Path.cwd()), "."), (str(Path.home()), "~")):
        if len(folder) > 1 and folder not in given:
            text = text.replace(folder + os.sep, short + os.sep).replace(folder, short)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
