"""Is a difference more than chance? Tests that need few assumptions, and the correction for asking many questions.

All p-values are one-sided: the chance of a count at least as high (a shift at least as far up) if nothing changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from math import ceil, erfc, exp, lgamma, log, sqrt
from typing import NamedTuple

EXACT_LIMIT = 2_000
"""Up to this many terms a tail is summed exactly; beyond, the signed root of the deviance is normal to three digits."""

EXACT_PAIRS = 900
"""Mann-Whitney's U is counted out for up to this many pairs (30 values a side); beyond, it is close to normal."""

CONFIDENCE_95 = 1.959964

FALSE_SHARE = 0.05
"""Of what a rule reports as more than chance, at most this share is false."""


class RateRatio(NamedTuple):
    """Rate after / rate before with its 95 % interval (log-normal, half a count added: Haldane 1956)."""

    ratio: float
    low: float
    high: float


def rate_ratio(after: float, exposure_after: float, before: float, exposure_before: float) -> RateRatio:
    """Of two counts over two exposures (> 0)."""
    ratio = (after + 0.5) / exposure_after / ((before + 0.5) / exposure_before)
    spread = exp(CONFIDENCE_95 * sqrt(1 / (after + 0.5) + 1 / (before + 0.5)))
    return RateRatio(ratio, ratio / spread, ratio * spread)


def binomial_tail(hits: int, tries: int, chance: float) -> float:
    """P(X >= hits) for X ~ Binomial(tries, chance)."""
    if hits <= 0 or chance >= 1:
        return 1.0
    if chance <= 0:
        return 0.0
    if tries - hits + 1 > EXACT_LIMIT:
        return normal_tail(_signed_root(hits - 0.5, tries, chance))
    terms = (_log_choose(tries, k) + k * log(chance) + (tries - k) * log(1 - chance) for k in range(hits, tries + 1))
    return min(1.0, sum(exp(term) for term in terms))


def more_often(with_after: int, after: int, with_before: int, before: int) -> float:
    """Fisher's exact test: the chance of at least `with_after` of `after`, given how many there are in all."""
    marked = with_after + with_before
    highest = min(marked, after)
    if with_after <= 0:
        return 1.0
    if highest - with_after + 1 > EXACT_LIMIT:
        return normal_tail(_pooled_z(with_after, after, with_before, before))
    total = _log_choose(after + before, marked)
    terms = (_log_choose(after, k) + _log_choose(before, marked - k) - total for k in range(with_after, highest + 1))
    return min(1.0, sum(exp(term) for term in terms))


class Increase(NamedTuple):
    """Fisher's p-value, and whether the increase is sure when many questions are asked at once."""

    p_value: float
    is_sure: bool


def increases(counts: Sequence[tuple[int, int, int, int]]) -> list[Increase]:
    """Which of many things became more frequent? Each is asked about by the four numbers of `more_often`.

    At most FALSE_SHARE of the sure ones are false. What is too rare for any outcome to be sure is no question: it
    does not count among those that the correction is made for (Tarone 1990; Gilbert 2005 for false discovery rates).
    """
    p_values = [more_often(*four) for four in counts]
    asked = [place for place, four in enumerate(counts) if _lowest_possible(*four) <= FALSE_SHARE]
    rates = dict(zip(asked, false_discovery_rates([p_values[place] for place in asked]), strict=True))
    return [Increase(p_value, rates.get(place, 1.0) <= FALSE_SHARE) for place, p_value in enumerate(p_values)]


def _lowest_possible(with_after: int, after: int, with_before: int, before: int) -> float:
    """The p-value had all that could have happened after."""
    marked = with_after + with_before
    highest = min(marked, after)
    return more_often(highest, after, marked - highest, before)


def rank_sum_tail(u: float, after: int, before: int, ties: float) -> float:
    """Mann-Whitney: the chance of a U at least as high, by the normal approximation corrected for ties.

    `u` counts the pairs in which the value after exceeds the one before (ties count half); `ties` is the sum of
    t^3 - t over groups of t equal values. Exact for few values without ties.
    """
    if not ties and after * before <= EXACT_PAIRS:
        return _ways_of_u(after, before)[ceil(u - 1e-9)]
    total = after + before
    variance = after * before / 12 * (total + 1 - ties / (total * (total - 1)))
    if variance <= 0:
        return 1.0
    return normal_tail((u - after * before / 2 - 0.5) / sqrt(variance))


@cache
def _ways_of_u(after: int, before: int) -> list[float]:
    """P(U >= u) for u = 0 .. after * before (Mann & Whitney 1947): the Gaussian binomial coefficient's terms."""
    ways = [1.0] + [0.0] * (after * before)
    for k in range(1, after + 1):
        for u in range(after * before, before + k - 1, -1):
            ways[u] -= ways[u - before - k]
        for u in range(k, after * before + 1):
            ways[u] += ways[u - k]
    total = sum(ways)
    return [min(1.0, tail / total) for tail in accumulate(reversed(ways))][::-1]


def normal_tail(z: float) -> float:
    """P(Z >= z) for a standard normal Z."""
    return 0.5 * erfc(z / sqrt(2))


def student_tail(t: float, freedom: float) -> float:
    """P(T >= t) for Student's t with `freedom` degrees."""
    half = 0.5 * _incomplete_beta(freedom / (freedom + t * t), freedom / 2, 0.5)
    return half if t >= 0 else 1 - half


def _incomplete_beta(x: float, a: float, b: float) -> float:
    """The regularised I_x(a, b) by Lentz's continued fraction (Press et al., "Numerical Recipes", section 6.4)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(1 - x, b, a)
    tiny = 1e-300
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1) or tiny)
    fraction = d
    for m in range(1, 300):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / (1 + term * d or tiny)
            c = 1 + term / c or tiny
            fraction *= c * d
        if abs(c * d - 1) < 1e-14:
            break
    return exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(1 - x)) * fraction / a


def deviance(observed: Sequence[float], expected: Sequence[float]) -> float:
    """The log-likelihood ratio G^2 = 2 sum O ln(O / E) (Dunning 1993)."""
    return 2 * sum(o * log(o / e) for o, e in zip(observed, expected, strict=True) if o > 0 and e > 0)


def false_discovery_rates(p_values: Sequence[float]) -> list[float]:
    """Benjamini & Hochberg 1995: calling all with a rate <= q a discovery makes at most the share q of them false."""
    count = len(p_values)
    rates = [1.0] * len(p_values)
    lowest = 1.0
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    for rank in range(len(order), 0, -1):
        place = order[rank - 1]
        lowest = min(lowest, p_values[place] * count / rank)
        rates[place] = lowest
    return rates


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def _signed_root(hits: float, tries: int, chance: float) -> float:
    expected = tries * chance
    root = sqrt(max(0.0, deviance((hits, tries - hits), (expected, tries - expected))))
    return root if hits >= expected else -root


def _pooled_z(with_after: int, after: int, with_before: int, before: int) -> float:
    pooled = (with_after + with_before) / (after + before)
    spread = sqrt(pooled * (1 - pooled) * (1 / after + 1 / before))
    return (with_after / after - with_before / before) / spread if spread else 0.0
