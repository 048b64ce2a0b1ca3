"""When did it begin? A scan for the stretch of time in which something bad is more frequent than in the rest.

The data are counts in buckets along time: `bad` of `total`. Over all stretches [i, j) the log likelihood ratio of
"another rate inside than outside" against "one rate" is computed (the epidemic alternative of the change-point problem:
Levin and Kline 1985; Kulldorff's scan statistic, 1997, in one dimension, for binomial counts). There are many more
short stretches than long ones, so the largest ratio of pure noise is that of a short one, and a lasting incident would
have to beat it; each stretch is therefore held against what its own length gives by chance (the penalty of Rivera and
Walther, "Optimal detection of a jump in the intensity of a Poisson process or in a density", 2013). The chance of the
result under no change comes from shuffling the buckets with a fixed seed, which needs no assumption but that quiet
buckets are exchangeable. Where neighbours are alike beside the stretch found, runs of RUN buckets are shuffled instead
(block permutation), which keeps what correlation there is within a run, at the price of incidents shorter than that.
On AR(1) noise 2 % of quiet series raise an alarm at a correlation of 0.3, 5 % at 0.5, 12 % at 0.7 (bench/quiet.py).
Seasons and drifts as long as the evidence still look like a change. Shuffling stops early where the answer is clear
(Besag and Clifford 1991).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

FALSE_ALARMS = 0.01
"""At most this share of evidence without a change is called changed, over all series that are scanned."""

FALSE_ALARMS_WHEN_ALERTED = 0.05
"""The same when a monitor has already said that something is wrong."""

SHUFFLES = 999
"""If none of so many is as extreme, p is small enough."""

MOST_SHUFFLES = 3_999
LARGEST_TABLE = 5_000_000
EXCEEDANCES = 10
"""Once so many shuffles were as extreme, p is known to a third of itself and need not be known better."""

LEAST_RATIO = 1.5
"""A rate that rose by less is no incident, however sure."""

FEWEST_BUCKETS = 8
SHORTEST_STRETCH = 2
"""Buckets inside and outside. One bucket alone is not moved apart by shuffling and would be its own yardstick."""

RUN = 5
FEWEST_RUNS = 8
"""Buckets shuffled together where neighbours are alike; shorter runs where there would be fewer of them than this."""

LAGS = 3
CLUMPED = 0.5
"""Neighbours are alike when their autocorrelation over LAGS lags is so many standard deviations above nothing. That is
low on purpose: a third of uncorrelated series pass it and lose little, correlated ones are missed rarely."""

PROFILE = 1.92
"""Half the 95 % point of chi square with one degree of freedom: starts within it of the best one are possible."""

Pair = tuple[int, int]


@dataclass(frozen=True)
class Series:
    """`bad` of `total` a bucket; bucket k covers [edges[k], edges[k + 1]), nanoseconds since the epoch.

    `over`: when all that began in bucket k had ended; a trace may fail long after its start. `words`: what is bad.
    """

    name: str
    edges: np.ndarray
    bad: np.ndarray
    total: np.ndarray
    over: np.ndarray | None = None
    unit: str = "traces"
    words: str = ""


@dataclass(frozen=True)
class Change:
    """Buckets [start, end) of a series differ. `earliest` and `latest` are the first buckets it may begin with."""

    series: Series
    start: int
    end: int
    earliest: int
    latest: int
    p_value: float
    gain: float
    rate_inside: float
    rate_outside: float

    def __str__(self) -> str:
        return (
            f"the incident was found by {self.series.words or self.series.name}: {self.rate_inside:.1%} of "
            f"{self.series.unit} against {self.rate_outside:.1%} in the rest (p = {self.p_value:.2g})"
        )

    @property
    def recovered(self) -> bool:
        return self.end < len(self.series.bad)


def find_change(series: Series, shuffles: int = SHUFFLES, seed: int = 0) -> Change | None:
    """The most unusual stretch with its p-value, whatever that is; None where there is too little to scan."""
    import numpy as np

    bad, total = series.bad.astype(float), series.total.astype(float)
    if np.count_nonzero(total) < FEWEST_BUCKETS or not 0 < bad.sum() < total.sum():
        return None
    starts, ends = _stretches(len(bad))
    gains, penalty = _gains(bad, total, starts, ends), _penalty(len(bad), starts, ends)
    surprise = _surprise(gains, penalty)
    best = int(surprise.argmax())
    if gains[best] <= 0:
        return None
    start, end = int(starts[best]), int(ends[best])
    inside = slice(start, end)
    outside = total.sum() - total[inside].sum()
    run = run_length(bad, total, inside)
    possible = starts[(ends == end) & (gains >= gains[best] - PROFILE)]
    return Change(
        series=series,
        start=start,
        end=end,
        earliest=int(possible.min()),
        latest=int(possible.max()),
        p_value=_p_value(float(surprise[best]), bad, total, (starts, ends), run, shuffles, seed),
        gain=float(gains[best]),
        rate_inside=float(bad[inside].sum() / total[inside].sum()),
        rate_outside=float((bad.sum() - bad[inside].sum()) / outside) if outside else 0.0,
    )


def significant(changes: list[Change], false_alarms: float = FALSE_ALARMS) -> list[Change]:
    """Those that hold together (Holm 1979) at this rate of false alarms and are large enough, the surest first."""
    kept: list[Change] = []
    for place, change in enumerate(sorted(changes, key=lambda c: (c.p_value, -c.gain))):
        if change.p_value > false_alarms / (len(changes) - place):
            break
        if change.rate_inside >= LEAST_RATIO * change.rate_outside:
            kept.append(change)
    return kept


def _stretches(buckets: int) -> tuple[np.ndarray, np.ndarray]:
    """All [i, j) that leave SHORTEST_STRETCH buckets inside and outside."""
    import numpy as np

    starts, ends = np.triu_indices(buckets)
    ends = ends + 1
    proper = (ends - starts >= SHORTEST_STRETCH) & (ends - starts <= buckets - SHORTEST_STRETCH)
    return starts[proper], ends[proper]


def _gains(
    bad: np.ndarray, total: np.ndarray, starts: np.ndarray, ends: np.ndarray, x_log_x: np.ndarray | None = None
) -> np.ndarray:
    """Log likelihood ratio of every stretch; 0 where the rate inside is not the higher one.

    `x_log_x`: the function's values at whole numbers (a look into a table is several times faster than a logarithm).
    """
    import numpy as np

    def term(x: np.ndarray) -> np.ndarray:
        return _x_log_x(x) if x_log_x is None else x_log_x[x]

    bad_to, total_to = (np.concatenate([np.zeros(1, values.dtype), values.cumsum()]) for values in (bad, total))
    hits, tries = bad_to[ends] - bad_to[starts], total_to[ends] - total_to[starts]
    gain = term(hits) + term(tries - hits) - term(tries)
    all_hits, all_tries = bad_to[-1], total_to[-1]
    higher = hits * float(all_tries) > tries * float(all_hits)
    hits, tries = all_hits - hits, all_tries - tries
    gain += term(hits) + term(tries - hits) - term(tries)
    whole = np.array([all_hits, all_tries - all_hits, all_tries])
    of_one_rate = term(whole)
    return np.where(higher, gain - (of_one_rate[0] + of_one_rate[1] - of_one_rate[2]), 0.0)


def _penalty(buckets: int, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """About what the best stretch of this length reaches on noise, as a root: sqrt(2 log(e / (share (1 - share))))."""
    import numpy as np

    inside = (ends - starts) / buckets
    return np.sqrt(2 * np.log(np.e / (inside * (1 - inside))))


def _surprise(gains: np.ndarray, penalty: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.sqrt(2 * np.maximum(gains, 0.0)) - penalty


def _x_log_x(x: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.where(x > 0, x * np.log(np.maximum(x, 1e-300)), 0.0)


def run_length(bad: np.ndarray, total: np.ndarray, stretch: slice) -> int:
    """How many neighbouring buckets to shuffle together: 1 where they are independent in the stretch and beside it."""
    import numpy as np

    within = np.zeros(len(bad), dtype=bool)
    within[stretch] = True
    rest = np.zeros(len(bad))
    for side in (within, ~within):
        count = total[side].sum()
        if count:
            deviation = (bad[side] - total[side] * (bad[side].sum() / count)) / np.sqrt(np.maximum(total[side], 1))
            spread = np.sqrt((deviation**2).mean())
            rest[side] = deviation / spread if spread > 0 else 0.0
    strength = (rest**2).sum()
    if not strength:
        return 1
    alike = sum((rest[lag:] * rest[:-lag]).sum() for lag in range(1, LAGS + 1)) / strength
    is_clumped = alike * np.sqrt(len(bad) / LAGS) > CLUMPED
    return max(1, min(RUN, len(bad) // FEWEST_RUNS)) if is_clumped else 1


def shuffled(buckets: int, run: int, random: np.random.Generator) -> np.ndarray:
    """A permutation that keeps runs of about `run` neighbours together, cut at a random phase."""
    import numpy as np

    if run == 1:
        return random.permutation(buckets)
    runs = np.array_split(np.roll(np.arange(buckets), random.integers(buckets)), buckets // run)
    return np.concatenate([runs[at] for at in random.permutation(len(runs))])


def _p_value(
    seen: float,
    bad: np.ndarray,
    total: np.ndarray,
    stretches: tuple[np.ndarray, np.ndarray],
    run: int,
    shuffles: int,
    seed: int,
) -> float:
    """How often buckets shuffled in runs of `run` hold a stretch at least as unusual."""
    import numpy as np

    random = np.random.default_rng(seed)
    penalty = _penalty(len(bad), *stretches)
    table = None
    if total.sum() <= LARGEST_TABLE and not (bad % 1).any() and not (total % 1).any():
        bad, total = bad.astype(np.int64), total.astype(np.int64)
        table = _x_log_x(np.arange(total.sum() + 1, dtype=float))
    exceeding = 0
    for turn in range(1, (MOST_SHUFFLES if shuffles else 0) + 1):
        order = shuffled(len(bad), run, random)
        gains = _gains(bad[order], total[order], *stretches, table)
        exceeding += bool(_surprise(gains, penalty).max() >= seen - 1e-9)
        if exceeding >= EXCEEDANCES:
            return exceeding / turn
        if turn == shuffles and not exceeding:
            return 1 / (shuffles + 1)
    return (exceeding + 1) / (MOST_SHUFFLES + 1)
