"""Stops asking a model that fails again and again, and finds out with one call at a time whether it is back.

    closed     asked as usual; `FAILURES` failures in a row open it, or one that names a wait above `LONG_WAIT`
    open       not asked until its pause is over: the wait that the provider named, or `FIRST_PAUSE`, twice as long
               after each probe that fails, `LONGEST_PAUSE` at most
    half-open  one call is let through as a probe, the others are not asked meanwhile: success closes, failure opens

A failure is an outage or a rate limit. A refusal, an unknown id or too large a brief is an answer: somebody is there.
One breaker a model at an address, shared by all threads of the process; a process starts with all of them closed.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

FAILURES = 5
"""More than one question makes, whose tries are three at most (fallback.py)."""
LONG_WAIT = 60.0
FIRST_PAUSE = 30.0
LONGEST_PAUSE = 600.0
LONGEST_NAMED = 3_600.0
"""Of a wait that a provider names: after an hour somebody looks."""


@dataclass
class CircuitBreaker:
    """`clock` gives seconds that never go back. What `admit` gives is handed back to `succeeded`, `failed` or
    `abandoned` when the call is over."""

    clock: Callable[[], float] = time.monotonic
    _failures: int = 0
    _pause: float = 0.0  # 0: closed
    _opens_at: float = 0.0
    _probe: int | None = None
    _permits: Iterator[int] = field(default_factory=itertools.count, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def admit(self) -> int | None:
        """A permit to call now, or None. After a pause the first who asks gets one."""
        with self._lock:
            if self._pause and (self._probe is not None or self.clock() < self._opens_at):
                return None
            permit = next(self._permits)
            if self._pause:
                self._probe = permit
            return permit

    def seconds_left(self) -> float:
        """Until a call may be made; 0 where one may, or where a probe is under way."""
        with self._lock:
            return max(0.0, self._opens_at - self.clock()) if self._pause else 0.0

    def succeeded(self, permit: int) -> None:
        """Also a call from before it opened: whoever answers is there."""
        with self._lock:
            self._failures, self._pause, self._probe = 0, 0.0, None

    def failed(self, permit: int, retry_after: float | None = None) -> None:
        """`retry_after`: the wait that the provider named."""
        with self._lock:
            now, named = self.clock(), min(retry_after or 0.0, LONGEST_NAMED)
            if self._pause and permit != self._probe:  # asked before it opened: nothing new, but the wait it names
                self._opens_at = max(self._opens_at, now + named)
                return
            self._failures += 1
            if permit == self._probe or self._failures >= FAILURES or named > LONG_WAIT:
                self._pause = min(LONGEST_PAUSE, self._pause * 2 or FIRST_PAUSE)
                self._opens_at = now + max(self._pause, named)
            self._probe = None

    def abandoned(self, permit: int) -> None:
        """The call was taken back: nothing is known, and where it was the probe, the next may be."""
        with self._lock:
            if permit == self._probe:
                self._probe = None


class CircuitBreakers:
    """The breakers of a process by provider, model and where that is asked (a gateway fails for itself)."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._breakers: dict[tuple[str, str, str], CircuitBreaker] = {}
        self._lock = threading.Lock()

    def of(self, provider: str, model: str, base_url: str = "") -> CircuitBreaker:
        with self._lock:
            return self._breakers.setdefault((provider, model, base_url), CircuitBreaker(self._clock))


BREAKERS = CircuitBreakers()
