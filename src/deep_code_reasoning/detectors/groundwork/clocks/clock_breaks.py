"""Where no steady drift explains the calls between two hosts: was a clock stepped, or do several share one host key?

The slices of time are joined from the left as long as one line fits them. Few stretches, each steady in itself, are a
clock that was stepped between them; slices that contradict themselves all along are several clocks under one name
(replicas without an instance id, say). Either needs more calls that contradict the rest than false calls explain, of
which there are at most `FALSE_CALLS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

from deep_code_reasoning.detectors.groundwork.clocks import clock_lines
from deep_code_reasoning.detectors.significance import binomial_tail

if TYPE_CHECKING:
    import numpy as np

FALSE_CALLS = 0.01
FALSE_ALARM = 1e-6
"""A pair of hosts is said to contradict itself without reason so rarely, if one call in a hundred is false."""

MOST_STEPS = 3
"""A clock that jumps more often is not told from several clocks."""


class Samples(NamedTuple):
    """The extremes of the slices of time of a pair of hosts, in order of time; ns, times from the evidence's begin."""

    lower_slices: np.ndarray
    lower_times: np.ndarray
    lowers: np.ndarray
    upper_slices: np.ndarray
    upper_times: np.ndarray
    uppers: np.ndarray
    calls: dict[int, int]
    rounding: float


class Break(NamedTuple):
    """Between two moments (ns) theta jumped by `low` to `high` ns; for several clocks, they are so far apart at least.

    `against` of the `calls` contradict the rest.
    """

    kind: Literal["step", "several clocks"]
    begin: float
    end: float
    low: float
    high: float
    against: int
    calls: int


def breaks(samples: Samples) -> list[Break]:
    """Of a pair whose calls as a whole fit no line; empty when false calls may be the reason."""
    torn = {at for at in samples.calls if _contradict(samples, [at])}
    stretches = list(_stretches(samples, [at for at in sorted(samples.calls) if at not in torn]))
    calls = sum(samples.calls.values())
    if 2 <= len(stretches) <= MOST_STEPS + 1 and len(torn) < len(stretches):
        against = calls - _calls(samples, torn) - _calls(samples, _agreeing(samples, stretches))
        if not _is_false(against, calls):
            return [_step(samples, one, other, against, calls) for one, other in pairwise(stretches)]
        return []
    # a slice that contradicts itself even without a fifth of its calls has more false ones than that
    against = sum(samples.calls[at] // 5 + 1 for at in torn)
    if _is_false(against, calls):
        return []
    apart = 2 * _fit(samples, list(samples.calls), 0.0).slack
    begin, end = float(samples.upper_times.min()), float(samples.upper_times.max())
    return [Break("several clocks", begin, end, apart, apart, against, calls)]


def _is_false(against: int, calls: int) -> bool:
    return binomial_tail(against, calls, FALSE_CALLS) > FALSE_ALARM


def _stretches(samples: Samples, slices: Sequence[int]) -> Iterator[list[int]]:
    """The slices in order, joined as long as one line fits."""
    stretch: list[int] = []
    for at in slices:
        if stretch and _contradict(samples, [*stretch, at]):
            yield stretch
            stretch = []
        stretch.append(at)
    if stretch:
        yield stretch


def _agreeing(samples: Samples, stretches: Sequence[list[int]]) -> list[int]:
    """The slices of the stretch with the most calls and of those that one line fits together with it."""
    together: list[int] = []
    for stretch in sorted(stretches, key=lambda some: -_calls(samples, some)):
        if not together or not _contradict(samples, [*together, *stretch]):
            together += stretch
    return together


def _calls(samples: Samples, slices: Iterable[int]) -> int:
    return sum(samples.calls[at] for at in slices)


def _contradict(samples: Samples, slices: Sequence[int]) -> bool:
    return _fit(samples, slices, 0.0).slack > 0


def _fit(samples: Samples, slices: Sequence[int], moment: float) -> clock_lines.Bounds:
    """Of some slices, told for `moment`; without bounds where one side has none."""
    import numpy as np

    low, high = np.isin(samples.lower_slices, slices), np.isin(samples.upper_slices, slices)
    if not low.any() or not high.any():
        return clock_lines.Bounds(-np.inf, np.inf, -np.inf, np.inf, 0.0)
    return clock_lines.fit(
        samples.lower_times[low] - moment,
        samples.lowers[low],
        samples.upper_times[high] - moment,
        samples.uppers[high],
        0.0,
        samples.rounding,
    )


def _step(samples: Samples, before: list[int], after: list[int], against: int, calls: int) -> Break:
    """The jump between two steady stretches, both told for the moment in their middle."""
    begin = float(samples.upper_times[samples.upper_slices <= before[-1]].max())
    end = float(samples.upper_times[samples.upper_slices >= after[0]].min())
    moment = (begin + end) / 2
    was, then = (_fit(samples, stretch, moment) for stretch in (before, after))
    low, high = then.lower_first - was.upper_first, then.upper_first - was.lower_first
    return Break("step", begin, end, low, high, against, calls)
