"""Lines of a file under the allowed roots."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.specialists.tools.found import Arguments, Found

if TYPE_CHECKING:
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.specialists.tools.desk import Desk

_LINES = 400


class Parameters(Arguments, frozen=True, kw_only=True):
    path: str
    first_line: int = 1
    last_line: int | None = None


def answer(desk: Desk, asked: Parameters, work: Work) -> list[Found]:
    first = asked.first_line
    last = asked.last_line if asked.last_line is not None else first + _LINES - 1
    if first < 1 or last < first:
        raise UsageError(f"lines {first} to {last}: expected 1 <= first_line <= last_line")
    return [desk.code(desk.locate(asked.path), first, last)]
