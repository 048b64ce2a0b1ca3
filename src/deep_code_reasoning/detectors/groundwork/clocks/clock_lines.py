"""How far apart two clocks are, and how fast they part, from bounds measured at many moments.

theta(t) = a + b t has to pass under every upper and over every lower bound. The pairs (a, b) that do form a convex
polygon; its corners have the slopes of the edges of two convex hulls, the lower one of the upper bounds and the
upper one of the lower bounds. Sources: S. Moon, P. Skelly, D. Towsley, "Estimation and removal of clock skew from
network delay measurements" (INFOCOM 1999); L. Zhang, Z. Liu, C. H. Xia, "Clock synchronization algorithms for
network measurements" (INFOCOM 2002).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np

MAX_DRIFT = 200e-6
"""Two free-running clocks may part this fast: +-100 ppm each is what IEEE 802.3 asks of an oscillator at worst."""

ROUNDING = 1.0
"""Recorded times are whole nanoseconds: every bound gives way by one. Without that, which of several lines through the
same point count as possible is decided by the rounding of floats, and the true one may be lost. Where clocks write
whole milliseconds or seconds, the bounds give way by so much (`rounding`)."""


class Bounds(NamedTuple):
    """theta at two moments lies within [lower, upper]; `slack` is by how much the samples contradict a steady drift.

    All in nanoseconds. Between the moments the straight lines between these bounds hold (an upper envelope of lines
    is convex, a lower one concave). `slack` 0: the samples agree with one straight line.
    """

    lower_first: float
    upper_first: float
    lower_last: float
    upper_last: float
    slack: float


def fit(
    lower_times: np.ndarray,
    lowers: np.ndarray,
    upper_times: np.ndarray,
    uppers: np.ndarray,
    span: float,
    rounding: float = ROUNDING,
) -> Bounds:
    """Bounds at times 0 and `span` (ns) from samples at times between; times, bounds: float arrays, ns, not empty.

    Where no line satisfies all samples (a clock was stepped, or samples are false) the bounds are those of the
    lowest lower and the highest upper sample, which hold on either side of a step if every sample is the best of
    its slice of time; `slack` is the least by which all samples would have to give way to let a line through.
    """
    import numpy as np

    low, high = float(lowers.min()) - rounding, float(uppers.max()) + rounding
    under = _lower_hull(lower_times, -lowers)
    over = _lower_hull(upper_times, uppers)
    lower_times, lowers = lower_times[under], lowers[under]
    upper_times, uppers = upper_times[over], uppers[over]
    slopes = np.concatenate([[-MAX_DRIFT, MAX_DRIFT], _slopes(lower_times, lowers), _slopes(upper_times, uppers)])
    slopes = np.unique(slopes[np.abs(slopes) <= MAX_DRIFT])
    highest = (uppers - slopes[:, None] * upper_times).min(axis=1)
    lowest = (lowers - slopes[:, None] * lower_times).max(axis=1)
    slack = float((lowest - highest).min()) / 2
    if slack > rounding:
        return Bounds(low, high, low, high, slack)
    way = max(slack, 0.0) + rounding
    slopes, highest, lowest = _feasible(slopes, highest + way, lowest - way)
    return Bounds(
        float(lowest.min()),
        float(highest.max()),
        float((lowest + slopes * span).min()),
        float((highest + slopes * span).max()),
        0.0,
    )


def _feasible(slopes: np.ndarray, highest: np.ndarray, lowest: np.ndarray) -> tuple[np.ndarray, ...]:
    """The slopes at which room is left, and the slopes between two corners where it just closes.

    Both bounds on the intercept are straight between neighbouring slopes, so the room closes at a linear crossing.
    """
    import numpy as np

    room = highest - lowest
    open_ = room >= 0
    left = np.flatnonzero(open_[1:] != open_[:-1])
    share = room[left] / (room[left] - room[left + 1])
    return tuple(
        np.concatenate([values[open_], values[left] + share * (values[left + 1] - values[left])])
        for values in (slopes, highest, lowest)
    )


def _slopes(times: np.ndarray, values: np.ndarray) -> np.ndarray:
    return (values[1:] - values[:-1]) / (times[1:] - times[:-1])


def _lower_hull(times: np.ndarray, values: np.ndarray) -> list[int]:
    """Indexes of the lower convex hull, left to right (Andrew's monotone chain); one point for equal times."""
    import numpy as np

    hull: list[int] = []
    for point in np.lexsort((values, times)):
        if hull and times[hull[-1]] == times[point]:
            continue
        while len(hull) > 1 and _turns_right(times, values, hull[-2], hull[-1], point):
            hull.pop()
        hull.append(int(point))
    return hull


def _turns_right(times: np.ndarray, values: np.ndarray, first: int, middle: int, last: int) -> bool:
    run, rise = times[middle] - times[first], values[middle] - values[first]
    return bool(run * (values[last] - values[first]) <= rise * (times[last] - times[first]))
