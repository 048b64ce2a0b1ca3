"""`start_conversation`: an escalation that goes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.conversation.arguments import Arguments
from deep_code_reasoning.conversation.request import EscalationRequest
from deep_code_reasoning.mcp_server.pages import Result

if TYPE_CHECKING:
    from deep_code_reasoning.investigation import Investigations
    from deep_code_reasoning.progress import Work

LASTS = True


def paths(arguments: Mapping[str, Any]) -> list[str]:
    request = EscalationRequest.from_call(arguments)
    return [*request.evidence, *request.code_scope.files]


def call(desk: Investigations, arguments: Mapping[str, Any], work: Work) -> Result:
    from deep_code_reasoning.mcp_server.tools import escalate_analysis

    question = Arguments.of(arguments).text("initial_question", None)
    started = desk.conversations().start(EscalationRequest.from_call(arguments), question, work=work)
    result = escalate_analysis.result_of(started.escalation)
    facts = {
        "session_id": started.session.id,
        "model": started.session.model,
        "questions": list(started.answer.turn.questions) or None,
        **result.facts,
    }
    return Result({name: value for name, value in facts.items() if value is not None}, result.lists)
