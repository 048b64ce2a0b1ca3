"""What is kept of conversations, as values: a session, its papers, its turns."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from deep_code_reasoning.conversation.request import EscalationRequest
from deep_code_reasoning.incident import iso

if TYPE_CHECKING:
    from deep_code_reasoning.finding import Diagnosis
    from deep_code_reasoning.specialists.port import Message

TurnKind = Literal["question", "summary"]
TurnState = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
SessionState = Literal["open", "finished", "expired"]


_OF_CONTEXT = ("attempted_approaches", "partial_findings", "stuck_description", "code_scope")


@dataclass(frozen=True)
class Session:
    """One conversation. Instants are nanoseconds since the epoch; `request` is the call that began it, as JSON.

    `state` is that of the clock's now when it was read: an open one past `expires` is "expired".
    """

    id: str
    project: str
    investigation: str
    request: Mapping[str, Any]
    model: str
    provider: str
    route: str
    system: str
    state: SessionState
    created: int
    active: int
    expires: int
    escalation_id: str | None = None
    parent_id: str | None = None
    parent_turn: int | None = None
    summary: Mapping[str, Any] | None = None

    @property
    def asked(self) -> EscalationRequest:
        """The call that began it, but for the agent's events, which are only counted."""
        given = {name: value for name, value in self.request.items() if name != "recent_events"}
        minutes = tuple(given.pop("attempt_minutes", ()))
        context = {name: given.pop(name) for name in _OF_CONTEXT}
        for name in ("baseline", "incident"):
            given[name] = "/".join(given[name]) if given[name] else None
        made = EscalationRequest.from_call({**given, "claude_context": context}, required=False)
        return replace(made, attempt_minutes=minutes)

    def as_json(self) -> dict[str, Any]:
        """Without the prompt and the request, which are long."""
        return {
            "session_id": self.id,
            "state": self.state,
            "investigation": self.investigation,
            "escalation_id": self.escalation_id,
            "model": self.model,
            "provider": self.provider,
            "route_reason": self.route,
            "forked_from": self.parent_id,
            "forked_after_turn": self.parent_turn,
            "created": iso(self.created),
            "last_active": iso(self.active),
            "expires": iso(self.expires),
        }


@dataclass(frozen=True)
class Shown:
    """What the specialist was last told of the evidence, to see what changed since.

    `files`: real path to the hash of each line, in order; `evidence`: real path to fingerprint, as loaded.
    """

    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    evidence: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Papers:
    """What a conversation is about. `brief` is empty, and `manifest` None, where only the local analyst is asked."""

    brief: str
    manifest: Mapping[str, Any] | None
    diagnosis: Diagnosis
    shown: Shown


@dataclass(frozen=True)
class Briefed:
    """Papers made later than the conversation, and the message that brings them to a specialist."""

    papers: Papers
    first: Message


@dataclass(frozen=True)
class Turn:
    """One question and what came of it. Tokens and dollars count every reply, also those of a turn that was cut off.

    `dollars_without_cache`: what the same tokens cost where none is cached; `unpriced_calls` are left out of both.
    """

    number: int
    kind: TurnKind
    state: TurnState
    question: str
    asked: int
    started: int | None = None
    finished: int | None = None
    process_id: int | None = None
    process_started: str | None = None
    pending: str | None = None
    with_snippets: bool = False
    model: str | None = None
    provider: str | None = None
    analysis: Mapping[str, Any] | None = None
    problems: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    thinking_tokens: int = 0
    cache_write_tokens: int = 0
    dollars: float = 0.0
    dollars_without_cache: float = 0.0
    unpriced_calls: int = 0
    calls: int = 0
    seconds: float = 0.0
    error: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "turn": self.number,
            "kind": self.kind,
            "state": self.state,
            "question": self.question,
            "asked": iso(self.asked),
            "finished": iso(self.finished) if self.finished else None,
            "model": self.model,
            "provider": self.provider,
            "analysis": self.analysis,
            "problems": list(self.problems),
            "questions": list(self.questions),
            "cost": self.cost(),
            "error": self.error,
        }

    def cost(self) -> dict[str, Any]:
        """`dollars` is None where a reply has no known price."""
        known = not self.unpriced_calls
        return {
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "cached_tokens": self.cached_tokens,
            "thinking_tokens": self.thinking_tokens,
            "dollars": round(self.dollars, 6) if known else None,
            "dollars_without_cache": round(self.dollars_without_cache, 6) if known else None,
            "seconds": round(self.seconds, 3),
            "calls": self.calls,
        }


@dataclass(frozen=True)
class Listed:
    """A conversation in one line. `dollars` is the sum of what is priced."""

    session_id: str
    state: SessionState
    investigation: str
    model: str
    turns: int
    dollars: float
    question: str
    last_active: str
    expires: str
    forked_from: str | None


@dataclass(frozen=True)
class KeptMessage:
    turn: int
    kept: int
    message: Message


@dataclass(frozen=True)
class KeptToolCall:
    turn: int
    call_id: str
    name: str
    arguments: Mapping[str, Any]
    answer: str
    is_error: bool
    seconds: float


def session_of(row: Mapping[str, Any], now: int) -> Session:
    expired = row["state"] == "open" and row["expires_at_unix_nano"] <= now
    return Session(
        id=row["conversation_id"],
        project=row["project"],
        investigation=row["investigation"],
        request=json.loads(row["request"]),
        model=row["model"],
        provider=row["provider"],
        route=row["route"],
        system=row["system"],
        state="expired" if expired else row["state"],
        created=row["created_at_unix_nano"],
        active=row["active_at_unix_nano"],
        expires=row["expires_at_unix_nano"],
        escalation_id=row["escalation_id"],
        parent_id=row["parent_id"],
        parent_turn=row["parent_turn"],
        summary=json.loads(row["summary"]) if row["summary"] else None,
    )


def listed_of(row: Mapping[str, Any], now: int) -> Listed:
    expired = row["state"] == "open" and row["expires_at_unix_nano"] <= now
    return Listed(
        session_id=row["conversation_id"],
        state="expired" if expired else row["state"],
        investigation=row["investigation"],
        model=row["model"],
        turns=row["turns"],
        dollars=row["dollars"] or 0.0,
        question=row["question"] or "",
        last_active=iso(row["active_at_unix_nano"]),
        expires=iso(row["expires_at_unix_nano"]),
        forked_from=row["parent_id"],
    )


def turn_of(row: Mapping[str, Any]) -> Turn:
    lists = {name: tuple(json.loads(row[name] or "[]")) for name in ("problems", "questions")}
    same = (
        "number", "kind", "state", "question", "process_id", "process_started", "pending", "model", "provider",
        "input_tokens", "output_tokens", "cached_tokens", "thinking_tokens", "cache_write_tokens", "dollars",
        "dollars_without_cache", "unpriced_calls", "calls", "seconds", "error",
    )  # fmt: skip
    return Turn(
        **{name: row[name] for name in same},
        **lists,
        asked=row["asked_at_unix_nano"],
        started=row["started_at_unix_nano"],
        finished=row["finished_at_unix_nano"],
        with_snippets=bool(row["with_snippets"]),
        analysis=json.loads(row["analysis"]) if row["analysis"] else None,
    )


def packed(value: Any) -> bytes:
    """zlib over JSON. File names and evidence may hold lone surrogates: the JSON is ASCII."""
    return zlib.compress(json.dumps(value, separators=(",", ":")).encode("ascii"), 1)


def unpacked(content: bytes) -> Any:
    return json.loads(zlib.decompress(content))


def packed_shown(shown: Shown) -> bytes:
    return packed({"files": dict(shown.files), "evidence": dict(shown.evidence)})
