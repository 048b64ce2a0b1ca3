"""The port between us and a model provider, and what an asked specialist gives back."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from deep_code_reasoning.errors import SpecialistError

if TYPE_CHECKING:
    from deep_code_reasoning.specialists.analysis import Analysis

Effort = Literal["low", "medium", "high"]


@dataclass(frozen=True)
class Usage:
    """As the provider counted. `cached_tokens` are part of the input, `thinking_tokens` of the output."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    thinking_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(*(a + b for a, b in zip(dataclasses.astuple(self), dataclasses.astuple(other), strict=True)))


@dataclass(frozen=True)
class Message:
    author: Literal["us", "model"]
    text: str


@dataclass(frozen=True)
class Request:
    """One call of a model. `schema` is the JSON schema of the answer, named `schema_name`."""

    model: str
    system: str
    messages: tuple[Message, ...]
    schema: dict[str, Any]
    schema_name: str
    max_output_tokens: int
    effort: Effort


@dataclass(frozen=True)
class Reply:
    """`text` is meant to be JSON of the schema; `is_cut`: the model ran into `max_output_tokens`."""

    text: str
    usage: Usage
    is_cut: bool = False


class Provider(Protocol):
    """Raises RateLimited or another SpecialistError whose message has the provider's words, status and what to do."""

    async def ask(self, request: Request) -> Reply: ...


@runtime_checkable
class Counts(Protocol):
    """A provider that counts tokens itself. The text goes to it for that, so only what is about to be sent anyway."""

    async def count(self, request: Request) -> int:
        """Input tokens of the request. Raises SpecialistError."""
        ...


class RateLimited(SpecialistError):
    """`retry_after` is in seconds, None where the provider did not say."""

    def __init__(self, message: str, retry_after: float | None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


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
