"""The record of a turn while it runs: each thing is on disk before the next one is done, so a kill loses nothing."""

from __future__ import annotations

import json
import time
import zlib
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from deep_code_reasoning.conversation.database import sql
from deep_code_reasoning.conversation.sessions.diagnosis_record import pack_diagnosis
from deep_code_reasoning.conversation.sessions.records import Papers, Session, packed, packed_shown
from deep_code_reasoning.specialists.port import Message
from deep_code_reasoning.specialists.prices import dollars_of

if TYPE_CHECKING:
    from deep_code_reasoning.conversation.database import Database
    from deep_code_reasoning.specialists.port import Reply, ToolAnswer, ToolCall, Usage


class Recorder:
    """The `Listener` of one turn (specialists/turn.py).

    `told`: what the specialist knows of the evidence once it has the turn's first message; None where that says nothing
    of it. `is_resent`: that message is on record already, from an earlier try of the turn.
    """

    def __init__(
        self, database: Database, session: Session, number: int, *, told: Papers | None, is_resent: bool = False
    ) -> None:
        self._database = database
        self._session = session
        self._turn = {"conversation_id": session.id, "number": number}
        self._told = told
        self._is_resent = is_resent

    def asked(self, message: Message) -> None:
        if self._is_resent:
            self._is_resent = False
            return
        with self._database.transaction() as connection:
            kept = {"now": time.time_ns(), "message": packed(message.as_json())}
            connection.execute(sql("sessions/keep_message"), {**self._turn, **kept})
            if self._told:
                papers = {"shown": packed_shown(self._told.shown), "diagnosis": pack_diagnosis(self._told.diagnosis)}
                connection.execute(sql("sessions/keep_shown"), {**self._turn, **papers})
        self._told = None

    def replied(self, reply: Reply, dollars: float | None, seconds: float) -> None:
        """The message and what it cost, in one transaction."""
        message = packed(reply.as_message().as_json())
        provider, model = reply.provider or self._session.provider, reply.model or self._session.model
        uncached = dollars_without_cache(provider, model, reply.usage) if dollars else dollars
        counted = {
            **asdict(reply.usage), "dollars": dollars, "dollars_without_cache": uncached, "seconds": seconds,
            "model": model, "provider": provider,
        }  # fmt: skip
        with self._database.transaction() as connection:
            connection.execute(sql("sessions/keep_message"), {**self._turn, "now": time.time_ns(), "message": message})
            connection.execute(sql("sessions/count_reply"), {**self._turn, **counted})

    def answered(self, call: ToolCall, answer: ToolAnswer, seconds: float) -> None:
        kept = {
            "call_id": call.id,
            "name": call.name,
            "arguments": json.dumps(call.arguments, default=str),
            "answer": zlib.compress(answer.text.encode("utf-8", "surrogatepass"), 1),
            "is_error": int(answer.is_error),
            "seconds": seconds,
            "now": time.time_ns(),
        }
        with self._database.transaction() as connection:
            connection.execute(sql("sessions/keep_tool_call"), {**self._turn, **kept})
            connection.execute(sql("sessions/count_tool"), {**self._turn, "seconds": seconds})

    def pending(self, name: str | None) -> None:
        self._database.run("sessions/keep_pending", **self._turn, pending=name)


def dollars_without_cache(provider: str, model: str, usage: Usage) -> float | None:
    """What the same tokens cost where all input is fresh; writing a cache costs nothing then either."""
    return dollars_of(provider, model, replace(usage, cached_tokens=0, cache_write_tokens=0))
