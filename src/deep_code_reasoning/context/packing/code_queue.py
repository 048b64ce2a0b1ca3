"""Ranked code, piece by piece: chunks first, then whole files, then chunks and outlines.

No rule reads the budget: where one speaks of a share of the budget, it is the share of what code took by then. So the
order is one for all budgets, and a larger one takes what a smaller one took, and more.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

from deep_code_reasoning.context.packing.piece import Piece
from deep_code_reasoning.context.packing.shown import Shown

CHUNKS_FIRST = 32_000 * 100
LARGEST_FILE = 0.25
WHOLE_FILES = 0.70


@dataclass(frozen=True)
class CodeOrder:
    """Candidates of ranked files, the best first; chunks, the best first, and outlines as (candidate, lines from 0)."""

    files: tuple[str, ...] = ()
    chunks: tuple[tuple[str, Sequence[int]], ...] = ()
    outlines: tuple[tuple[str, Sequence[int]], ...] = ()


def code_pieces(order: CodeOrder, all_shown: Mapping[str, Shown]) -> Generator[Piece, int, None]:
    """Is told after each piece what it took, in hundredths of a token."""
    chunks, outlines = list(reversed(order.chunks)), list(reversed(order.outlines))
    files = list(order.files)
    spent, whole = 0, 0

    def piece(item: str, lines: Sequence[int]) -> Piece:
        return Piece(item, lines, 0.0)

    while chunks and spent < CHUNKS_FIRST:
        spent += yield piece(*chunks.pop())
    rest = [pair for pair in chain.from_iterable(zip_longest(reversed(chunks), reversed(outlines))) if pair]
    rest.reverse()
    while files or rest:
        eligible = next((f for f in files if _is_eligible(all_shown[f], spent, whole)), None)
        if eligible is None and rest:
            spent += yield piece(*rest.pop())
            continue
        file = eligible or files[0]
        files.remove(file)
        whole += all_shown[file].cost_of_all()
        spent += yield piece(file, range(all_shown[file].count))


def _is_eligible(shown: Shown, spent: int, whole: int) -> bool:
    full = shown.cost_of_all()
    by_then = spent + full - shown.cost
    return full <= LARGEST_FILE * by_then and whole + full <= WHOLE_FILES * by_then
