"""Latency between hosts, with jitter, and links that are slow for a while."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

SAME_HOST_S = 0.00006
MIN_ONE_WAY_S = 0.00015
MEAN_JITTER_S = 0.00025
MAX_ONE_WAY_S = 0.0015


@dataclass(frozen=True, slots=True)
class SlowLink:
    """Extra latency each way between two services that call each other, between two true times in seconds."""

    source: str
    target: str
    from_s: float
    to_s: float
    extra_s: float


class Network:
    """One-way delays: a floor and an exponential jitter, so that round trips take 0.3 to 3 ms."""

    def __init__(self, slow_links: tuple[SlowLink, ...] = ()) -> None:
        self._slow = {
            ends: link for link in slow_links for ends in ((link.source, link.target), (link.target, link.source))
        }

    def one_way_s(self, rng: Random, now: float, source: tuple[str, str], target: tuple[str, str]) -> float:
        """Seconds a message takes between two (service, host) places at true time `now`."""
        if source[1] == target[1]:
            delay = SAME_HOST_S * (0.5 + rng.random())
        else:
            delay = min(MAX_ONE_WAY_S, MIN_ONE_WAY_S + rng.expovariate(1.0 / MEAN_JITTER_S))
        if self._slow:
            link = self._slow.get((source[0], target[0]))
            if link is not None and link.from_s <= now < link.to_s:
                delay += link.extra_s * (0.7 + 0.6 * rng.random())
        return delay
