"""What an answer must meet, from a command line or an agent's call alike."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deep_code_reasoning.conversation.request import AnalysisType, EscalationRequest
    from deep_code_reasoning.incident import TimeWindow


@dataclass(frozen=True)
class Task:
    """`time_budget_seconds` is a specialist's."""

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
