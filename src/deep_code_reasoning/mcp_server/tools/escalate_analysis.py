"""`escalate_analysis`: the diagnosis of the evidence, and what a specialist made of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.conversation.request import EscalationRequest
from deep_code_reasoning.mcp_server.narrative import narrative
from deep_code_reasoning.mcp_server.pages import Result

if TYPE_CHECKING:
    from deep_code_reasoning.answer import Answer, Escalation
    from deep_code_reasoning.investigation import Investigations
    from deep_code_reasoning.progress import Work

CONTEXTS_TOLD = 3

LASTS = True


def paths(arguments: Mapping[str, Any]) -> list[str]:
    request = EscalationRequest.from_call(arguments)
    return [*request.evidence, *request.code_scope.files]


def call(desk: Investigations, arguments: Mapping[str, Any], work: Work) -> Result:
    return result_of(desk.escalate(EscalationRequest.from_call(arguments), work=work))


def result_of(escalation: Escalation) -> Result:
    """The diagnosis, what the specialist (or the local analyst) makes of it, why it was asked, and what it cost.

    What to do stands once, among the recommendations: the verdict comes without its actions.
    """
    answer = escalation.answer
    told = answer.as_json()
    analysis = _analysis(answer)
    facts = {
        "narrative": narrative(escalation),
        "escalation_id": escalation.id,
        "session_id": escalation.session_id,
        "investigation": answer.diagnosis.investigation,
        "triggers": [reason.text for reason in escalation.decision.triggers],
        "verdict": {name: value for name, value in told["verdict"].items() if name != "actions"},
        "incident": told["incident"],
        "differential": _differential(told["differential"]),
        "recommendations": _recommendations(analysis),
        "specialist": _specialist(answer),
        "specialist_error": answer.specialist_error,
        "brief": _brief(escalation),
        "cost": told["cost"],
    }
    lists = {
        "root_causes": [] if _is_local(answer) else analysis["root_causes"],  # the local analyst's are the suspects
        "suspects": told["suspects"],
        "findings": told["findings"],
        "ruled_out": told["ruled_out"] if _is_local(answer) else [*told["ruled_out"], *analysis["ruled_out"]],
        "hypotheses": analysis["hypotheses"],
        "missing_evidence": analysis["missing_evidence"],
        "changes": told["changes"],
        "unread": told["unread"],
    }
    return Result({name: value for name, value in facts.items() if value is not None}, lists)


def _differential(told: dict[str, Any] | None) -> dict[str, Any] | None:
    """What changed the duration of requests, and the calls that changed it most; the whole is `dcr flame`'s."""
    if told is None:
        return None
    return {"mean": told["mean"], "tail_95": told["tail_95"], "contexts": told["contexts"][:CONTEXTS_TOLD]}


def _is_local(answer: Answer) -> bool:
    return answer.specialist is None or answer.specialist.provider == "local"


def _analysis(answer: Answer) -> dict[str, Any]:
    if answer.specialist is not None:
        return answer.specialist.analysis.model_dump(mode="json")
    from deep_code_reasoning.specialists.local_analyst import analyse_locally

    return analyse_locally(answer.diagnosis).model_dump(mode="json")


def _recommendations(analysis: Mapping[str, Any]) -> dict[str, Any]:
    """Under the names that the original server gave them."""
    given = analysis["recommendations"]
    return {
        "immediate_actions": given["immediate_actions"],
        "investigation_next_steps": given["next_steps"],
        "code_changes_needed": given["code_changes"],
    }


def _specialist(answer: Answer) -> dict[str, Any]:
    if answer.specialist is None:
        return {"provider": "local", "model": "local", "route_reason": answer.cost.route}
    return {name: value for name, value in answer.specialist.as_json().items() if name != "analysis"}


def _brief(escalation: Escalation) -> dict[str, Any] | None:
    if escalation.brief is None:
        return None
    manifest = escalation.brief.manifest
    return {
        "tokens": manifest.tokens,
        "budget_tokens": manifest.budget_tokens,
        "items": len(manifest.items),
        "left_out": len(manifest.left_out),
        "redactions": sum(redaction.count for redaction in manifest.redactions),
    }
