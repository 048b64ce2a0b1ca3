"""Who comes to the shop in a week: a day's ups and downs, and a campaign that sells bigger carts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp
from random import Random
from typing import TYPE_CHECKING

from deep_code_reasoning.demo import season
from deep_code_reasoning.demo.sampling import HeadSampler
from deep_code_reasoning.demo.visits import Visit

from .exchange import Steps
from .pod import Request
from .traffic import BROWSE, CHECKOUT, NUMBERS_A_STREAM

if TYPE_CHECKING:
    from .shop import Shop

BROWSE_PAGE, BUY = "GET /api/products/{id}", "POST /api/checkout"
MOST_LINES = 14


@dataclass(frozen=True, slots=True)
class Campaign:
    """From `at_s` on there are `checkouts` times as many purchases, of carts with `lines` lines in the mean."""

    at_s: float
    checkouts: float
    lines: float


@dataclass(frozen=True, slots=True)
class Week:
    """Mean arrivals a second over a day, mean lines of a cart, and how many of them are traced."""

    checkouts_per_s: float
    browses_per_s: float
    lines: float
    merchants: int
    checkout_sampler: HeadSampler
    browse_sampler: HeadSampler


class WeeklyTraffic:
    """Arrival processes with random streams of their own; `visits` has who was answered, in that order."""

    def __init__(self, shop: Shop, seed: int, week: Week, campaign: Campaign) -> None:
        self.visits: list[Visit] = []
        self._shop = shop
        self._seed = seed
        self._week = week
        self._campaign = campaign

    def start(self) -> None:
        """Begin."""
        self._shop.env.process(self._browses())
        self._shop.env.process(self._checkouts())

    def _browses(self) -> Steps[None]:
        env, rng, number = self._shop.env, Random(f"{self._seed}/browses"), BROWSE * NUMBERS_A_STREAM
        while True:
            yield env.timeout(self._wait(rng, self._week.browses_per_s, 1.0, lambda at_s: 1.0))
            number += 1
            visit = Visit(BROWSE_PAGE, env.now, 1)
            sampler = self._week.browse_sampler
            request = Request(self._seed, BROWSE, number, sampler=sampler, visit=visit)
            env.process(self._note(visit, self._shop.gateway.browse(request)))

    def _checkouts(self) -> Steps[None]:
        env, rng, number = self._shop.env, Random(f"{self._seed}/checkouts"), CHECKOUT * NUMBERS_A_STREAM
        campaign = self._campaign
        while True:
            wait = self._wait(
                rng,
                self._week.checkouts_per_s,
                campaign.checkouts,
                lambda at_s: campaign.checkouts if at_s >= campaign.at_s else 1.0,
            )
            yield env.timeout(wait)
            number += 1
            mean = campaign.lines if env.now >= campaign.at_s else self._week.lines
            visit = Visit(BUY, env.now, min(MOST_LINES, 1 + _poisson(rng, mean - 1.0)))
            merchant, sampler = rng.randrange(self._week.merchants), self._week.checkout_sampler
            request = Request(self._seed, CHECKOUT, number, merchant, sampler=sampler, visit=visit)
            env.process(self._note(visit, self._shop.gateway.checkout(request)))

    def _note(self, visit: Visit, steps: Steps[None]) -> Steps[None]:
        yield from steps
        visit.seconds = self._shop.env.now - visit.at_s
        self.visits.append(visit)

    def _wait(self, rng: Random, per_s: float, most: float, factor: Callable[[float], float]) -> float:
        """Seconds to the next arrival of a Poisson process with a rate that changes, by thinning (Lewis and
        Shedler, 1979): candidates at the highest rate, each kept with the share that the rate is of it."""
        now = at_s = self._shop.env.now
        highest = season.MOST * most
        while True:
            at_s += rng.expovariate(per_s * highest)
            if rng.random() * highest < season.of_day(at_s) * factor(at_s):
                return at_s - now


def _poisson(rng: Random, mean: float) -> int:
    """Knuth's way to a Poisson number: uniforms until their product is below exp(-mean)."""
    floor, product, count = exp(-mean), rng.random(), 0
    while product > floor:
        product *= rng.random()
        count += 1
    return count
