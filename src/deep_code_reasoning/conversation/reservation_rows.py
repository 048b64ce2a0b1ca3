"""Reservations in the ledger's database: two processes at once do not together pass a limit that neither passes alone.

A limit is checked within the write transaction that reserves, so that nobody reserves in between. A row of a process
that is gone holds nothing, whatever it was doing.
"""

from __future__ import annotations

import sqlite3
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deep_code_reasoning.conversation.database import Database, sql
from deep_code_reasoning.conversation.sessions.process_identity import is_alive, this_process
from deep_code_reasoning.specialists.reservations import SECONDS_SETTLED, Held

FREE = 0
"""The id of what costs nothing, and has no row."""
_forgotten: defaultdict[Path, deque[int]] = defaultdict(deque)


@dataclass(frozen=True)
class ReservationRows:
    """The `Reservations` of all processes of a state directory."""

    database: Database

    def reserve(self, project: str, dollars: float, check: Callable[[Held], None]) -> int:
        if not dollars:
            check(Held(0.0, 0.0))
            return FREE
        pid, started = this_process()
        values = {"project": project, "dollars": dollars, "process_id": pid, "process_started": started}
        with self.database.transaction() as connection:
            check(self._held(connection, project))
            ((reservation,),) = connection.execute(sql("reservations/reserve"), {**values, "now": time.time_ns()})
            return reservation

    def settle(self, reservation: int, dollars: float) -> None:
        if reservation != FREE:
            until = time.time_ns() + int(SECONDS_SETTLED * 1e9)
            self.database.run("reservations/settle", reservation_id=reservation, dollars=dollars, until=until)

    def release(self, reservation: int) -> None:
        if reservation != FREE:
            self.database.run("reservations/release", reservation_id=reservation)

    def forget(self, reservation: int) -> None:
        _forgotten[self.database.path].append(reservation)

    def _held(self, connection: sqlite3.Connection, project: str) -> Held:
        gone = _forgotten[self.database.path]
        while gone:
            connection.execute(sql("reservations/release"), {"reservation_id": gone.popleft()})
        held = Held(0.0, 0.0)
        now = time.time_ns()
        for row in connection.execute(sql("reservations/all")).fetchall():
            until = row["settled_until_unix_nano"]
            is_over = until is not None and until <= now
            if is_over or not is_alive(row["process_id"], row["process_started"], row["reserved_at_unix_nano"]):
                connection.execute(sql("reservations/release"), {"reservation_id": row["reservation_id"]})
                continue
            of_project = row["dollars"] if row["project"] == project else 0.0
            held = Held(held.dollars + row["dollars"], held.dollars_of_project + of_project)
        return held
