"""`continue_conversation`: one more turn; in a fork where another model is named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.conversation.arguments import Arguments, Required
from deep_code_reasoning.mcp_server.pages import Result

if TYPE_CHECKING:
    from deep_code_reasoning.conversing.turn_answer import TurnAnswer
    from deep_code_reasoning.investigation import Investigations
    from deep_code_reasoning.progress import Work

LASTS = True
SESSION = "the session_id of start_conversation"


def paths(arguments: Mapping[str, Any]) -> list[str]:
    return []


def call(desk: Investigations, arguments: Mapping[str, Any], work: Work) -> Result:

    given = Arguments.of(arguments)
    session_id = given.text("session_id", Required(SESSION)) or ""
    conversations = desk.conversations()
    if model := given.text("model", None):
        session_id = conversations.fork(session_id, model=model, work=work).id
    if given.flag("resume", False):
        return result_of(conversations.resume(session_id, work=work))
    answer = conversations.say(
        session_id,
        given.text("message", Required("what to say, as text")) or "",
        queue=given.flag("queue", False),
        include_code_snippets=given.flag("include_code_snippets", False),
        work=work,
    )
    return result_of(answer)


def result_of(answer: TurnAnswer) -> Result:
    """The analysis of the turn in parts that can be paged."""
    told = answer.as_json()
    analysis = dict(told.pop("analysis") or {})
    narrative = analysis.pop("narrative", "")
    if told["state"] == "queued":
        narrative = f"Queued as turn {told['turn']}, behind a turn that runs; get_conversation_status tells of it."
    facts = {
        "narrative": narrative,
        **{name: told[name] for name in ("session_id", "turn", "state", "model", "provider", "error", "cost")},
        "recommendations": analysis.pop("recommendations", None),
    }
    lists = {name: value for name, value in analysis.items() if isinstance(value, list)}
    lists |= {name: told[name] for name in ("questions", "problems", "told")}
    return Result({name: value for name, value in facts.items() if value is not None}, lists)
