"""Functions that a change touched, on both of its sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deep_code_reasoning.code.outline import Outline


@dataclass(frozen=True)
class TouchedFunction:
    """`name` is qualified by its classes, `state` one of added, removed, changed.

    Lines count from 1, of the state afterwards; of a removed function, of the state before.
    """

    name: str
    state: str
    line: int
    end_line: int


def functions_touched(
    before: Outline | None, after: Outline | None, removed: Sequence[int], added: Sequence[int]
) -> list[TouchedFunction]:
    """`removed`, `added`: sorted lines that the change took out of the state before, put into the one afterwards."""
    old = before.functions if before else {}
    new = after.functions if after else {}
    gone = {name for name, part in old.items() if part.holds(removed)}
    come = {name for name, part in new.items() if part.holds(added)}
    found = [
        TouchedFunction(name, "changed" if name in old else "added", part.line, part.end_line)
        for name, part in new.items()
        if name in come or name in gone
    ]
    lost = [TouchedFunction(name, "removed", old[name].line, old[name].end_line) for name in gone if name not in new]
    return found + sorted(lost, key=lambda one: one.line)
