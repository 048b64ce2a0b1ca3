"""Whose turn it is: one at a time in a conversation, claimed in one transaction, across threads and processes.

A claim ends with its turn; that of a process (or, within one process, of a call) that is gone is broken by whoever
comes next, and its turn is `interrupted`: what it received is kept.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.conversation.database import sql
from deep_code_reasoning.conversation.sessions.process_identity import is_alive, this_process
from deep_code_reasoning.conversation.sessions.records import Turn, TurnKind, TurnState, session_of, turn_of
from deep_code_reasoning.errors import (
    BusyConversationError,
    CancelledError,
    DcrError,
    ExpiredConversationError,
    FinishedConversationError,
)
from deep_code_reasoning.incident import iso

if TYPE_CHECKING:
    from deep_code_reasoning.conversation.database import Database
    from deep_code_reasoning.conversation.sessions.sessions import Sessions
    from deep_code_reasoning.specialists.turn import TurnResult

MOST_QUEUED = 8
RESUMABLE = ("interrupted", "failed", "cancelled")

_here = threading.Lock()
_running_here: set[tuple[int, str, int]] = set()  # process (a fork of it holds nothing), conversation, turn


@dataclass(frozen=True)
class Claims:
    """The turns of the conversations of one state directory."""

    sessions: Sessions

    @property
    def _database(self) -> Database:
        return self.sessions.database

    def ask(
        self,
        session_id: str,
        question: str,
        *,
        kind: TurnKind = "question",
        queue: bool = False,
        snippets: bool = False,
    ) -> Turn:
        """A turn that is `running` and the caller's to run, or `queued` behind others.

        Behind a turn that runs it is queued only with `queue`. Where others wait that nobody runs, it is queued behind
        them: run `next` until its number comes. Raises FinishedConversationError, ExpiredConversationError,
        BusyConversationError (also for a queue that is full).
        """
        with self._database.transaction() as connection:
            turns = self._settled(connection, session_id)
            running = next((turn for turn in turns if turn.state == "running"), None)
            waiting = [turn for turn in turns if turn.state == "queued"]
            if running and not queue:
                raise _busy(session_id, running)
            if len(waiting) >= MOST_QUEUED:
                raise BusyConversationError(
                    f"session {session_id}: {len(waiting)} messages wait already, as many as may; ask again later"
                )
            values = {"kind": kind, "question": question, "with_snippets": int(snippets), "now": time.time_ns()}
            ((number,),) = connection.execute(sql("sessions/add_turn"), {"conversation_id": session_id, **values})
            if not running and not waiting:
                self._start(connection, session_id, number)
            return self._turn(connection, session_id, number)

    def next(self, session_id: str) -> Turn | None:
        """The first turn that waits, now running and the caller's; None where none waits or another one runs."""
        with self._database.transaction() as connection:
            turns = self._settled(connection, session_id)
            waiting = [turn for turn in turns if turn.state == "queued"]
            if not waiting or any(turn.state == "running" for turn in turns):
                return None
            self._start(connection, session_id, waiting[0].number)
            return self._turn(connection, session_id, waiting[0].number)

    def again(self, session_id: str) -> Turn | None:
        """The last turn, if it was cut off or failed, now running once more and the caller's. Raises as `ask` does."""
        with self._database.transaction() as connection:
            turns = self._settled(connection, session_id)
            if running := next((turn for turn in turns if turn.state == "running"), None):
                raise _busy(session_id, running)
            begun = [turn for turn in turns if turn.state != "queued"]
            last = begun[-1] if begun else None
            if last is None or last.state not in RESUMABLE:
                return None
            self._start(connection, session_id, last.number)
            return self._turn(connection, session_id, last.number)

    def check(self, session_id: str) -> None:
        """Raises as `ask` does where a turn could not be claimed now."""
        with self._database.transaction() as connection:
            turns = self._settled(connection, session_id)
            if running := next((turn for turn in turns if turn.state == "running"), None):
                raise _busy(session_id, running)

    def settle(self, session_id: str) -> list[Turn]:
        """The turns as they are, those of dead processes interrupted."""
        turns = self.sessions.turns(session_id)
        if all(turn.state != "running" or _is_held(session_id, turn) for turn in turns):
            return turns
        with self._database.transaction() as connection:
            return self._unbroken(connection, session_id)

    def answer(self, session_id: str, number: int, result: TurnResult) -> None:
        self._database.run(
            "sessions/answer_turn",
            conversation_id=session_id,
            number=number,
            now=time.time_ns(),
            model=result.model,
            provider=result.provider,
            analysis=json.dumps(result.analysis.model_dump(mode="json")),
            problems=json.dumps(result.problems),
            questions=json.dumps(result.questions),
        )
        _let_go(session_id, number)

    def end(self, session_id: str, number: int, state: TurnState, error: str | None) -> None:
        """Failed, cancelled or interrupted; one that is over already stays as it is."""
        try:
            values = {"state": state, "error": error, "now": time.time_ns()}
            self._database.run("sessions/end_turn", conversation_id=session_id, number=number, **values)
        finally:
            _let_go(session_id, number)

    def broke_off(self, session_id: str, number: int, error: BaseException) -> None:
        """Ends it as what was raised says; one that is over already stays as it is."""
        if isinstance(error, CancelledError):
            self.end(session_id, number, "cancelled", str(error))
        elif isinstance(error, DcrError):
            self.end(session_id, number, "failed", str(error))
        else:
            self.end(session_id, number, "interrupted", f"{type(error).__name__}: {error}")

    def _settled(self, connection: sqlite3.Connection, session_id: str) -> list[Turn]:
        """The turns of a conversation that can go on."""
        row = connection.execute(sql("sessions/find"), {"conversation_id": session_id}).fetchone()
        session = session_of(row, time.time_ns())
        if session.state == "finished":
            raise FinishedConversationError(
                f"session {session_id} is finished; it can be read and forked (a fork can be continued)"
            )
        if session.state == "expired":
            raise ExpiredConversationError(
                f"session {session_id} expired at {iso(session.expires)}; nobody used it since {iso(session.active)} "
                "(setting conversation_days); it can be read and forked (a fork can be continued)"
            )
        return self._unbroken(connection, session_id)

    def _unbroken(self, connection: sqlite3.Connection, session_id: str) -> list[Turn]:
        turns = self._turns(connection, session_id)
        dead = [turn for turn in turns if turn.state == "running" and not _is_held(session_id, turn)]
        for turn in dead:
            error = f"its process {turn.process_id} ended before the turn did; what it received is kept"
            values = {"state": "interrupted", "error": error, "now": time.time_ns()}
            connection.execute(
                sql("sessions/end_turn"), {"conversation_id": session_id, "number": turn.number, **values}
            )
        return self._turns(connection, session_id) if dead else turns

    def _start(self, connection: sqlite3.Connection, session_id: str, number: int) -> None:
        pid, started = this_process()
        values: dict[str, Any] = {"process_id": pid, "process_started": started, "now": time.time_ns()}
        connection.execute(sql("sessions/start_turn"), {"conversation_id": session_id, "number": number, **values})
        with _here:
            _running_here.add((pid, session_id, number))

    def _turn(self, connection: sqlite3.Connection, session_id: str, number: int) -> Turn:
        return next(turn for turn in self._turns(connection, session_id) if turn.number == number)

    def _turns(self, connection: sqlite3.Connection, session_id: str) -> list[Turn]:
        return [turn_of(row) for row in connection.execute(sql("sessions/turns"), {"conversation_id": session_id})]


def _is_held(session_id: str, turn: Turn) -> bool:
    pid, identity = turn.process_id or 0, turn.process_started or ""
    if (pid, identity) == this_process():
        with _here:
            return (os.getpid(), session_id, turn.number) in _running_here
    return is_alive(pid, identity, turn.started or 0)


def _let_go(session_id: str, number: int) -> None:
    with _here:
        _running_here.discard((os.getpid(), session_id, number))


def _busy(session_id: str, running: Turn) -> BusyConversationError:
    return BusyConversationError(
        f"session {session_id} is busy with turn {running.number} since {iso(running.started or 0)} "
        f"(process {running.process_id}); ask again when it is over, or have the message queued"
    )
