"""A conversation to be read: every turn with its messages and calls of tools, as text or as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from deep_code_reasoning.conversation.sessions.records import KeptMessage, KeptToolCall, Session, Turn
from deep_code_reasoning.conversation.sessions.summary import cost_of
from deep_code_reasoning.incident import iso

_LONGEST = 2_000


@dataclass(frozen=True)
class Transcript:
    session: Session
    turns: Sequence[Turn]
    messages: Sequence[KeptMessage]
    tool_calls: Sequence[KeptToolCall]

    def as_json(self) -> dict[str, Any]:
        """Complete: the messages as they were sent and received."""
        return {
            **self.session.as_json(),
            "turns": [
                {
                    **turn.as_json(),
                    "messages": [
                        {"kept": iso(one.kept), **one.message.as_json()}
                        for one in self.messages
                        if one.turn == turn.number
                    ],
                    "tool_calls": [asdict(call) for call in self.tool_calls if call.turn == turn.number],
                }
                for turn in self.turns
            ],
            "summary": self.session.summary,
            "cost": cost_of(self.turns),
        }

    def as_text(self) -> str:
        """The questions and what was answered; long messages are cut, and say how much was."""
        head = f"{self.session.id} ({self.session.state}), {self.session.model}, {self.session.investigation}"
        parts = [head, *map(self._turn, self.turns)]
        if self.session.summary:
            parts.append(f"## Summary ({self.session.summary['format']})\n\n{self.session.summary['text']}")
        return "\n\n".join(parts) + "\n"

    def _turn(self, turn: Turn) -> str:
        lines = [f"## {turn.number}. {turn.kind}, {turn.state}, {iso(turn.asked)}", f"> {_cut(turn.question)}"]
        calls = [call for call in self.tool_calls if call.turn == turn.number]
        lines += [f"* {call.name} {dict(call.arguments)}: {_cut(call.answer)}" for call in calls]
        if turn.analysis:
            lines.append(turn.analysis.get("narrative", ""))
            lines += [f"- {c['confidence']:.2f} {c['description']}" for c in turn.analysis.get("root_causes", ())]
        elif received := [m for m in self.messages if m.turn == turn.number and m.message.author == "model"]:
            lines += ["Received before it was cut off:", *(_cut(one.message.text) for one in received)]
        lines += [f"It asks: {question}" for question in turn.questions]
        if turn.error:
            lines.append(f"({turn.error})")
        return "\n\n".join(line for line in lines if line)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text) - _LONGEST:,} characters more)"
