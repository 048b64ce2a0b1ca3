"""From outcomes to a verdict and a probability: docs/decisions/0019-testing-hypotheses.md, in code.

Decibans, as in diagnosis/evidence_model.py, which has the arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from deep_code_reasoning.diagnosis import evidence_model as model
from deep_code_reasoning.experiments.prediction import (
    FAILED,
    HELD,
    UNCHECKED,
    Observation,
    Outcome,
    Prediction,
    SqlCheck,
)

Verdict = Literal["supported", "refuted", "inconclusive"]

CONTRASTED_DB = 6.0
"""A query that holds of the incident and not of the baseline: what a mere change may say at most in 0001."""

UNCONTRASTED_DB = 1.0
"""One that was asked of no baseline. However many hold, together they stay below SUPPORTED_DB."""

FAILED_DB = -3.0
"""A prediction fails that is not essential and of which nothing was counted: two to one against."""

REFUTED_DB = model.FLOOR_DB
"""An essential one fails: as much as an absence says at most, for it may have been missed."""

SUPPORTED_DB = 3.0
"""Two to one in favour is the least that is called supported."""


def weight_of(prediction: Prediction, seen: Observation, *, held: bool, tells: bool) -> float:
    """Decibans of one outcome. `tells` False: it held before the incident as well."""
    if prediction.essential and not held:
        return REFUTED_DB
    if seen.weight_db is not None:
        return max(model.FLOOR_DB, min(model.CAP_DB, seen.weight_db))
    if not isinstance(prediction.check, SqlCheck):
        return 0.0 if held else FAILED_DB
    if not held:
        return FAILED_DB
    return 0.0 if not tells else CONTRASTED_DB if seen.before is not None else UNCONTRASTED_DB


@dataclass(frozen=True)
class Counted:
    """How many predictions came out how, and what they weigh together."""

    verdict: Verdict
    weight_db: float
    held: int
    failed: int
    unchecked: int
    reason: str


def counted(outcomes: Sequence[Outcome]) -> Counted:
    """The verdict. Refuted when an essential prediction failed; then what held does not count any more.

    Supported when there are essential ones, all of them held, and everything together weighs SUPPORTED_DB or more.
    """
    held = [one for one in outcomes if one.result == HELD]
    failed = [one for one in outcomes if one.result == FAILED]
    unchecked = [one for one in outcomes if one.result == UNCHECKED]
    fatal = [one for one in failed if one.prediction.essential]
    weight = together(failed if fatal else (*held, *failed))
    sums = (len(held), len(failed), len(unchecked))
    if fatal:
        return Counted("refuted", weight, *sums, f"{fatal[0].prediction.statement}: no; {fatal[0].reason}")
    if not held and not failed:
        said = unchecked[0].reason if unchecked else "it predicts nothing that can be looked up"
        return Counted("inconclusive", weight, *sums, said)
    open_ones = [one for one in unchecked if one.prediction.essential]
    if open_ones:
        return Counted("inconclusive", weight, *sums, f"{open_ones[0].prediction.statement}: {open_ones[0].reason}")
    if not any(one.prediction.essential for one in held):
        return Counted("inconclusive", weight, *sums, "nothing that it stands or falls with could be checked")
    if weight < SUPPORTED_DB:
        reason = f"what was counted weighs {weight:+.1f} dB, less than the {SUPPORTED_DB:g} dB (two to one) needed"
        return Counted("inconclusive", weight, *sums, reason)
    return Counted("supported", weight, *sums, f"{len(held)} of {len(held) + len(failed)} checked predictions held")


def together(outcomes: Sequence[Outcome]) -> float:
    """The sum; of those on either side each further one counts half of the one before, for all were looked up in the
    same evidence and are no independent witnesses."""
    favour = sorted((one.weight_db for one in outcomes if one.weight_db > 0), reverse=True)
    against = sorted(one.weight_db for one in outcomes if one.weight_db < 0)
    return sum(model.discounted(favour)) + sum(model.discounted(against))


def probability(weight_db: float) -> float:
    """Of one hypothesis against "something else", even odds before anything was looked up."""
    return model.posterior([weight_db])[0][0]


def probabilities(weights_db: Sequence[float]) -> tuple[list[float], float]:
    """Of rivals, and of "none of them", which has half of the prior."""
    return model.posterior(weights_db)
