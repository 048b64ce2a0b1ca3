"""What a call asks, apart from what its caller believes: a specialist that thinks deep judges the evidence first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from deep_code_reasoning.specialists.caller_words import theory
from deep_code_reasoning.specialists.turn import BLIND_FROM_DEPTH

if TYPE_CHECKING:
    from deep_code_reasoning.context.redact import Redactor
    from deep_code_reasoning.conversation.request import EscalationRequest


@dataclass(frozen=True)
class Asked:
    """`theory` is empty where the question says it as well."""

    question: str | None
    theory: str

    def told_later(self, redactor: Redactor) -> str:
        """The theory as a specialist is shown it."""
        return theory(self.theory, redactor) if self.theory else ""


def asked_of(request: EscalationRequest) -> Asked:
    """From `BLIND_FROM_DEPTH` on, what was tried and found by the caller is kept apart from the question."""
    bare = replace(request, attempted_approaches=(), partial_findings=())
    if request.depth_level < BLIND_FROM_DEPTH or bare == request:
        return Asked(request.task(), "")
    believed = replace(
        request,
        question=None,
        stuck_description="",
        code_scope=replace(request.code_scope, entry_points=(), service_names=()),
    )
    return Asked(bare.task(), believed.task() or "")
