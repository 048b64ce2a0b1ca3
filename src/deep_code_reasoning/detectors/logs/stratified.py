"""Fisher's exact test within strata: is something more often so, whatever the mix of the strata?"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, lgamma, sqrt
from typing import NamedTuple

import numpy as np

from deep_code_reasoning.detectors.significance import EXACT_LIMIT, normal_tail


class Stratum(NamedTuple):
    """Of `after` and `before` traces of one kind, how many show it."""

    with_after: int
    after: int
    with_before: int
    before: int

    @property
    def is_comparable(self) -> bool:
        return self.after > 0 and self.before > 0


class Tail(NamedTuple):
    """The chance of at least so many after, and the least that any outcome with these margins could have had."""

    p_value: float
    lowest: float


def more_often_within(strata: Sequence[Stratum]) -> Tail:
    """The sum of `with_after` over the strata, given each one's margins (Birch 1964, Gart 1970).

    Each stratum is a hypergeometric variable if nothing changed; their distributions are convolved. Beyond
    EXACT_LIMIT values the sum is taken as normal (Mantel & Haenszel 1959, with their correction for continuity).
    """
    compared = [stratum for stratum in strata if stratum.is_comparable]
    ranges = [_range(stratum) for stratum in compared]
    seen = sum(stratum.with_after for stratum in compared)
    if sum(high - low for low, high in ranges) > EXACT_LIMIT:
        return _normal(compared, ranges, seen)
    chances = np.ones(1)
    for stratum, (low, high) in zip(compared, ranges, strict=True):
        chances = np.convolve(chances, [_chance(stratum, count) for count in range(low, high + 1)])
    place = seen - sum(low for low, _ in ranges)
    return Tail(min(1.0, float(chances[place:].sum())), float(chances[-1]))


def _range(stratum: Stratum) -> tuple[int, int]:
    marked = stratum.with_after + stratum.with_before
    return max(0, marked - stratum.before), min(marked, stratum.after)


def _chance(stratum: Stratum, count: int) -> float:
    marked = stratum.with_after + stratum.with_before
    ways = _log_choose(stratum.after, count) + _log_choose(stratum.before, marked - count)
    return exp(ways - _log_choose(stratum.after + stratum.before, marked))


def _normal(strata: Sequence[Stratum], ranges: Sequence[tuple[int, int]], seen: int) -> Tail:
    expected = variance = 0.0
    for stratum in strata:
        total, marked = stratum.after + stratum.before, stratum.with_after + stratum.with_before
        expected += stratum.after * marked / total
        variance += stratum.after * stratum.before * marked * (total - marked) / (total * total * max(total - 1, 1))
    if variance <= 0:
        return Tail(1.0, 1.0)
    highest = sum(high for _, high in ranges)
    spread = sqrt(variance)
    return Tail(normal_tail((seen - 0.5 - expected) / spread), normal_tail((highest - 0.5 - expected) / spread))


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
