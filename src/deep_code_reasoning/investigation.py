"""The verbs: everything a face can do. Faces translate arguments and results, nothing more."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.finding import Diagnosis
from deep_code_reasoning.incident import TimeWindow
from deep_code_reasoning.progress import Progress, Work
from deep_code_reasoning.settings import Settings

if TYPE_CHECKING:
    from deep_code_reasoning.context.brief import Brief
    from deep_code_reasoning.conversation.policy import EscalationDecision
    from deep_code_reasoning.conversation.request import EscalationRequest
    from deep_code_reasoning.detectors.contract import Rule
    from deep_code_reasoning.ingest import LoadReport
    from deep_code_reasoning.specialists.port import SpecialistResult
    from deep_code_reasoning.store.catalogue import TableDescription
    from deep_code_reasoning.store.query import QueryResult
    from deep_code_reasoning.store.tables import Tables

LOCAL = "local"


@dataclass(frozen=True)
class Cost:
    """What an answer took: wall seconds, a specialist's tokens and dollars (None where no price is known)."""

    seconds: float
    route: str
    input_tokens: int = 0
    output_tokens: int = 0
    dollars: float | None = 0.0


@dataclass(frozen=True)
class Answer:
    """A diagnosis, what a specialist made of it, and what both cost. The diagnosis stands when the specialist failed."""

    diagnosis: Diagnosis
    cost: Cost
    load: LoadReport | None = None
    specialist: SpecialistResult | None = None
    specialist_error: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The `diagnosis/1` object, with the specialist's analysis and the cost beside it."""
        from deep_code_reasoning.diagnosis.to_json import diagnosis_to_json

        return {
            **diagnosis_to_json(self.diagnosis),
            "specialist": self.specialist.as_json() if self.specialist else None,
            "specialist_error": self.specialist_error,
            "cost": self.cost,
        }


@dataclass(frozen=True)
class Escalation:
    """An escalation's decision, answer and the brief that left the machine (None with the local analyst)."""

    id: str
    decision: EscalationDecision
    answer: Answer
    brief: Brief | None
