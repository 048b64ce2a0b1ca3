"""What the verbs about hypotheses answer, as objects and as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from deep_code_reasoning.answer import Cost
from deep_code_reasoning.experiments.claims import kinds
from deep_code_reasoning.experiments.tournament import Tournament
from deep_code_reasoning.experiments.trial import NOTHING_WAS_RUN, Trial, told
from deep_code_reasoning.finding import Diagnosis

_RIVALS = 3


@dataclass(frozen=True)
class Consulted:
    """The specialist's part: who, what it said of the judged outcomes (`explanation`), what went wrong.

    `escalation_id`: under which the ledger keeps it, and an outcome can be reported; None where nobody was asked.
    """

    provider: str
    model: str
    route_reason: str
    explanation: str = ""
    problems: tuple[str, ...] = ()
    escalation_id: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "provider": self.provider,
            "model": self.model,
            "route_reason": self.route_reason,
            "explanation": self.explanation,
            "problems": list(self.problems),
            "escalation_id": self.escalation_id,
        }


@dataclass(frozen=True)
class HypothesisAnswer:
    tested: Trial
    diagnosis: Diagnosis
    consulted: Consulted
    cost: Cost
    test_approach: str = ""

    def narrative(self) -> str:
        parts = [told(self.tested)]
        if not self.tested.hypothesis.reading:
            parts.append("Its words name no pattern that can be looked up; see can_be_tested.")
        if self.test_approach:
            parts.append("The test approach was not carried out: running code for a hypothesis is not there yet.")
        return " ".join(parts)

    def as_json(self) -> dict[str, Any]:
        tested = self.tested.as_json()
        del tested["origin"]
        return {
            "narrative": self.narrative(),
            "nothing_was_run": True,
            **tested,
            **_ground(self.diagnosis),
            **({} if self.tested.hypothesis.reading else {"can_be_tested": kinds()}),
            "specialist": self.consulted.as_json(),
            "cost": self.cost,
        }


@dataclass(frozen=True)
class TournamentAnswer:
    tournament: Tournament
    diagnosis: Diagnosis
    consulted: Consulted
    cost: Cost
    issue: str = ""
    notes: tuple[str, ...] = field(default=())

    def narrative(self) -> str:
        played = self.tournament
        refuted = sum(one.verdict == "refuted" for one in played.ranking)
        parts = [f"{len(played.ranking)} hypotheses, {len(played.rounds)} rounds, {refuted} refuted; {played.ended}."]
        if played.winner:
            share = played.probabilities[played.ranking.index(played.winner)]
            parts.append(f"First (probability {share:.0%}): {played.winner.hypothesis.statement.rstrip('.')}.")
        elif played.ranking:
            parts.append("None stands out as supported.")
        parts.append(f"None of them: {played.none_of_them:.0%}.")
        return " ".join([*parts, NOTHING_WAS_RUN])

    def as_json(self) -> dict[str, Any]:
        return {
            "narrative": self.narrative(),
            "nothing_was_run": True,
            "issue": self.issue,
            **self.tournament.as_json(),
            "notes": list(self.notes),
            **_ground(self.diagnosis),
            "specialist": self.consulted.as_json(),
            "cost": self.cost,
        }


def _ground(diagnosis: Diagnosis) -> dict[str, Any]:
    """What the diagnosis says, which the hypotheses are held against."""
    return {
        "investigation": diagnosis.investigation,
        "diagnosis": {
            "kind": diagnosis.verdict.kind,
            "summary": diagnosis.verdict.summary,
            "confidence": diagnosis.verdict.confidence,
        },
        "rivals": [
            {"summary": one.summary, "probability": one.score, "service": one.service}
            for one in diagnosis.suspects[:_RIVALS]
        ],
        "ruled_out": [{"finding": one.finding, "reason": one.reason} for one in diagnosis.ruled_out],
    }
