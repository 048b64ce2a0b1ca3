"""How a model did on a kind of task so far, from the ledger, and how likely it is to be right the next time.

    P(right) = P(answers) x P(right | answers), each the mean of a Beta posterior

    right | answers    prior Beta(8 m, 8 (1 - m)): worth eight outcomes, with the mean m that the catalogue gives;
                       solved counts 1, partly 1/2, wrong 0
    answers            prior Beta(19, 1): one call in twenty brings none; each call that failed or was refused counts
                       against it, each reported outcome for it

    m = 0.45, + 0.15 where the task is among the model's strengths, + 0.10 where it is the model's first choice,
        + 0.30 where it is about a domain that the model's strengths name, - 0.15 for a small model where the task is
        not small, - 0.10 for each capability that the task wants and the model has not; from 0.05 to 0.95

The weights are a judgement, not a measurement: eight outcomes, which is months of incidents, move the estimate half the
way. The mean is taken, not a lower bound, so that a model without record is not starved: it stays at its prior, and is
asked as soon as one that is asked more falls below that. It is not asked out of curiosity either: an incident is no
place to explore, a replay on another model is.
"""

from __future__ import annotations

from dataclasses import dataclass

PRIOR_OUTCOMES = 8.0
PRIOR_CALLS = 20.0
PRIOR_ANSWERED = 0.95


@dataclass(frozen=True)
class TrackRecord:
    """Reported outcomes of escalations that `model` answered, and its calls. None where no call tells."""

    task: str
    model: str
    solved: int
    partly: int
    wrong: int
    refused_or_failed: int
    median_seconds: float | None
    mean_dollars: float | None

    @property
    def outcomes(self) -> int:
        return self.solved + self.partly + self.wrong


def prior_mean(
    *,
    is_strength: bool,
    is_first_choice: bool,
    knows_domain: bool = False,
    is_too_small: bool = False,
    missing: int = 0,
) -> float:
    """m of the formula; `missing`: how many of the capabilities that the task wants the model has not."""
    plus = 0.15 * is_strength + 0.10 * is_first_choice + 0.30 * knows_domain
    return min(0.95, max(0.05, 0.45 + plus - 0.15 * is_too_small - 0.10 * missing))


def chance_of_right(prior: float, record: TrackRecord | None) -> float:
    """The formula above; `prior` is m."""
    if record is None:
        return PRIOR_ANSWERED * prior
    right = (PRIOR_OUTCOMES * prior + record.solved + record.partly / 2) / (PRIOR_OUTCOMES + record.outcomes)
    calls = PRIOR_CALLS + record.outcomes + record.refused_or_failed
    return (PRIOR_CALLS * PRIOR_ANSWERED + record.outcomes) / calls * right
