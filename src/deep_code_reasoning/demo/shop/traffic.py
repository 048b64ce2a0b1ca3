"""Who comes to the shop and when, drawn ahead of everything that happens to them."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from deep_code_reasoning.demo import load

from .exchange import Steps
from .pod import Request

if TYPE_CHECKING:
    from .shop import Shop

BROWSE, CHECKOUT, DROP = 1, 2, 3
NUMBERS_A_STREAM = 1_000_000


@dataclass(frozen=True, slots=True)
class Rates:
    """Steady arrivals a second; buyers of a drop go to the hot merchants only."""

    checkouts_per_s: float
    browses_per_s: float
    merchants: int
    hot_merchants: int


class Traffic:
    """Arrival processes with random streams of their own, so that no outcome changes who comes next."""

    def __init__(self, shop: Shop, seed: int, rates: Rates, surge: load.Surge, until_s: float) -> None:
        self._shop = shop
        self._seed = seed
        self._rates = rates
        self._surge = surge
        self._until_s = until_s

    def start(self) -> None:
        """Begin."""
        for process in (self._browses(), self._checkouts(), self._drops()):
            self._shop.env.process(process)

    def _browses(self) -> Steps[None]:
        env, rng, number = self._shop.env, Random(f"{self._seed}/browses"), BROWSE * NUMBERS_A_STREAM
        while True:
            yield from load.poisson(env, rng, self._rates.browses_per_s, self._surge)
            number += 1
            env.process(self._shop.gateway.browse(Request(self._seed, BROWSE, number)))

    def _checkouts(self) -> Steps[None]:
        env, rng, number = self._shop.env, Random(f"{self._seed}/checkouts"), CHECKOUT * NUMBERS_A_STREAM
        while True:
            yield from load.poisson(env, rng, self._rates.checkouts_per_s, self._surge)
            number += 1
            merchant = rng.randrange(self._rates.merchants)
            request = Request(self._seed, CHECKOUT, number, merchant)
            env.process(self._shop.gateway.checkout(request))

    def _drops(self) -> Steps[None]:
        """Each hot merchant sells a similar number of the same drop."""
        env, rng, number = self._shop.env, Random(f"{self._seed}/drops"), DROP * NUMBERS_A_STREAM
        for at_s, buyers in load.drops(rng, self._surge, self._until_s):
            merchants = list(range(self._rates.hot_merchants))
            rng.shuffle(merchants)
            for index, instant in enumerate(load.instants(rng, at_s, buyers, self._surge.width_s)):
                yield env.timeout(max(0.0, instant - env.now))
                number += 1
                merchant = merchants[index % len(merchants)]
                request = Request(self._seed, DROP, number, merchant)
                env.process(self._shop.gateway.checkout(request))
