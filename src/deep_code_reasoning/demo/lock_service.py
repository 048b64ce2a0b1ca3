"""A lock service: leases with a time to live, absolute expiry by its own clock, FIFO waiters."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass

import simpy

from .clock import HostClock

EXPIRY_GRANULARITY_S = 1e-6


@dataclass(slots=True)
class Lease:
    """A grant. `expires_at_ns` is Unix time by the clock of the lock service's host."""

    id: int
    key: str
    owner: str
    expires_at_ns: int

    @property
    def fencing_token(self) -> int:
        """Grows with every grant (Kleppmann, "How to do distributed locking", 2016)."""
        return self.id


class LockService:
    """The lock table. A lease that is not renewed in time is gone for good: late renewals are refused."""

    def __init__(
        self, env: simpy.Environment, clock: HostClock, ttl_ns: int, on_expired: Callable[[Lease], None]
    ) -> None:
        self.granted = 0
        self.renewed = 0
        self.expired = 0
        self._env = env
        self._clock = clock
        self._ttl_ns = ttl_ns
        self._on_expired = on_expired
        self._held: dict[str, Lease] = {}
        self._waiting: dict[str, deque[tuple[str, simpy.Event]]] = {}

    @property
    def active(self) -> int:
        """Leases held now."""
        return len(self._held)

    @property
    def waiters(self) -> int:
        """Blocked acquires now."""
        return sum(map(len, self._waiting.values()))

    def acquire(self, key: str, owner: str) -> simpy.Event:
        """An event that fires with the Lease, at once when the key is free."""
        event = self._env.event()
        if key in self._held:
            self._waiting.setdefault(key, deque()).append((owner, event))
        else:
            self._grant(key, owner, event)
        return event

    def withdraw(self, key: str, event: simpy.Event) -> None:
        """Stop waiting for an acquire that has not been granted."""
        queue = self._waiting[key]
        remaining = deque(entry for entry in queue if entry[1] is not event)
        if remaining:
            self._waiting[key] = remaining
        else:
            del self._waiting[key]

    def renew(self, key: str, lease_id: int) -> Lease | None:
        """The lease with a new expiry, or None when it has expired."""
        lease = self._held.get(key)
        if lease is None or lease.id != lease_id:
            return None
        lease.expires_at_ns = self._clock.wall_ns(self._env.now) + self._ttl_ns
        self.renewed += 1
        return lease

    def release(self, key: str, lease_id: int) -> bool:
        """Give the lease back; False when it is no longer the caller's."""
        lease = self._held.get(key)
        if lease is None or lease.id != lease_id:
            return False
        self._pass_on(key)
        return True

    def _grant(self, key: str, owner: str, event: simpy.Event) -> None:
        self.granted += 1
        lease = Lease(self.granted, key, owner, self._clock.wall_ns(self._env.now) + self._ttl_ns)
        self._held[key] = lease
        event.succeed(lease)
        self._env.process(self._watch(lease))

    def _watch(self, lease: Lease) -> Generator[simpy.Event, None, None]:
        while self._held.get(lease.key) is lease:
            due = self._clock.true_s(lease.expires_at_ns)
            if due > self._env.now:
                yield self._env.timeout(max(EXPIRY_GRANULARITY_S, due - self._env.now))
                continue
            self.expired += 1
            self._on_expired(lease)
            self._pass_on(lease.key)

    def _pass_on(self, key: str) -> None:
        del self._held[key]
        queue = self._waiting.get(key)
        if queue:
            owner, event = queue.popleft()
            if not queue:
                del self._waiting[key]
            self._grant(key, owner, event)
