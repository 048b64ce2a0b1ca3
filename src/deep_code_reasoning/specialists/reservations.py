"""What calls under way may come to cost, so that many at once do not together pass a limit that none passes alone.

A holder (a `Meter`) reserves the most that its call may cost before it is made, and settles with what it did cost. The
settled amount stays held for a moment: the ledger, which limits are checked against, is written after that, and in
between it would be in neither. Twice for a moment errs on the safe side.

`ReservationBook` serves the threads of one process; rows in the ledger's database serve them all
(conversation/reservation_rows.py).
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

SECONDS_SETTLED = 60.0


@dataclass(frozen=True)
class Held:
    """Dollars of all calls under way: of everybody's, and of this project's."""

    dollars: float
    dollars_of_project: float


class Reservations(Protocol):
    def reserve(self, project: str, dollars: float, check: Callable[[Held], None]) -> int:
        """Calls `check` with what is held by now and keeps `dollars` beside it, with nobody in between. What `check`
        raises passes through, and nothing is kept. Returns an id."""
        ...

    def settle(self, reservation: int, dollars: float) -> None:
        """The call is over and did cost this, which the ledger will have soon."""
        ...

    def release(self, reservation: int) -> None:
        """Nothing is held any more; one that is gone already is no error."""
        ...

    def forget(self, reservation: int) -> None:
        """As `release`, by the next look at the latest: for a finalizer, which may not wait for a lock."""
        ...


@dataclass
class _Entry:
    project: str
    dollars: float
    until: float | None = None


@dataclass
class ReservationBook:
    """Shared by the threads of a process. `clock` gives seconds that never go back."""

    clock: Callable[[], float] = time.monotonic
    _entries: dict[int, _Entry] = field(default_factory=dict)
    _released: deque[int] = field(
        default_factory=deque
    )  # taken out at the next look: a finalizer may not wait for a lock
    _ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def reserve(self, project: str, dollars: float, check: Callable[[Held], None]) -> int:
        with self._lock:
            check(self._held(project))
            reservation = next(self._ids)
            self._entries[reservation] = _Entry(project, dollars)
            return reservation

    def settle(self, reservation: int, dollars: float) -> None:
        with self._lock:
            if entry := self._entries.get(reservation):
                entry.dollars, entry.until = dollars, self.clock() + SECONDS_SETTLED

    def release(self, reservation: int) -> None:
        self._released.append(reservation)

    forget = release

    def _held(self, project: str) -> Held:
        now = self.clock()
        while self._released:
            self._entries.pop(self._released.popleft(), None)
        self._entries = {id: e for id, e in self._entries.items() if e.until is None or e.until > now}
        entries = self._entries.values()
        return Held(sum(e.dollars for e in entries), sum(e.dollars for e in entries if e.project == project))


BOOK = ReservationBook()
