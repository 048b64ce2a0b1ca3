"""Did something happen more often? Counts of two windows, compared with an interval and not with a point."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

NINETY_NINE = 2.5758
"""The two-sided 99 % point of the normal distribution."""


class RateRatio(NamedTuple):
    """rate now / rate before, with its 99 % confidence interval; `dispersion` is 1 for a Poisson process."""

    ratio: float
    low: float
    high: float
    dispersion: float


def rate_ratio(now: Sequence[int], now_seconds: float, before: Sequence[int], before_seconds: float) -> RateRatio:
    """Compares counts in equal slices of two windows.

    Were the rates equal, events would fall into the window of now in proportion to its length: the share that did
    is a binomial one, with Wilson's score interval (1927). Counts are divided by their dispersion first, the slices'
    variance over their mean and no less than 1 (quasi-Poisson: McCullagh, Nelder, "Generalized Linear Models",
    section 6.2). `ratio` itself adds half an event to both counts so that none is zero; `high` may be infinite.
    """
    dispersion = max(1.0, _dispersion(before), _dispersion(now))
    longer = before_seconds / now_seconds
    ratio = (sum(now) + 0.5) / (sum(before) + 0.5) * longer
    low, high = _share(sum(now) / dispersion, sum(before) / dispersion)
    return RateRatio(ratio, _odds(low) * longer, _odds(high) * longer, dispersion)


def _share(hits: float, others: float) -> tuple[float, float]:
    events, z2 = hits + others, NINETY_NINE**2
    if not events:
        return 0.0, 1.0
    middle = hits + z2 / 2
    reach = NINETY_NINE * math.sqrt(hits * others / events + z2 / 4)
    return max(0.0, (middle - reach) / (events + z2)), min(1.0, (middle + reach) / (events + z2))


def _odds(share: float) -> float:
    return share / (1 - share) if share < 1 - 1e-12 else math.inf


def _dispersion(counts: Sequence[int]) -> float:
    """Index of dispersion; 0 where there are too few slices or events to tell."""
    if len(counts) < 5 or sum(counts) < len(counts):
        return 0.0
    mean = sum(counts) / len(counts)
    return sum((count - mean) ** 2 for count in counts) / (len(counts) - 1) / mean
