"""Without windows and without silence: in which stretch of time do operations behave otherwise than in the rest?

As onset.py asks of one series, asked of all operations at once (panel.py). Each stretch is a standardised sum; lengths
in steps of a half, starts in steps of a quarter of the length reach nearly what all stretches would (Walther, "Optimal
and fast detection of spatial clusters with scan statistics", 2010): hundreds of series take a fraction of a second.
What is slower, fails more or is called more often counts; of log lines also what has become rarer.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from deep_code_reasoning.diagnosis.onset import (
    EXCEEDANCES,
    FEWEST_BUCKETS,
    SHORTEST_STRETCH,
    Change,
    Series,
    find_change,
    run_length,
    shuffled,
)
from deep_code_reasoning.diagnosis.series import OPERATIONS

if TYPE_CHECKING:
    import numpy as np

    from deep_code_reasoning.diagnosis.panel import Panel

SHUFFLES = 499
"""Enough for a thousandth times two: five series of one signal each share 1 % with it (Holm)."""


def scan(panel: Panel, seed: int = 0) -> Change | None:
    """The stretch in which one operation differs most, and the chance of one as unusual in any if nothing changed."""
    import numpy as np

    values = panel.values
    buckets = values.shape[1]
    if buckets < FEWEST_BUCKETS:
        return None
    values = values - values.mean(axis=1, keepdims=True)
    values /= np.sqrt((values**2).sum(axis=1, keepdims=True) / (buckets - 1))
    both_ways = np.array([kind.measure == "lines" for kind in panel.kinds])
    candidates = _candidates(buckets)
    seen = _surprises(values, both_ways, *candidates)
    row, place = (int(at) for at in np.unravel_index(seen.argmax(), seen.shape))
    found = _refined(panel, row, fewer=_is_fewer(values[row], *candidates, place))
    if found is None:
        return None
    run = run_length(found.series.bad, found.series.total, slice(found.start, found.end))
    random = np.random.default_rng(seed)
    exceeding = turns = 0
    while turns < SHUFFLES and exceeding < EXCEEDANCES:
        turns += 1
        order = shuffled(buckets, run, random)
        exceeding += bool(_surprises(values[:, order], both_ways, *candidates).max() >= seen[row, place] - 1e-9)
    p_value = exceeding / turns if exceeding == EXCEEDANCES else (exceeding + 1) / (turns + 1)
    return replace(found, p_value=p_value)


def _candidates(buckets: int) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np

    pairs = {(start, buckets) for start in range(1, buckets - SHORTEST_STRETCH + 1)}
    length = SHORTEST_STRETCH
    while length <= buckets - SHORTEST_STRETCH:
        step = max(1, length // 4)
        pairs.update((start, start + length) for start in range(0, buckets - length + 1, step))
        length = max(length + 1, length * 3 // 2)
    starts, ends = np.array(sorted(pairs)).T
    return starts, ends


def _surprises(values: np.ndarray, both_ways: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """How far each sum is above what its length gives by chance, one row a series, one column a stretch."""
    import numpy as np

    buckets = values.shape[1]
    to = np.zeros((len(values), buckets + 1))
    np.cumsum(values, axis=1, out=to[:, 1:])
    inside = (ends - starts) / buckets
    deviations = (to[:, ends] - to[:, starts]) / np.sqrt(buckets * inside * (1 - inside))
    deviations[both_ways] = np.abs(deviations[both_ways])
    return deviations - np.sqrt(2 * np.log(np.e / (inside * (1 - inside))))


def _is_fewer(values: np.ndarray, starts: np.ndarray, ends: np.ndarray, place: int) -> bool:
    return bool(values[starts[place] : ends[place]].sum() < 0)


def _refined(panel: Panel, row: int, *, fewer: bool) -> Change | None:
    """The stretch of that series among all stretches, with the interval of its beginning."""
    runs, sums = panel.runs[row], panel.sums[row]
    series = Series(f"{OPERATIONS}: {panel.kinds[row]}", panel.edges, runs - sums if fewer else sums, runs)
    return find_change(series, shuffles=0)
