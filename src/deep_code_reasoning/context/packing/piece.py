"""Pieces of evidence in the order of their weight: what the diagnosis makes of a candidate decides how much of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from deep_code_reasoning.context.packing.shown import Shown

FIRST_SLICE = 100_000
"""Hundredths of a token; each further slice of a candidate is twice as long as the one before."""


@dataclass(frozen=True)
class Piece:
    """Lines of the candidate `item`."""

    item: str
    lines: Sequence[int]
    weight: float


def by_weight(all_shown: Mapping[str, Shown]) -> list[Piece]:
    """Candidates are cut into slices, and the n-th slice of one weighs 1/n of it (the divisors of D'Hondt's method of
    apportionment, under which nobody ever loses a seat when the house grows): so a long trace takes its share and does
    not push the others out. Of equal weights the candidate that was gathered first."""
    pieces = [piece for shown in all_shown.values() if not shown.candidate.required for piece in _slices(shown)]
    return sorted(pieces, key=lambda piece: -piece.weight)


def _slices(shown: Shown) -> Iterator[Piece]:
    candidate = shown.candidate
    wanted: Iterable[tuple[Sequence[int], float]] = (
        [(range(shown.count), candidate.weight)]
        if candidate.parts is None
        else [(part.lines, part.weight) for part in candidate.parts]
    )
    for lines, weight in wanted:
        begin, used, nth = 0, 0, 1
        for place, line in enumerate(lines):
            cost = shown.costs[line]
            if place > begin and used + cost > FIRST_SLICE << (nth - 1):
                yield Piece(candidate.id, lines[begin:place], weight / nth)
                begin, used, nth = place, 0, nth + 1
            used += cost
        if begin < len(lines):
            yield Piece(candidate.id, lines[begin:], weight / nth)
