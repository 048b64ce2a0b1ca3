"""Shares a number of tokens among candidates.

First those that are required, cut to fit if they must be. Then the others by weight, none over a quarter of the whole,
so that one long trace cannot push everything else out. Then, with what is left over, those that were too long, cut to
what fits. What remains is left out, in the order in which a larger budget would take it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from deep_code_reasoning.context.candidate import Candidate
from deep_code_reasoning.context.manifest import LeftOut
from deep_code_reasoning.context.tokens import hundredths

FILL = 0.9  # the rest is room for the error of the token estimate
LARGEST_SHARE = 0.25
_LEAST_WORTH_CUTTING = 6_000  # hundredths of a token: below, a fragment tells nothing
_NOTE = "… cut here: {lines} more lines, about {tokens} tokens, did not fit\n"
_NOTE_COST = hundredths(_NOTE.format(lines=1_000_000, tokens=10_000_000))


@dataclass(frozen=True)
class Share:
    """A candidate as it goes in, what it takes (hundredths of a token, with its fence), and the lines it lost."""

    candidate: Candidate
    cost: int
    lines_lost: int = 0


Fenced = Callable[[Candidate], str]


def share_out(
    candidates: Sequence[Candidate], limit: int, fenced: Fenced
) -> tuple[list[Share], list[tuple[Candidate, LeftOut]]]:
    """`limit` in hundredths of a token. Candidates come in order of priority; equal weights keep that order."""
    ordered = sorted(candidates, key=lambda c: (not c.required, -c.weight))
    costs = {c.id: hundredths(fenced(c)) for c in ordered}
    largest = int(limit * LARGEST_SHARE)
    shares: dict[str, Share] = {}
    left = limit
    for offer in (_whole(largest, costs, fenced), _cut(costs, fenced)):
        for candidate in ordered:
            share = None if candidate.id in shares else offer(candidate, left)
            if share is not None:
                shares[candidate.id] = share
                left -= share.cost
    chosen = [shares[c.id] for c in ordered if c.id in shares]
    return chosen, [(c, _left_out(c, shares.get(c.id), costs[c.id])) for c in ordered if _lost(c, shares)]


Offer = Callable[[Candidate, int], Share | None]


def _whole(largest: int, costs: dict[str, int], fenced: Fenced) -> Offer:
    def offer(candidate: Candidate, left: int) -> Share | None:
        cost = costs[candidate.id]
        if candidate.required and cost > left // 2:
            return cut(candidate, left // 2, fenced)
        return Share(candidate, cost) if cost <= (left if candidate.required else min(left, largest)) else None

    return offer


def _cut(costs: dict[str, int], fenced: Fenced) -> Offer:
    def offer(candidate: Candidate, left: int) -> Share | None:
        cost = costs[candidate.id]
        return Share(candidate, cost) if cost <= left else cut(candidate, left, fenced)

    return offer


def cut(candidate: Candidate, limit: int, fenced: Fenced) -> Share | None:
    """The longest head of whole lines that fits, with a note of what is missing; None where it is not worth it."""
    room = limit - hundredths(fenced(replace(candidate, text=""))) - _NOTE_COST
    if room < _LEAST_WORTH_CUTTING:
        return None
    lines = candidate.text.rstrip().splitlines(keepends=True)
    kept, used = 0, 0
    for line in lines:
        cost = hundredths(line)
        if used + cost > room:
            break
        kept, used = kept + 1, used + cost
    if not kept:
        return None
    rest = "".join(lines[kept:])
    note = _NOTE.format(lines=len(lines) - kept, tokens=hundredths(rest) // 100)
    shorter = replace(candidate, text="".join(lines[:kept]).rstrip("\n") + "\n" + note)
    return Share(shorter, hundredths(fenced(shorter)), len(lines) - kept)


def _lost(candidate: Candidate, shares: dict[str, Share]) -> bool:
    return candidate.id not in shares or shares[candidate.id].lines_lost > 0


def _left_out(candidate: Candidate, share: Share | None, cost: int) -> LeftOut:
    missing = -(-(cost - (share.cost if share else 0)) // 100)
    reason = f"its last {share.lines_lost} lines did not fit" if share else f"did not fit: {candidate.reason}"
    return LeftOut(candidate.id, candidate.kind, candidate.title, max(missing, 1), reason)
