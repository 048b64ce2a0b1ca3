"""Fills a budget: required candidates first, then pieces of evidence and of ranked code, the heaviest first.

The order of pieces is the same for every budget. A budget takes them until one does not fit, and of that one the lines
that do; so it is never exceeded, little of it is left over, and more of it never loses a line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from deep_code_reasoning.context.candidate import Candidate
from deep_code_reasoning.context.manifest import Addition, LeftOut
from deep_code_reasoning.context.packing.code_queue import CodeOrder, code_pieces
from deep_code_reasoning.context.packing.piece import Piece, by_weight
from deep_code_reasoning.context.packing.shown import Fenced, Shown

FILL = 0.9  # the rest is room for the error of the token estimate
NEXT = 50_000 * 100
CODE_WEIGHT = 1.0
CODE_HALVES_AT = 8_000 * 100
"""The n-th such amount of ranked code weighs 1/n: slices of one candidate, as all others are."""
_LEAST_WORTH_STARTING = 6_000  # hundredths of a token: below, a fragment tells nothing


@dataclass(frozen=True)
class Share:
    """A candidate as it goes in, and what it takes at most (hundredths of a token, with its fence)."""

    candidate: Candidate
    cost: int


@dataclass(frozen=True)
class Packed:
    shares: tuple[Share, ...]
    left_out: tuple[LeftOut, ...]
    next_additions: tuple[Addition, ...]


def pack(candidates: Sequence[Candidate], code: CodeOrder, limit: int, fenced: Fenced) -> Packed:
    """`limit` in hundredths of a token. Candidates in order of priority: equal weights keep that order."""
    all_shown = {c.id: Shown(c, fenced) for c in candidates}
    for item in code.files:
        all_shown[item].want(range(all_shown[item].count))
    left = limit
    for shown in all_shown.values():
        if shown.candidate.required:
            half, is_whole = left // 2, shown.cost_of_all() <= left // 2
            shown.add_what_fits(range(shown.count), left if is_whole else half)
            # Half is gone then, used or not: else a larger budget, with room for all of it, left less to the others.
            left -= shown.cost if is_whole else half
    filling = _Filling(all_shown, left)
    for piece in _in_order(all_shown, code, filling):
        filling.take(piece)
    return filling.result()


def _in_order(all_shown: Mapping[str, Shown], code: CodeOrder, filling: _Filling) -> Iterator[Piece]:
    """Evidence and ranked code, each by its own order, the heavier head first."""
    queue = code_pieces(code, all_shown)
    head, code_spent = next(queue, None), 0
    for piece in by_weight(all_shown):
        while head and CODE_WEIGHT * CODE_HALVES_AT / (CODE_HALVES_AT + code_spent) > piece.weight:
            yield head
            code_spent += filling.took
            head = next(queue, None)
        yield piece
    if head:
        yield head
    yield from queue


class _Filling:
    """Takes pieces; what a budget holds is kept when it is full, and the order of what comes after it goes on."""

    def __init__(self, all_shown: Mapping[str, Shown], left: int) -> None:
        self._all = all_shown
        self._left = left
        self._next = NEXT
        self.took = 0
        self._shares: dict[str, Share] | None = None
        self._missing: dict[str, tuple[int, int, bool]] = {}
        self._order: dict[str, None] = {}
        self._additions: dict[str, tuple[int, int]] = {}

    def take(self, piece: Piece) -> None:
        shown = self._all[piece.item]
        before = shown.cost
        if self._shares is None:
            added = shown.add(piece.lines)
            if shown.cost - before <= self._left:
                self._left -= shown.cost - before
                self.took = shown.cost - before
                return
            shown.remove(added)
            some = shown.add_what_fits(piece.lines, self._left)
            if not before and sum(shown.costs[line] for line in some) < _LEAST_WORTH_STARTING:
                shown.remove(some)
            self._close()
        held = shown.cost
        added = shown.add(piece.lines)
        self.took = shown.cost - before
        if added:
            self._order.setdefault(piece.item)
        if added and self._next > 0:
            self._next -= shown.cost - held
            count, cost = self._additions.get(piece.item, (0, 0))
            self._additions[piece.item] = (count + len(added), cost + max(shown.cost - held, 1))

    def _close(self) -> None:
        """The budget is full."""
        self._shares = {id_: Share(s.laid_out(), s.cost) for id_, s in self._all.items() if s.lines}
        self._missing = {id_: s.missing() for id_, s in self._all.items() if not s.is_complete}

    def result(self) -> Packed:
        if self._shares is None:
            self._close()
        assert self._shares is not None
        order = [*(id_ for id_ in self._missing if self._all[id_].candidate.required), *self._order]
        left_out = [self._left_out(id_) for id_ in order if id_ in self._missing]
        additions = [
            Addition(id_, self._all[id_].candidate.kind, self._all[id_].candidate.title, -(-cost // 100), count)
            for id_, (count, cost) in self._additions.items()
        ]
        return Packed(tuple(self._shares.values()), tuple(left_out), tuple(additions))

    def _left_out(self, id_: str) -> LeftOut:
        assert self._shares is not None
        candidate = self._all[id_].candidate
        count, cost, is_end = self._missing[id_]
        if id_ not in self._shares:
            reason = f"did not fit: {candidate.reason}"
        else:
            reason = f"its last {count} lines did not fit" if is_end else f"{count} of its lines did not fit"
        return LeftOut(id_, candidate.kind, candidate.title, max(-(-cost // 100), 1), reason)
