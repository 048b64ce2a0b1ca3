"""How cost grows with size: the exponent b of cost = a * size^b, robustly, with its confidence.

The slope of log cost over log size by Theil (1950) and Sen (1968): the median of the slopes through all pairs of
points, whose interval comes from Kendall's rank statistic. Up to 29 % of the points may be anything at all.
"""

from __future__ import annotations

from functools import cache
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

from deep_code_reasoning.detectors.significance import normal_tail

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

NINETY_NINE = NormalDist().inv_cdf(0.995)


class Exponent(NamedTuple):
    """`low` and `high` are its 99 % interval; `p_value`: the chance of such a rise, were it no steeper than `over`."""

    value: float
    low: float
    high: float
    p_value: float
    points: int


def exponent(groups: Sequence[tuple[np.ndarray, np.ndarray]], over: float) -> Exponent | None:
    """Of groups of (sizes, costs), all positive; points are compared within their group only, so that what sets
    the groups apart (another load, another host) does not count. None where no two sizes differ."""
    import numpy as np

    slopes, variance, steeper = [], 0.0, 0.0
    for sizes, costs in groups:
        x, y = np.log(sizes), np.log(costs)
        one, other = _pairs(len(x))
        rise, run = y[other] - y[one], x[other] - x[one]
        apart = run != 0
        slopes.append(rise[apart] / run[apart])
        steeper += float(np.sign(slopes[-1] - over).sum())
        variance += _variance(x)
    every = np.sort(np.concatenate(slopes)) if slopes else np.empty(0)
    if not len(every) or variance <= 0:
        return None
    reach = NINETY_NINE * variance**0.5
    first = max(0, int((len(every) - reach) / 2))
    last = min(len(every) - 1, int((len(every) + reach) / 2) + 1)
    p_value = normal_tail((steeper - 1) / variance**0.5)
    points = sum(len(sizes) for sizes, _ in groups)
    return Exponent(float(np.median(every)), float(every[first]), float(every[last]), p_value, points)


@cache
def _pairs(count: int) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np

    return np.triu_indices(count, 1)


def _variance(x: np.ndarray) -> float:
    """Of Kendall's S with ties among the sizes."""
    import numpy as np

    ties = np.unique(x, return_counts=True)[1].astype(float)
    n = len(x)
    return (n * (n - 1) * (2 * n + 5) - float((ties * (ties - 1) * (2 * ties + 5)).sum())) / 18
