"""What a verb is asked and what it answers: a task, and a diagnosis with what a specialist made of it and the cost."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.finding import Diagnosis
from deep_code_reasoning.incident import TimeWindow

if TYPE_CHECKING:
    from deep_code_reasoning.context.brief import Brief
    from deep_code_reasoning.conversation.policy import EscalationDecision
    from deep_code_reasoning.conversation.request import AnalysisType, EscalationRequest
    from deep_code_reasoning.ingest import LoadReport
    from deep_code_reasoning.specialists.offers import Offer
    from deep_code_reasoning.specialists.result import SpecialistResult

LOCAL = "local"


@dataclass(frozen=True)
class Cost:
    """What an answer took: wall seconds, a specialist's tokens and dollars (None where no price is known)."""

    seconds: float
    route: str
    input_tokens: int = 0
    output_tokens: int = 0
    dollars: float | None = 0.0

    @classmethod
    def of(cls, seconds: float, result: SpecialistResult) -> Cost:
        usage = result.usage
        return cls(seconds, result.route_reason, usage.input_tokens, usage.output_tokens, result.dollars)


@dataclass(frozen=True)
class Answer:
    """A diagnosis, what a specialist made of it, and the cost. The diagnosis stands when the specialist failed."""

    diagnosis: Diagnosis
    cost: Cost
    load: LoadReport | None
    specialist: SpecialistResult
    specialist_error: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The `diagnosis/1` object, with the specialist's analysis and the cost beside it."""
        from deep_code_reasoning.diagnosis.to_json import diagnosis_to_json

        return {
            **diagnosis_to_json(self.diagnosis),
            "specialist": self.specialist.as_json(),
            "specialist_error": self.specialist_error,
            "cost": self.cost,
        }


@dataclass(frozen=True)
class Task:
    """What an answer must meet, from a command line or an agent's call alike."""

    question: str | None = None
    model: str | None = None
    analysis_type: AnalysisType = "cross_system"
    depth_level: int = 3
    time_budget_seconds: float = 600
    baseline: TimeWindow | None = None
    incident: TimeWindow | None = None
    code_files: tuple[Path, ...] = ()

    @classmethod
    def of(cls, request: EscalationRequest) -> Task:
        return cls(
            question=request.task(),
            model=request.model,
            analysis_type=request.analysis_type,
            depth_level=request.depth_level,
            time_budget_seconds=request.time_budget_seconds,
            baseline=request.baseline,
            incident=request.incident,
            code_files=tuple(Path(file) for file in request.code_scope.files),
        )


@dataclass(frozen=True)
class Escalation:
    """An escalation's decision, answer and the brief that left the machine (None with the local analyst).

    It is the first turn of the conversation `session_id`, which can be continued.
    """

    id: str
    decision: EscalationDecision
    answer: Answer
    brief: Brief | None
    session_id: str


@dataclass(frozen=True)
class Preview:
    """What would be sent, and what each model of the catalogue would take for it, those to be asked first."""

    brief: Brief
    offers: tuple[Offer, ...]

    def as_json(self) -> dict[str, Any]:
        """Without the brief's text."""
        return {"manifest": self.brief.manifest, "models": self.offers}
