"""`get_conversation_status`: how a conversation stands, or which there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.conversation.arguments import Arguments
from deep_code_reasoning.mcp_server.pages import Result

if TYPE_CHECKING:
    from deep_code_reasoning.investigation import Investigations
    from deep_code_reasoning.progress import Work


def paths(arguments: Mapping[str, Any]) -> list[str]:
    return []


def call(desk: Investigations, arguments: Mapping[str, Any], work: Work) -> Result:

    conversations = desk.conversations()
    session_id = Arguments.of(arguments).text("session_id", None)
    if not session_id:
        listed = conversations.listed()
        return Result({"narrative": f"{len(listed)} conversations in this project."}, {"conversations": list(listed)})
    told = conversations.status(session_id).as_json()
    turns = told.pop("turns")
    running = f"turn {told['running_turn']} runs" if told["running_turn"] else "no turn runs"
    facts = {"narrative": f"{told['state']}: {len(turns)} turns, {running}, {told['queued']} queued.", **told}
    return Result({name: value for name, value in facts.items() if value is not None}, {"turns": turns})
