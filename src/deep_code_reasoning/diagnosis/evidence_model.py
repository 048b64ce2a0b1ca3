"""How counted evidence becomes a probability: docs/decisions/0001-evidence-model.md, in code.

Weights are in decibans, 10 log10 of a likelihood ratio (I. J. Good, "Probability and the Weighing of Evidence", 1950):
10 dB say ten to one, 3 dB two to one. Nothing here knows a detector, a service or a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import e, log, log10

from deep_code_reasoning.finding import Contrast, Support

MISSED = 0.05
"""How often a trace that the pattern did break does not show it (lost spans, sampling)."""

CAP_DB = 20.0
"""No single finding says more than a hundred to one: its rule may be wrong in a way that its counts cannot show."""

FLOOR_DB = 10 * log10(MISSED)
"""What an absence says at most against: the pattern was there and was missed."""

FEW = 4
"""So many symptomatic traces say half of what the same shares of many would."""

UNKNOWN_PRIOR = 0.5
"""The prior of "none of the candidates"; the candidates share the rest."""

MODEL_ERROR = 0.04
"""How often the weights mean nothing, whatever was counted: a cause that no rule knows, a link that should not hold, a
symptom misread. Then the prior stands. Not calibrated. No probability told is above 1 - MODEL_ERROR / 2."""

DEPENDENCE = 0.5
"""What a further finding on the same traces counts of the one before it: they are not independent witnesses."""


def weight_of(support: Support, attributable: float = 1.0) -> float:
    """Decibans for "this pattern is why the symptomatic ones are symptomatic", from the counted 2x2 table.

    The average over symptomatic traces of the log likelihood ratio. With q the pattern's share among the healthy, a
    trace that the incident is to blame for shows it with 1 - MISSED; `attributable` of the symptomatic are such, the
    others show it with q. It is an average and no sum because the traces of an incident share one cause; shrunk
    towards 0 where it is over few. Between FLOOR_DB and CAP_DB; 0 where nothing symptomatic was counted.
    """
    count = support.symptomatic
    if count <= 0 or attributable <= 0:
        return 0.0
    shown = min(max(support.symptomatic_with, 0), count) / count
    usual = min(share(support.healthy_with, support.healthy), 1 - MISSED)
    expected = attributable * (1 - MISSED) + (1 - attributable) * usual
    present = 10 * log10(expected / usual)
    absent = 10 * log10((1 - expected) / (1 - min(usual, shown)))
    return _clipped(enough(count) * (shown * present + (1 - shown) * absent))


def divergence_of(contrast: Contrast) -> float:
    """Decibans by which a trace of the incident tells by this pattern, on average, that it is not of the baseline.

    Kullback and Leibler's divergence ("On information and sufficiency", 1951) of the two shares of traces that show
    it, shrunk towards 0 where they are of few traces of the incident. 0 to CAP_DB.
    """
    after, before = max(contrast.incident, 0.0), max(contrast.baseline, 0.0)
    if not after or not before:
        return 0.0
    shown = min(max(contrast.incident_with, 0.0), after) / after
    usual = (min(max(contrast.baseline_with, 0.0), before) + 0.5) / (before + 1)
    parts = ((shown, usual), (1 - shown, 1 - usual))
    return _clipped(enough(after) * sum(p * 10 * log10(p / q) for p, q in parts if p > 0))


def enough(count: float) -> float:
    """How far a count of symptomatic traces is to be trusted: 0 for none, 1/2 for FEW, towards 1 for many."""
    return count / (count + FEW)


def share(part: int, whole: int) -> float:
    """part / whole with half a count added on either side (Jeffreys), so that few counts say little; in (0, 1)."""
    whole = max(whole, 0)
    return (min(max(part, 0), whole) + 0.5) / (whole + 1)


def counterfactual_weight(still: float, count: float) -> float:
    """Decibans of "without X, `still` of `count` remain": the odds that an instance needs X."""
    if count <= 0:
        return 0.0
    left = min(max(still, 0.0), count)
    return _clipped(10 * log10((count - left + 0.5) / (left + 0.5)))


def too_late_weight(before: int, symptomatic: int) -> float:
    """Decibans against a pattern that began when `before` of the `symptomatic` had already happened."""
    if symptomatic <= 0 or before <= 0:
        return 0.0
    return enough(symptomatic) * FLOOR_DB * min(before, symptomatic) / symptomatic


def discounted(strongest_first: Sequence[float]) -> list[float]:
    """What each of a suspect's weights adds: the first all, each further one half the share of the one before.

    The findings were made on the same traces, so they are not independent and their weights may not just be added.
    The sum lies between the largest weight and twice the largest.
    """
    return [weight * DEPENDENCE**place for place, weight in enumerate(strongest_first)]


def posterior(
    weights: Sequence[float], priors: Sequence[float] | None = None, unknown: float = UNKNOWN_PRIOR
) -> tuple[list[float], float]:
    """Probabilities of the candidates and, last, of "none of them", which together are 1.

    `priors` are relative among the candidates (equal by default); "none of them" has the prior `unknown` and the
    weight 0. The candidates' share is divided among them, so that a long list is not evidence. With MODEL_ERROR all of
    this is void and what is left is UNKNOWN_PRIOR and the relative priors: none of the probabilities is 0 or 1.
    """
    if not weights:
        return [], 1.0
    relative = list(priors) if priors is not None else [1.0] * len(weights)
    total = sum(relative) or 1.0
    shares = [part / total for part in relative]
    odds = [(1 - unknown) * part * 10 ** (w / 10) for w, part in zip(weights, shares, strict=True)]
    whole = sum(odds) + unknown
    scores = [
        (1 - MODEL_ERROR) * each / whole + MODEL_ERROR * (1 - UNKNOWN_PRIOR) * part
        for each, part in zip(odds, shares, strict=True)
    ]
    return scores, (1 - MODEL_ERROR) * unknown / whole + MODEL_ERROR * UNKNOWN_PRIOR


def feature_weight(in_culprit: float, having: int, candidates: int) -> float:
    """Decibans of a feature that a culprit has with probability `in_culprit` and `having` of the candidates have."""
    if candidates <= 0:
        return 0.0
    return _clipped(10 * log10(in_culprit / share(having, candidates)))


def bayes_bound_of_nothing(p_value: float) -> float:
    """The least probability of "nothing happened" that a p-value leaves, at even prior odds.

    -e p ln p (Sellke, Bayarri, Berger, "Calibration of p values", 2001); 1/2 from p = 1/e on.
    """
    if p_value >= 1 / e:
        return 0.5
    bound = -e * max(p_value, 1e-12) * log(max(p_value, 1e-12))
    return bound / (1 + bound)


def _clipped(weight: float) -> float:
    return max(FLOOR_DB, min(CAP_DB, weight))
