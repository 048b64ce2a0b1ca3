"""The card provider, outside the shop: slow, and with a bounded number of calls at a time."""

from __future__ import annotations

from collections.abc import Generator
from random import Random

import simpy

from . import season
from .database import service_time_s

SPREAD = 0.18


class CardProvider:
    """A queue with `slots` servers and a log-normal service time of mean `mean_s` seconds.

    Others use it as well: in the busy hours of the day it is slower, by up to `day_swing` of the mean.
    """

    def __init__(self, env: simpy.Environment, slots: int, mean_s: float, day_swing: float = 0.0) -> None:
        self._env = env
        self._slots = simpy.Resource(env, slots)
        self._mean_s = mean_s
        self._day_swing = day_swing

    @property
    def pending(self) -> int:
        """Calls waiting."""
        return len(self._slots.queue)

    def call(self, rng: Random, share: float = 1.0) -> Generator[simpy.Event, object, None]:
        """One call that takes `share` of the usual work."""
        with self._slots.request() as slot:
            yield slot
            mean_s = self._mean_s * share
            if self._day_swing:
                mean_s *= 1.0 + self._day_swing * (season.of_day(self._env.now) - 1.0)
            yield self._env.timeout(service_time_s(rng, mean_s, SPREAD))
