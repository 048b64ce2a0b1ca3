"""The card provider, outside the shop: slow, and with a bounded number of calls at a time."""

from __future__ import annotations

from collections.abc import Generator
from random import Random

import simpy

from .database import service_time_s

SPREAD = 0.18


class CardProvider:
    """A queue with `slots` servers and a log-normal service time of mean `mean_s` seconds."""

    def __init__(self, env: simpy.Environment, slots: int, mean_s: float) -> None:
        self._env = env
        self._slots = simpy.Resource(env, slots)
        self._mean_s = mean_s

    @property
    def pending(self) -> int:
        """Calls waiting."""
        return len(self._slots.queue)

    def call(self, rng: Random, share: float = 1.0) -> Generator[simpy.Event, object, None]:
        """One call that takes `share` of the usual work."""
        with self._slots.request() as slot:
            yield slot
            yield self._env.timeout(service_time_s(rng, self._mean_s * share, SPREAD))
