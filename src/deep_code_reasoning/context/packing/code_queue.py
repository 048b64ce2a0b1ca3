"""Ranked code, piece by piece: chunks by their rank, and the outline of a file behind half of its lines.

No rule reads the budget. So the order is one for all budgets, and a larger one takes what a smaller one took, and more.
Whole files before chunks were measured and brought less (docs/decisions/0018).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from deep_code_reasoning.context.packing.piece import Piece
from deep_code_reasoning.context.packing.shown import Shown


@dataclass(frozen=True)
class CodeOrder:
    """Candidates of ranked files, the best first; chunks, the best first, and outlines as (candidate, lines from 0)."""

    files: tuple[str, ...] = ()
    chunks: tuple[tuple[str, Sequence[int]], ...] = ()
    outlines: tuple[tuple[str, Sequence[int]], ...] = ()


def code_pieces(order: CodeOrder, all_shown: Mapping[str, Shown]) -> Iterator[Piece]:
    """The best first; in the end all that is left of the files."""
    outlines = dict(order.outlines)
    told: Counter[str] = Counter()
    for id_, lines in order.chunks:
        yield Piece(id_, lines, 0.0)
        told[id_] += len(lines)
        if 2 * told[id_] >= all_shown[id_].count and id_ in outlines:
            yield Piece(id_, outlines.pop(id_), 0.0)
    for id_, lines in outlines.items():
        yield Piece(id_, lines, 0.0)
    for id_ in order.files:
        yield Piece(id_, range(all_shown[id_].count), 0.0)
