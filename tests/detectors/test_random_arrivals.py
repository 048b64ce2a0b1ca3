"""Rules of waiting against requests that come at random: a queue is seen, and what only looks like one is not."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterator

import pytest

from detectors import golden

BEFORE, AFTER = (0.0, 20.0), (20.0, 40.0)
Rows = Iterator[golden.Row]


def arrivals(draw: random.Random, rate: float) -> Iterator[tuple[int, float, bool]]:
    """Number, seconds and whether it is in the incident, of a Poisson process."""
    at, number = 0.0, 0
    while (at := at + draw.expovariate(rate)) < AFTER[1]:
        number += 1
        yield number, at, at >= AFTER[0]


def row(trace: int, span: str, parent: str, name: str, begin: float, end: float, **more: str) -> golden.Row:
    known = {
        "trace": f"t{trace}",
        "span": span,
        "service": "orders",
        "host": "n1",
        "name": name,
        "kind": "client" if parent else "server",
        "start_ms": str(1000 * begin),
        "dur_ms": str(1000 * (end - begin)),
    }
    return known | ({"parent": parent} if parent else {}) | {key.replace("_", "."): text for key, text in more.items()}


def five_connections(draw: random.Random) -> Rows:
    """An M/M/5 queue: connections are held for 300 ms instead of 40."""
    free = [0.0] * 5
    for number, at, is_late in arrivals(draw, 18):
        hold = draw.expovariate(1 / (0.3 if is_late else 0.04))
        begin = max(at + draw.uniform(0.001, 0.005), heapq.heappop(free))
        heapq.heappush(free, begin + hold)
        yield row(number, "a", "", "GET /order", at, begin + hold)
        yield row(number, "q", "a", "SELECT", begin, begin + hold, db_system_name="mysql")


def connections_for_all(draw: random.Random) -> Rows:
    """No queue: each request computes longer the more of them there are, and nobody waits for a connection."""
    ends: list[float] = []
    for number, at, is_late in arrivals(draw, 18):
        ends = [end for end in ends if end > at]
        begin = at + draw.uniform(0.001, 0.005) + (0.03 * len(ends) * draw.uniform(0.5, 1.5) if is_late else 0)
        ends.append(begin + draw.expovariate(1 / (0.3 if is_late else 0.04)))
        yield row(number, "a", "", "GET /order", at, ends[-1])
        yield row(number, "q", "a", "SELECT", begin, ends[-1], db_system_name="mysql")


def one_holder_at_a_time(draw: random.Random) -> Rows:
    """An M/M/1 queue for a lock that is held for 45 ms instead of 5."""
    free = 0.0
    for number, at, is_late in arrivals(draw, 20):
        granted = max(at + 0.002, free)
        free = granted + draw.expovariate(1 / (0.045 if is_late else 0.005))
        yield row(number, "a", "", "GET /order", at, free)
        yield row(number, "w", "a", "Acquire", at + 0.001, granted, lock_key="stock")
        yield row(number, "r", "a", "Release", free, free + 0.001, lock_key="stock")


def a_slow_lock_service(draw: random.Random) -> Rows:
    """Each waits as long as the lock service takes, however many others do."""
    for number, at, is_late in arrivals(draw, 20):
        granted = at + 0.002 + (draw.expovariate(1 / 0.2) if is_late else 0)
        yield row(number, "a", "", "GET /order", at, granted + 0.01)
        yield row(number, "w", "a", "Acquire", at + 0.001, granted, lock_key="stock")


def an_entry_that_expires(draw: random.Random) -> Rows:
    """3 % of the requests miss; for 0.8 s all do."""
    return missed(draw, lambda at: 28 < at < 28.8, 0.2)


def a_slow_database(draw: random.Random) -> Rows:
    """3 % of the requests miss, and the query takes a second instead of a twentieth."""
    return missed(draw, lambda at: False, 1.0)


def missed(draw: random.Random, is_lost: Callable[[float], bool], seconds: float) -> Rows:
    for number, at, is_late in arrivals(draw, 40):
        took = (seconds if is_late else 0.05) * draw.uniform(0.8, 1.2)
        if draw.random() < 0.03 or is_lost(at):
            yield row(number, "q", "a", "SELECT", at, at + took, db_system_name="mysql", db_query_text="SELECT 1")
        yield row(number, "a", "", "GET /top", at, at + took + 0.001)


@pytest.mark.parametrize(
    ("page", "play", "is_found"),
    [
        ("pools/connection_pool_exhaustion.md", five_connections, True),
        ("pools/connection_pool_exhaustion.md", connections_for_all, False),
        ("locks/lock_convoy.md", one_holder_at_a_time, True),
        ("locks/lock_convoy.md", a_slow_lock_service, False),
        ("caching/cache_stampede.md", an_entry_that_expires, True),
        ("caching/cache_stampede.md", a_slow_database, False),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_queues_is_told_from_what_does_not(page: str, play: Callable, is_found: bool, detect) -> None:
    windows = [
        {"window": name, "from_ms": str(1000 * begin), "to_ms": str(1000 * end)}
        for name, (begin, end) in (("baseline", BEFORE), ("incident", AFTER))
    ]
    blocks = [golden.Block("spans", list(play(random.Random(5))), 0), golden.Block("windows", windows, 0)]
    found = detect(golden.Case(golden.PAGES / page, play.__name__, blocks))
    assert bool(found) is is_found, found
