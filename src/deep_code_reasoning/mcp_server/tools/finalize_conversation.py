"""`finalize_conversation`: the summary of all turns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.conversation.arguments import Arguments, Required
from deep_code_reasoning.mcp_server.pages import Result
from deep_code_reasoning.mcp_server.tools.continue_conversation import SESSION

if TYPE_CHECKING:
    from deep_code_reasoning.investigation import Investigations
    from deep_code_reasoning.progress import Work

LASTS = True


def paths(arguments: Mapping[str, Any]) -> list[str]:
    return []


def call(desk: Investigations, arguments: Mapping[str, Any], work: Work) -> Result:
    from deep_code_reasoning.conversation.sessions.summary import FORMATS

    given = Arguments.of(arguments)
    session_id = given.text("session_id", Required(SESSION)) or ""
    summary_format = given.choice("summary_format", FORMATS, "detailed")
    conversations = desk.conversations()
    told = conversations.finalize(session_id, summary_format, work=work).as_json()
    analysis = dict(told.pop("analysis") or {})
    facts = {
        "narrative": told.pop("text"),
        **told,
        "recommendations": analysis.pop("recommendations", None),
    }
    analysis.pop("narrative", None)
    lists = {name: value for name, value in analysis.items() if isinstance(value, list)}
    return Result({name: value for name, value in facts.items() if value is not None}, lists)
