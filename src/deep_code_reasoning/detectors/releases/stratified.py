"""Two versions compared within strata, so that what each was asked, and when, is no part of the comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

from deep_code_reasoning.detectors.significance import CONFIDENCE_95, RateRatio, normal_tail, rate_ratio


@dataclass(frozen=True)
class Side:
    """One version in one stratum: traces, of these failed; mean and variance of ln(duration) of the `timed` others."""

    traces: int
    failed: int
    timed: int
    log_mean: float
    log_variance: float


Stratum = tuple[Side, Side]
"""The new version and the old one."""


@dataclass(frozen=True)
class Ratio:
    """New over old with its 95 % interval, and the one-sided chance of one as high if the versions were alike."""

    estimate: RateRatio
    p_value: float


def duration_ratio(strata: Sequence[Stratum]) -> Ratio | None:
    """Of geometric means. None where no scatter can be told.

    Differences of mean logarithms, weighted by n1 n0 / (n1 + n0) (Cochran 1954; that is inverse variance where both
    versions scatter alike), the scatter pooled over the strata.
    """
    both = [(new, old) for new, old in strata if new.timed and old.timed]
    new_variance, old_variance = (_pooled([pair[side] for pair in both]) for side in (0, 1))
    if new_variance is None or old_variance is None:
        return None
    weights = [new.timed * old.timed / (new.timed + old.timed) for new, old in both]
    total = sum(weights)
    estimate = sum(w * (new.log_mean - old.log_mean) for w, (new, old) in zip(weights, both, strict=True)) / total
    variance = sum(
        w * w * (new_variance / new.timed + old_variance / old.timed)
        for w, (new, old) in zip(weights, both, strict=True)
    )
    return _ratio(estimate, sqrt(variance) / total)


def failure_ratio(strata: Sequence[Stratum]) -> Ratio:
    """Of the shares that failed: Mantel and Haenszel's, its interval by Greenland and Robins (1985).

    Where a version never failed, the strata are put together and half a failure is added to both.
    """
    above = below = spread = 0.0
    for new, old in strata:
        total, failed = new.traces + old.traces, new.failed + old.failed
        above += new.failed * old.traces / total
        below += old.failed * new.traces / total
        spread += (failed * new.traces * old.traces - new.failed * old.failed * total) / total**2
    if above and below:
        return _ratio(log(above / below), sqrt(spread / (above * below)))
    new_failed, new_traces = sum(new.failed for new, _ in strata), sum(new.traces for new, _ in strata)
    old_failed, old_traces = sum(old.failed for _, old in strata), sum(old.traces for _, old in strata)
    whole = rate_ratio(new_failed, new_traces, old_failed, old_traces)
    deviation = log(whole.high / whole.ratio) / CONFIDENCE_95
    return Ratio(whole, normal_tail(log(whole.ratio) / deviation))


def most_more_failures(new_failed: int, new: int, old_failed: int, old: int) -> float:
    """The upper end of the 95 % interval of the difference of two shares (Newcombe 1998, method 10)."""
    reach_up = _wilson(new_failed, new)[1] - new_failed / new
    reach_down = old_failed / old - _wilson(old_failed, old)[0]
    return new_failed / new - old_failed / old + sqrt(reach_up**2 + reach_down**2)


def _wilson(hits: int, tries: int) -> tuple[float, float]:
    """The 95 % score interval of a share (Wilson 1927)."""
    z2 = CONFIDENCE_95**2
    middle = hits + z2 / 2
    reach = CONFIDENCE_95 * sqrt(hits * (tries - hits) / tries + z2 / 4)
    return (middle - reach) / (tries + z2), (middle + reach) / (tries + z2)


def _pooled(sides: Sequence[Side]) -> float | None:
    freedom = sum(side.timed - 1 for side in sides)
    if freedom < 1:
        return None
    return sum((side.timed - 1) * side.log_variance for side in sides if side.timed > 1) / freedom


def _ratio(logarithm: float, deviation: float) -> Ratio:
    reach = CONFIDENCE_95 * deviation
    chance = normal_tail(logarithm / deviation) if deviation else float(logarithm <= 0)
    return Ratio(RateRatio(exp(logarithm), exp(logarithm - reach), exp(logarithm + reach)), chance)
