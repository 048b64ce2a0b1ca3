"""A hypothesis with what came of its predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from deep_code_reasoning.experiments.prediction import Hypothesis, Outcome
from deep_code_reasoning.experiments.weights import Counted, counted, probability

NOTHING_WAS_RUN = (
    "Nothing was run: no code, no synthetic test; predictions were only checked against what was recorded."
)


@dataclass(frozen=True)
class Trial:
    """`probability` is the hypothesis' own against "something else" (even before); in a tournament the rivals share."""

    hypothesis: Hypothesis
    outcomes: tuple[Outcome, ...]

    @cached_property
    def counted(self) -> Counted:
        return counted(self.outcomes)

    @property
    def verdict(self) -> str:
        return self.counted.verdict

    @property
    def probability(self) -> float | None:
        """None where nothing could be checked: then there is nothing to compute it from."""
        sums = self.counted
        return probability(sums.weight_db) if sums.held + sums.failed else None

    @property
    def refused(self) -> int:
        """Queries that were not let through, or took too long."""
        return sum(one.why_not in ("refused", "too_slow") for one in self.outcomes)

    def with_more(self, outcomes: Sequence[Outcome]) -> Trial:
        return Trial(self.hypothesis, (*self.outcomes, *outcomes))

    def as_json(self) -> dict[str, Any]:
        sums = self.counted
        return {
            "statement": self.hypothesis.statement,
            "origin": self.hypothesis.origin,
            "verdict": sums.verdict,
            "probability": None if self.probability is None else round(self.probability, 4),
            "weight_db": round(sums.weight_db, 2),
            "reason": sums.reason,
            "held": sums.held,
            "failed": sums.failed,
            "unchecked": sums.unchecked,
            "refused_queries": self.refused,
            "understood_as": list(self.hypothesis.reading),
            "notes": list(self.hypothesis.notes),
            "predictions": [one.as_json() for one in self.outcomes],
        }


def told(tested: Trial) -> str:
    """The verdict in a few sentences, and that nothing was run."""
    sums = tested.counted
    head = {"supported": "Supported", "refuted": "Refuted", "inconclusive": "Inconclusive"}[sums.verdict]
    share = tested.probability
    figures = f" (probability {share:.0%}, from {sums.weight_db:+.1f} dB)" if share is not None else ""
    parts = [f"{head}{figures}: {sums.reason.rstrip('.')}."]
    parts.append(f"Predictions: {sums.held} held, {sums.failed} failed, {sums.unchecked} could not be checked.")
    if tested.refused:
        parts.append(f"{tested.refused} queries were refused or stopped.")
    return " ".join([*parts, NOTHING_WAS_RUN])
