"""A commit with its diff."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from deep_code_reasoning.context.show import show
from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.specialists.tools.found import Found, Paged

if TYPE_CHECKING:
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.specialists.tools.desk import Desk

_SHA = re.compile(r"[0-9a-f]{7,64}")


class Parameters(Paged, frozen=True, kw_only=True):
    sha: str


def answer(desk: Desk, asked: Parameters, work: Work) -> list[Found]:
    sha = asked.sha.rpartition("@")[2].strip().lower()
    if not _SHA.fullmatch(sha):
        raise UsageError(f"sha {asked.sha!r}: expected 7 to 64 hexadecimal digits")
    work.on_cancel(desk.tables.interrupt)
    text = show(desk.tables, f"commit:{sha}", roots=desk.roots)
    head, _, rest = text.partition("\n")
    return [Found(head, "commit", "", rest)]
