"""Conversations in the database: begun, found, listed, forked, finished, forgotten."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.conversation.database import Database, new_id, sql
from deep_code_reasoning.conversation.sessions.diagnosis_record import pack_diagnosis, unpack_diagnosis
from deep_code_reasoning.conversation.sessions.records import (
    Briefed,
    KeptMessage,
    KeptToolCall,
    Listed,
    Papers,
    Session,
    Shown,
    Turn,
    listed_of,
    packed,
    packed_shown,
    session_of,
    turn_of,
    unpacked,
)
from deep_code_reasoning.errors import UnknownConversationError, UsageError
from deep_code_reasoning.specialists.port import Message

if TYPE_CHECKING:
    pass

DAY_NANO = 86_400 * 10**9
PRUNED_AFTER_DAYS = 90
"""An expired conversation can be read and forked for so long; then it goes. What the ledger has of it stays."""


class Sessions:
    """Safe with several threads and processes; every call is one short transaction.

    `days`: how long after its last activity a conversation can be continued. `names_projects`: whether an error may say
    which other project a conversation belongs to; an agent need not know.
    """

    def __init__(self, state_dir: Path, *, days: float, names_projects: bool = True) -> None:
        self.database = Database(state_dir)
        self._days = days
        self._names_projects = names_projects

    def create(
        self,
        *,
        project: str,
        investigation: str,
        request: Mapping[str, Any],
        model: str,
        provider: str,
        route: str,
        system: str,
        papers: Papers,
        escalation_id: str | None = None,
    ) -> Session:
        session_id, now = new_id("con"), time.time_ns()
        self.database.run(
            "sessions/create",
            conversation_id=session_id,
            project=project,
            escalation_id=escalation_id,
            parent_id=None,
            parent_turn=None,
            investigation=investigation,
            request=json.dumps(request),
            model=model,
            provider=provider,
            route=route,
            system=system,
            diagnosis=pack_diagnosis(papers.diagnosis),
            now=now,
            expires=self._expires(now),
            **_sheets(papers),
        )
        return self.find(session_id, project)

    def find(self, session_id: str, project: str) -> Session:
        """Raises UnknownConversationError; also for one of another project, with a hint."""
        rows = self.database.run("sessions/find", conversation_id=session_id)
        if rows and rows[0]["project"] == project:
            return session_of(rows[0], time.time_ns())
        hint = "`dcr converse list` shows those of this project"
        if rows:
            where = rows[0]["project"] if self._names_projects else "another project"
            hint = f"there is one of this id in {where}: go on from that directory"
        raise UnknownConversationError(f"session {session_id!r}: no such conversation in this project; {hint}")

    def papers(self, session_id: str) -> Papers:
        (row,) = self.database.run("sessions/papers", conversation_id=session_id)
        shown = unpacked(row["shown"])
        return Papers(
            brief=zlib.decompress(row["brief"]).decode("utf-8", "surrogatepass"),
            manifest=unpacked(row["manifest"]),
            diagnosis=unpack_diagnosis(row["diagnosis"]),
            shown=Shown({name: tuple(lines) for name, lines in shown["files"].items()}, shown["evidence"]),
        )

    def of_escalation(self, escalation_id: str, project: str) -> Session:
        """The conversation that an escalation began. Raises UnknownConversationError."""
        rows = self.database.run("sessions/of_escalation", escalation_id=escalation_id)
        return self.find(rows[0]["conversation_id"] if rows else escalation_id, project)

    def listed(self, project: str, most: int = 50) -> list[Listed]:
        """The last active first."""
        now = time.time_ns()
        rows = self.database.run("sessions/list", project=project, most=most)
        return [listed_of(row, now) for row in rows]

    def turns(self, session_id: str) -> list[Turn]:
        return [turn_of(row) for row in self.database.run("sessions/turns", conversation_id=session_id)]

    def messages(self, session_id: str, last_turn: int | None = None) -> list[KeptMessage]:
        """In order; up to and with those of `last_turn`."""
        return [
            KeptMessage(row["turn_number"], row["kept_at_unix_nano"], Message.from_json(unpacked(row["message"])))
            for row in self.database.run("sessions/messages", conversation_id=session_id)
            if last_turn is None or row["turn_number"] <= last_turn
        ]

    def tool_calls(self, session_id: str) -> list[KeptToolCall]:
        return [
            KeptToolCall(
                row["turn_number"],
                row["call_id"],
                row["name"],
                json.loads(row["arguments"]),
                zlib.decompress(row["answer"]).decode("utf-8", "surrogatepass"),
                bool(row["is_error"]),
                row["seconds"],
            )
            for row in self.database.run("sessions/tool_calls", conversation_id=session_id)
        ]

    def replace_brief(self, session_id: str, number: int, papers: Papers) -> None:
        """A smaller one, where turn `number`, the first, did not fit: what it sent is forgotten, as nobody read it."""
        with self.database.transaction() as connection:
            connection.execute(sql("sessions/keep_brief"), {"conversation_id": session_id, **_sheets(papers)})
            connection.execute(sql("sessions/drop_messages"), {"conversation_id": session_id, "number": number})

    def finish(self, session_id: str, summary: Mapping[str, Any]) -> None:
        """Once; a second call changes nothing. Messages that still wait are not asked any more."""
        with self.database.transaction() as connection:
            closed = {"conversation_id": session_id, "summary": json.dumps(summary)}
            connection.execute(sql("sessions/close"), closed)
            connection.execute(sql("sessions/drop_queue"), {"conversation_id": session_id, "now": time.time_ns()})

    def fork(
        self,
        parent: Session,
        *,
        at_turn: int | None,
        request: Mapping[str, Any],
        model: str,
        provider: str,
        route: str,
        system: str,
        briefed: Briefed | None = None,
    ) -> Session:
        """A conversation that has said what `parent` said up to the turn named (default: all; 0: nothing), open again.

        `briefed`: where the parent had no brief to read, and this one needs it. Raises UsageError where there is no
        such turn to go on from.
        """
        over = [turn.number for turn in self.turns(parent.id) if _can_be_forked(turn)]
        last = max(over, default=0) if at_turn is None else at_turn
        if last and last not in over:
            known = f"0 to {max(over)}" if over else "0"
            raise UsageError(f"fork: turn {last} of {parent.id} is no turn to go on from; expected one of {known}")
        fork_id, now = new_id("con"), time.time_ns()
        values = {"conversation_id": fork_id, "parent_id": parent.id, "last_turn": last}
        papers = briefed.papers if briefed else self.papers(parent.id)
        made = {
            "request": json.dumps(request), "model": model, "provider": provider, "route": route, "system": system,
            "now": now,
            "expires": self._expires(now), **_sheets(papers),
            "diagnosis": pack_diagnosis(papers.diagnosis) if briefed else None,
            "shown": packed_shown(papers.shown) if briefed else None,
        }  # fmt: skip
        with self.database.transaction() as connection:
            connection.execute(sql("sessions/fork_conversation"), {**values, **made})
            connection.execute(sql("sessions/fork_turns"), values)
            connection.execute(sql("sessions/fork_messages"), values)
            if briefed:
                message = {"conversation_id": fork_id, "message": packed(briefed.first.as_json())}
                connection.execute(sql("sessions/replace_first"), message)
        return self.find(fork_id, parent.project)

    def forget_pending(self, session_id: str, number: int) -> None:
        self.database.run("sessions/keep_pending", conversation_id=session_id, number=number, pending=None)

    def agreed_to(self, session_id: str) -> float:
        """Dollars up to which a person agreed that it may cost."""
        (row,) = self.database.run("sessions/agreed_to", conversation_id=session_id)
        return row["agreed_dollars"]

    def agreed(self, session_id: str, dollars: float) -> None:
        self.database.run("sessions/agree", conversation_id=session_id, dollars=dollars)

    def touch(self, session: Session) -> Session:
        now = time.time_ns()
        expires = self._expires(now)
        self.database.run("sessions/touch", conversation_id=session.id, now=now, expires=expires)
        return replace(session, active=now, expires=expires)

    def prune(self) -> None:
        """Forgets what expired long ago. Rows of the ledger stay, and so do caches that are still to be closed."""
        self.database.run("sessions/prune", before=time.time_ns() - PRUNED_AFTER_DAYS * DAY_NANO)

    def _expires(self, now: int) -> int:
        return now + round(self._days * DAY_NANO)


def _can_be_forked(turn: Turn) -> bool:
    return turn.kind == "question" and turn.state not in ("queued", "running")


def _sheets(papers: Papers) -> dict[str, bytes]:
    return {
        "brief": zlib.compress(papers.brief.encode("utf-8", "surrogatepass"), 1),
        "manifest": packed(papers.manifest),
        "shown": packed_shown(papers.shown),
    }
