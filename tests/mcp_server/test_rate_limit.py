"""A token bucket a client."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.mcp_server.rate_limit import Buckets


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_then_one_a_second() -> None:
    clock = Clock()
    buckets = Buckets(a_minute=60, burst=3, clock=clock)
    assert [buckets.take("a") for _ in range(3)] == [0, 0, 0]
    assert buckets.take("a") == 1
    assert buckets.take("b") == 0, "each client has its own"
    clock.now = 1.0
    assert buckets.take("a") == 0
    assert buckets.take("a") == 1


@given(st.lists(st.floats(0, 5), min_size=1, max_size=100), st.integers(1, 10))
def test_never_more_than_the_burst_and_what_the_time_gives(pauses: list[float], burst: int) -> None:
    clock = Clock()
    buckets = Buckets(a_minute=60, burst=burst, clock=clock)
    taken = 0
    for pause in pauses:
        clock.now += pause
        taken += buckets.take("a") == 0
        assert taken <= burst + clock.now + 1e-6


def test_waiting_as_long_as_told_is_enough() -> None:
    clock = Clock()
    buckets = Buckets(a_minute=90, burst=1, clock=clock)
    for _ in range(50):
        if wait := buckets.take("a"):
            clock.now += wait + 1e-9
            assert buckets.take("a") == 0
