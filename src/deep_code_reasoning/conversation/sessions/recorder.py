"""The record of a turn while it runs: each thing is on disk before the next one is done, so a kill loses nothing."""

from __future__ import annotations

import json
import time
import zlib
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.conversation.database import sql
from deep_code_reasoning.conversation.sessions.diagnosis_record import pack_diagnosis
from deep_code_reasoning.conversation.sessions.records import Papers, Session, packed, packed_shown
from deep_code_reasoning.specialists.port import Message, Usage
from deep_code_reasoning.specialists.prices import dollars_of

if TYPE_CHECKING:
    from deep_code_reasoning.conversation.database import Database
    from deep_code_reasoning.conversation.ledger import Ledger
    from deep_code_reasoning.errors import SpecialistError
    from deep_code_reasoning.specialists.port import CacheHandle, Reply, ToolAnswer, ToolCall


class Recorder:
    """The `Listener` of one turn (specialists/turn.py); the ledger has each call from it.

    `told`: what the specialist knows of the evidence once it has the turn's first message; None where that says nothing
    of it. `brief` is a message before it. `is_resent`: both are on record already, from an earlier try of the turn.
    """

    def __init__(
        self,
        database: Database,
        ledger: Ledger,
        session: Session,
        number: int,
        *,
        told: Papers | None = None,
        brief: str = "",
        is_resent: bool = False,
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._session = session
        self._number = number
        self._turn = {"conversation_id": session.id, "number": number}
        self._told = told
        self._brief = brief
        self._is_resent = is_resent

    def asked(self, message: Message) -> None:
        if self._is_resent:
            self._is_resent = False
            return
        with self._database.transaction() as connection:
            for one in (Message("us", self._brief), message) if self._brief else (message,):
                kept = {"now": time.time_ns(), "message": packed(one.as_json())}
                connection.execute(sql("sessions/keep_message"), {**self._turn, **kept})
            if self._told:
                papers = {"shown": packed_shown(self._told.shown), "diagnosis": pack_diagnosis(self._told.diagnosis)}
                connection.execute(sql("sessions/keep_shown"), {**self._turn, **papers})
        self._told, self._brief = None, ""

    def replied(self, reply: Reply, dollars: float | None, seconds: float) -> None:
        """The message, what it cost, and the ledger's call, in one transaction."""
        message = packed(reply.as_message().as_json())
        provider, model = reply.provider or self._session.provider, reply.model or self._session.model
        uncached = dollars_without_cache(provider, model, reply.usage) if dollars else dollars
        counted = {
            **asdict(reply.usage), "dollars": dollars, "dollars_without_cache": uncached, "seconds": seconds,
            "model": model, "provider": provider, "calls": 1,
        }  # fmt: skip
        with self._database.transaction() as connection:
            connection.execute(sql("sessions/keep_message"), {**self._turn, "now": time.time_ns(), "message": message})
            connection.execute(sql("sessions/count_reply"), {**self._turn, **counted})
            self._call(provider, model, reply.usage, dollars, seconds, within=connection)

    def failed(self, error: SpecialistError, seconds: float) -> None:
        """A call that brought nothing."""
        self._call(self._session.provider, self._session.model, None, None, seconds, error=error)

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

    def pending(self, name: str) -> None:
        self._database.run("sessions/keep_pending", **self._turn, pending=name)

    def cached(self, handle: CacheHandle) -> None:
        """A cache was made: its tokens cost what input costs, once; its rent by the hour nobody tells us."""
        usage = Usage(input_tokens=handle.tokens)
        dollars = dollars_of(self._session.provider, self._session.model, usage)
        self._count(self._session.provider, self._session.model, usage, dollars, 0.0, 0, 0.0)

    def spent(self, reply: Reply, dollars: float | None, seconds: float) -> None:
        """A call beside the messages: one that asked what belongs into the brief."""
        provider, model = reply.provider or self._session.provider, reply.model or self._session.model
        uncached = dollars_without_cache(provider, model, reply.usage) if dollars else dollars
        self._count(provider, model, reply.usage, dollars, uncached, 1, seconds)

    def _count(
        self,
        provider: str,
        model: str,
        usage: Usage,
        dollars: float | None,
        without_cache: float | None,
        calls: int,
        seconds: float,
    ) -> None:
        counted = {**asdict(usage), "dollars": dollars, "dollars_without_cache": without_cache, "seconds": seconds}
        answered = {"model": model, "provider": provider, "calls": calls}
        with self._database.transaction() as connection:
            connection.execute(sql("sessions/count_reply"), {**self._turn, **counted, **answered})
            self._call(provider, model, usage, dollars, seconds, within=connection)

    def _call(
        self,
        provider: str,
        model: str,
        usage: Usage | None,
        dollars: float | None,
        seconds: float | None,
        **more: Any,
    ) -> None:
        self._ledger.record_call(
            escalation_id=self._session.escalation_id,
            conversation_id=self._session.id,
            turn=self._number,
            task=self._session.asked.analysis_type,
            provider=provider,
            model=model,
            usage=usage,
            dollars=dollars,
            seconds=seconds,
            **more,
        )


def dollars_without_cache(provider: str, model: str, usage: Usage) -> float | None:
    """What the same tokens cost where all input is fresh; writing a cache costs nothing then either."""
    return dollars_of(provider, model, replace(usage, cached_tokens=0, cache_write_tokens=0))
