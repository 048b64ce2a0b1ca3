"""`should_escalate`: the policy's answer with every reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.conversation.request import EscalationRequest
from deep_code_reasoning.mcp_server.pages import Result

if TYPE_CHECKING:
    from deep_code_reasoning.investigation import Investigations
    from deep_code_reasoning.progress import Work


def paths(arguments: Mapping[str, Any]) -> list[str]:
    request = EscalationRequest.from_call(arguments, required=False)
    return [*request.evidence, *request.code_scope.files, *filter(None, [request.transcript])]


def call(desk: Investigations, arguments: Mapping[str, Any], work: Work) -> Result:
    decision = desk.should_escalate(EscalationRequest.from_call(arguments, required=False), work=work)
    return Result(
        {"escalate": decision.escalate, "narrative": decision.summary, "measured": decision.measured},
        {"reasons": list(decision.reasons), "unread": list(decision.unread)},
    )
