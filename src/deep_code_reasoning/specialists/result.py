"""What an asked specialist gives back."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deep_code_reasoning.specialists.analysis import Analysis
    from deep_code_reasoning.specialists.port import Usage


@dataclass(frozen=True)
class SpecialistResult:
    """`dollars` is None where no price is known; `problems`: citations that do not hold, repairs made."""

    analysis: Analysis
    model: str
    provider: str
    usage: Usage
    dollars: float | None
    seconds: float
    route_reason: str
    problems: tuple[str, ...] = ()

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
        }
