"""Arrivals: a steady Poisson stream that steps up at the surge, and flash-sale drops on top of it."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from random import Random

import simpy


@dataclass(frozen=True, slots=True)
class Surge:
    """High load: from `at_s` on steady rates grow by `factor`, and a drop of buyers comes every `every_s`.

    A drop brings `buyers` within `width_s` seconds; the first are smaller (`ramp`, shares of `buyers`).
    """

    at_s: float
    factor: float
    every_s: float
    buyers: int
    width_s: float
    ramp: tuple[float, ...]


def poisson(env: simpy.Environment, rng: Random, per_s: float, surge: Surge) -> Generator[simpy.Event, None, None]:
    """Sleep until the next steady arrival."""
    rate = per_s * (surge.factor if env.now >= surge.at_s else 1.0)
    yield env.timeout(rng.expovariate(rate))


def drops(rng: Random, surge: Surge, until_s: float) -> list[tuple[float, int]]:
    """The drops of a run: (true time in seconds, buyers), none in the last half minute."""
    planned: list[tuple[float, int]] = []
    at = surge.at_s
    while at < until_s - 30.0:
        share = surge.ramp[len(planned)] if len(planned) < len(surge.ramp) else 1.0
        planned.append((at + 4.0 * rng.random(), max(1, round(surge.buyers * share))))
        at += surge.every_s
    return planned


def instants(rng: Random, at_s: float, count: int, width_s: float) -> list[float]:
    """Sorted arrival times of the buyers of one drop: uniform in its width."""
    return sorted(at_s + width_s * rng.random() for _ in range(count))
