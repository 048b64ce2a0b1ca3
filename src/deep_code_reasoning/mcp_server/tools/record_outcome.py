"""`record_outcome`: how an escalation ended, for the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.conversation.arguments import Arguments, Required
from deep_code_reasoning.conversation.outcome import OUTCOMES
from deep_code_reasoning.mcp_server.pages import Result

if TYPE_CHECKING:
    from deep_code_reasoning.investigation import Investigations
    from deep_code_reasoning.progress import Work

MOST_MINUTES = 1e6
MOST_NOTE = 20_000


def paths(arguments: Mapping[str, Any]) -> list[str]:
    return []


def call(desk: Investigations, arguments: Mapping[str, Any], work: Work) -> Result:
    from deep_code_reasoning.bookkeeping import Bookkeeping

    given = Arguments.of(arguments)
    kept = Bookkeeping(desk.settings).record_outcome(
        given.text("id", Required("the id of an escalation or a conversation")) or "",
        given.choice("outcome", OUTCOMES, Required(f"one of {', '.join(OUTCOMES)}")),
        minutes_saved=given.number("minutes_saved", None, least=-MOST_MINUTES, most=MOST_MINUTES),
        cause_right=given.flag("cause_right"),
        verified=given.flag("verified"),
        note=(given.text("note", None) or "")[:MOST_NOTE] or None,
    )
    return Result({"narrative": f"Kept: {kept['escalation_id']} {kept['outcome']}.", "outcome": kept}, {})
