"""Did a measured series move? A test for few and correlated points whose noise has no known shape.

Two questions are put to each series and the better answer counts twice (Bonferroni):

*Ranks.* Mann-Whitney between the points before and those of now. Points that follow one another resemble each other,
so they count for fewer: n (1 - r) / (1 + r), r the correlation of neighbours (Bayley and Hammersley 1946). Sure of
small but lasting shifts; says little with one point of now.

*Distance.* How far the mean of now is out, when the noise may have tails as heavy as Student's t with 3 degrees of
freedom. The scale is the larger of the one that gives the median distance (MAD) and the one that makes the most
extreme point before no rarer than it was. Being as far out as that point is then worth 1 / (n + 1), as by ranks;
twice as far an eighth of it. With n < 5 the tails are taken to be heavier still."""

from __future__ import annotations

from functools import lru_cache
from math import atan, comb, pi, sqrt
from typing import NamedTuple

from deep_code_reasoning.detectors.significance import rank_sum_tail

HEAVIEST_FREEDOM, USUAL_FREEDOM = 1, 3
LEAST_TAIL = 1e-12
"""Nothing is told to be rarer: by then the closed forms of the tails are all rounding."""


class Moments(NamedTuple):
    """Of one series, turned so that up is the direction asked about.

    `u` counts the pairs in which a point of now exceeds one before (ties count half), `ties` sums t^3 - t;
    `correlation` is that of neighbours before, as measured.
    """

    after: int
    before: int
    shift: float
    mad: float
    highest: float
    correlation: float
    u: float
    ties: float
    least_spread: float


def p_value(moments: Moments) -> float:
    """The chance of a shift up at least as clear, if nothing changed."""
    return min(1.0, 2 * min(by_ranks(moments), by_distance(moments)))


def by_ranks(moments: Moments) -> float:
    share = moments.u / (moments.after * moments.before)
    after = max(1, int(effective(moments.after, _correlation(moments))))
    before = max(1, int(effective(moments.before, _correlation(moments))))
    ties = moments.ties if (after, before) == (moments.after, moments.before) else 0.0
    fewest = 1 / comb(after + before, after) if after + before < 60 else 0.0
    return max(fewest, rank_sum_tail(share * after * before, after, before, ties))


def by_distance(moments: Moments) -> float:
    return tail(distance(moments), freedom_of(moments.before))


def distance(moments: Moments) -> float:
    """The shift in scales of the series' noise; the scale is never below `least_spread`."""
    points = effective(moments.before, _correlation(moments))
    scale = max(scale_of(moments.mad, moments.highest, points, freedom_of(moments.before)), moments.least_spread)
    return moments.shift / scale if scale > 0 else 0.0


def scale_of(mad: float, highest: float, points: float, freedom: int = USUAL_FREEDOM) -> float:
    """`highest` is how far the most extreme of (effectively) `points` points is above their median."""
    rarest = max(0.6, points / (points + 1))
    return max(mad / quantile(0.75, freedom), highest / quantile(round(rarest, 3), freedom), 0.0)


def effective(points: int, correlation: float) -> float:
    """How many independent points say as much."""
    return max(1.0, points * (1 - correlation) / (1 + correlation))


def freedom_of(points: int) -> int:
    return max(HEAVIEST_FREEDOM, min(USUAL_FREEDOM, points - 2))


def _correlation(moments: Moments) -> float:
    """Few points show less of it than there is (Kendall 1954); where more than chance, its upper end is taken."""
    measured, error = moments.correlation, 1 / sqrt(moments.before)
    corrected = measured + (1 + 4 * measured) / moments.before + (error if measured > 2 * error else 0.0)
    return min(max(corrected, 0.0), 0.99)


def tail(t: float, freedom: int) -> float:
    """P(T >= t) of Student's t with 1, 2 or 3 degrees of freedom."""
    if freedom == 1:
        found = 0.5 - atan(t) / pi
    elif freedom == 2:
        found = 0.5 - t / (2 * sqrt(2 + t * t))
    else:
        x = t / sqrt(3)
        found = 0.5 - (atan(x) + x / (1 + x * x)) / pi
    return max(found, LEAST_TAIL)


@lru_cache(maxsize=10_000)
def quantile(probability: float, freedom: int) -> float:
    """The value that T stays below with this probability, from 1/2 on; by halving."""
    low, high = 0.0, 1e6
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if tail(middle, freedom) > 1 - probability else (low, middle)
    return (low + high) / 2
