"""What the verbs of conversations answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deep_code_reasoning.answer import Escalation
from deep_code_reasoning.conversation.sessions.records import Session, Turn
from deep_code_reasoning.conversation.sessions.summary import cost_of


@dataclass(frozen=True)
class TurnAnswer:
    """`told`: what was new since the last turn, and was told the specialist before the message.

    A turn that is `queued` has no answer yet: whoever holds the conversation runs it, or the next one to call.
    """

    session: Session
    turn: Turn
    told: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {"session_id": self.session.id, **self.turn.as_json(), "told": list(self.told)}


@dataclass(frozen=True)
class Started:
    """A conversation with its first turn behind it, which is an escalation as well."""

    session: Session
    answer: TurnAnswer
    escalation: Escalation


@dataclass(frozen=True)
class Status:
    session: Session
    turns: tuple[Turn, ...]

    def as_json(self) -> dict[str, Any]:
        running = next((turn for turn in self.turns if turn.state == "running"), None)
        return {
            **self.session.as_json(),
            "running_turn": running.number if running else None,
            "queued": sum(turn.state == "queued" for turn in self.turns),
            "turns": [turn.as_json() for turn in self.turns],
            "cost": cost_of(self.turns),
        }
