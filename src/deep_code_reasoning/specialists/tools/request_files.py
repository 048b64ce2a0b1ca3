"""Whole files that a model misses; where a name is no file, the files that the ranking takes it for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deep_code_reasoning.context.source_files import Unreadable
from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.specialists.tools.found import Found, Paged
from deep_code_reasoning.specialists.tools.named_files import outlined, resolved

if TYPE_CHECKING:
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.specialists.tools.desk import Desk

_MOST_PATHS = 10
_WHOLE_LINES = 400


class Parameters(Paged, frozen=True, kw_only=True):
    paths: tuple[str, ...]
    why: str = ""


def answer(desk: Desk, asked: Parameters, work: Work) -> list[Found]:
    if not 1 <= len(asked.paths) <= _MOST_PATHS:
        raise UsageError(f"{len(asked.paths)} paths: give 1 to {_MOST_PATHS}")
    found: dict[str, Found] = {}
    refused = []
    for named in asked.paths:
        work.check()
        try:
            for path in resolved(desk, named, asked.why, work):
                whole = desk.code(path)
                item = whole if whole.text.count("\n") <= _WHOLE_LINES else outlined(desk, path) or whole
                found.setdefault(item.id, item)
        except Unreadable as error:
            refused.append(f"{named}: {error}")
    if not found:
        raise UsageError("; ".join(refused))
    if refused:
        found["refused"] = Found("refused", "note", "not shown", "\n".join(refused))
    return list(found.values())
