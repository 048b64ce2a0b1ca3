"""The port between us and a model provider: what a request holds, what a reply brings, how it can fail."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

Effort = Literal["low", "medium", "high"]


@dataclass(frozen=True)
class Usage:
    """As the provider counted. `cached_tokens` and `cache_write_tokens` are part of the input, `thinking_tokens` of the
    output."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    thinking_tokens: int = 0
    cache_write_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(*(a + b for a, b in zip(dataclasses.astuple(self), dataclasses.astuple(other), strict=True)))


@dataclass(frozen=True)
class ToolSpec:
    """A tool that a model may call; `parameters` is the JSON schema of its arguments."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class ToolCall:
    id: str
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class ToolAnswer:
    call_id: str
    name: str
    text: str
    is_error: bool = False


@dataclass(frozen=True)
class Message:
    """One message of a conversation, in words that every provider understands.

    `original` is the provider's own form of a model's message as JSON (thinking signatures, ids); it goes back to
    `provider` as it came, and to any other provider the rest of the message goes instead.
    """

    author: Literal["us", "model"]
    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    answers: tuple[ToolAnswer, ...] = ()
    original: str | None = None
    provider: str | None = None

    def as_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Message:
        calls = tuple(ToolCall(**call) for call in values["calls"])
        answers = tuple(ToolAnswer(**answer) for answer in values["answers"])
        return cls(values["author"], values["text"], calls, answers, values["original"], values["provider"])


@dataclass(frozen=True)
class Caching:
    """The first `stable_messages` of a request (and its system text and tools) will be sent again with later requests.

    `key` is the same for all requests of a conversation. `handle` names a cache that `Caches.open_cache` made of just
    that prefix: the provider then leaves the prefix out of what it sends.
    """

    key: str
    stable_messages: int = 1
    handle: str | None = None


@dataclass(frozen=True)
class CacheHandle:
    """A cache at the provider. It costs by the hour until it is closed or `expires_at_unix` (seconds) has come."""

    name: str
    tokens: int
    expires_at_unix: float


@dataclass(frozen=True)
class Request:
    """One call of a model. `schema` is the JSON schema of the answer, named `schema_name`; None: prose is wanted.

    `code_execution`: the model may run code in the provider's own sandbox, where it has one. `on_pending` is told the
    name of a run that goes on at the provider, so that it can be taken up again after this process died.
    `may_call` False: `tools` are there because the messages speak of them, and because what comes first is what is
    cached; none may be called any more.
    """

    model: str
    system: str
    messages: tuple[Message, ...]
    schema: Mapping[str, Any] | None
    schema_name: str
    max_output_tokens: int
    effort: Effort
    tools: tuple[ToolSpec, ...] = ()
    caching: Caching | None = None
    code_execution: bool = False
    on_pending: Callable[[str], None] | None = None
    may_call: bool = True


@dataclass(frozen=True)
class CodeRun:
    """Code that the model ran in the provider's sandbox, and what came out."""

    code: str
    output: str


@dataclass(frozen=True)
class Reply:
    """`text` is meant to be JSON of the schema; `is_cut`: the model ran into `max_output_tokens`.

    With `calls`, the model waits for their answers and `text` is what it said beside them. `model` and `provider` are
    those that answered.
    """

    text: str
    usage: Usage
    is_cut: bool = False
    calls: tuple[ToolCall, ...] = ()
    runs: tuple[CodeRun, ...] = ()
    original: str | None = None
    provider: str = ""
    model: str = ""

    def as_message(self) -> Message:
        return Message("model", self.text, self.calls, (), self.original, self.provider or None)


class Provider(Protocol):
    """Raises a SpecialistError (errors.py) whose message has the provider's words, status and what to do."""

    async def ask(self, request: Request) -> Reply: ...


@runtime_checkable
class Counts(Protocol):
    """A provider that counts tokens itself. The text goes to it for that, so only what is about to be sent anyway."""

    async def count(self, request: Request) -> int:
        """Input tokens of the request. Raises SpecialistError."""
        ...


@runtime_checkable
class Caches(Protocol):
    """A provider whose caches have a life of their own: made, kept alive and deleted by us."""

    async def open_cache(self, request: Request, seconds: float) -> CacheHandle | None:
        """Of the stable prefix of `request`; None where it is too short to be cached. Raises SpecialistError."""
        ...

    async def extend_cache(self, name: str, seconds: float) -> CacheHandle: ...

    async def close_cache(self, name: str) -> None:
        """A cache that is gone already is no error."""
        ...


@runtime_checkable
class Resumes(Protocol):
    """A provider that finishes a run without us: `pending` is what `Request.on_pending` was told."""

    async def resume(self, request: Request, pending: str) -> Reply: ...
