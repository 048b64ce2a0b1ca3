"""What an asked specialist gives back."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deep_code_reasoning.specialists.analysis import Analysis
    from deep_code_reasoning.specialists.port import Usage
    from deep_code_reasoning.specialists.second_round import SecondRound


@dataclass(frozen=True)
class SpecialistResult:
    """`dollars` is None where no price is known; `problems`: citations that do not hold, repairs made.

    `questions` are for the caller: the model asked them instead of answering. `blind` is what it made of the evidence
    before it was told what the caller believes, `changed` what it says otherwise since. `second_round`: the files that
    it asked for beforehand; None where it was not asked to. `usage` and `dollars` include it."""

    analysis: Analysis
    model: str
    provider: str
    usage: Usage
    dollars: float | None
    seconds: float
    route_reason: str
    problems: tuple[str, ...] = ()
    tool_calls: int = 0
    questions: tuple[str, ...] = ()
    blind: Analysis | None = None
    changed: tuple[str, ...] = ()
    second_round: SecondRound | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "analysis": self.analysis.model_dump(mode="json"),
            "model": self.model,
            "provider": self.provider,
            "usage": dataclasses.asdict(self.usage),
            "dollars": self.dollars,
            "seconds": round(self.seconds, 3),
            "route_reason": self.route_reason,
            "problems": list(self.problems),
            "tool_calls": self.tool_calls,
            "questions": list(self.questions),
            "blind": self.blind.model_dump(mode="json") if self.blind else None,
            "changed": list(self.changed),
            "second_round": self.second_round.as_json() if self.second_round else None,
        }
