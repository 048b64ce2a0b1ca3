"""Databases: latency, a bounded number of connections, and rows with versions (optimistic concurrency)."""

from __future__ import annotations

from collections.abc import Generator
from math import log
from random import Random

import simpy

SPREAD = 0.35
"""Sigma of the log-normal service times."""


def service_time_s(rng: Random, mean_s: float, spread: float = SPREAD) -> float:
    """A log-normal sample with the given mean."""
    return rng.lognormvariate(log(mean_s) - spread * spread / 2, spread)


class Database:
    """A server that works on at most `connections` statements at a time; the others queue."""

    def __init__(self, env: simpy.Environment, connections: int) -> None:
        self._env = env
        self._slots = simpy.Resource(env, connections)
        self._versions: dict[str, int] = {}

    @property
    def used(self) -> int:
        """Connections in use."""
        return self._slots.count

    @property
    def pending(self) -> int:
        """Statements waiting for a connection."""
        return len(self._slots.queue)

    def execute(self, rng: Random, mean_s: float) -> Generator[simpy.Event, object, None]:
        """Wait for a connection and for the statement."""
        with self._slots.request() as slot:
            yield slot
            yield self._env.timeout(service_time_s(rng, mean_s))

    def version(self, row: str) -> int:
        """The committed version of a row."""
        return self._versions.get(row, 0)

    def compare_and_commit(self, row: str, version: int) -> bool:
        """Commit a new version unless someone else did since `version` was read (then False)."""
        if self._versions.get(row, 0) != version:
            return False
        self._versions[row] = version + 1
        return True
