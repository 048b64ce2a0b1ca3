"""The breaker against an oracle that keeps the whole history of calls and reads the state off it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.specialists.circuit_breaker import (
    FAILURES,
    FIRST_PAUSE,
    LONG_WAIT,
    LONGEST_NAMED,
    LONGEST_PAUSE,
    CircuitBreaker,
    CircuitBreakers,
)


@dataclass
class Clock:
    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Oracle:
    """One call at a time: may the next one be made, from the list of (time, outcome, named wait) since the last
    success alone."""

    past: list[tuple[float, float]] = field(default_factory=list)

    def closed_until(self) -> float:
        """0: not open."""
        openings, until = 0, 0.0
        for number, (at, named) in enumerate(self.past, 1):
            if openings or number >= FAILURES or named > LONG_WAIT:
                until = at + max(min(LONGEST_PAUSE, FIRST_PAUSE * 2**openings), min(named, LONGEST_NAMED))
                openings += 1
        return until

    def may_ask(self, now: float) -> bool:
        return now >= self.closed_until()


outcomes = st.one_of(
    st.just("good"),
    st.just("taken back"),
    st.sampled_from([0.0, 1.0, LONG_WAIT, LONG_WAIT + 1, 10_000.0]),
)


@given(st.lists(st.tuples(st.floats(0, 900), outcomes), max_size=40))
def test_one_call_after_the_other_as_the_history_says(steps: list[tuple[float, str | float]]) -> None:
    clock, oracle = Clock(), Oracle()
    breaker = CircuitBreaker(clock)
    for pause, outcome in steps:
        clock.now += pause
        permit = breaker.admit()
        assert (permit is not None) == oracle.may_ask(clock.now)
        if permit is None:
            assert breaker.seconds_left() == oracle.closed_until() - clock.now > 0
        elif outcome == "good":
            breaker.succeeded(permit)
            oracle.past.clear()
        elif outcome == "taken back":
            breaker.abandoned(permit)
        else:
            assert isinstance(outcome, float)
            breaker.failed(permit, outcome or None)
            oracle.past.append((clock.now, outcome))


def opened(clock: Clock) -> CircuitBreaker:
    breaker = CircuitBreaker(clock)
    for _ in range(FAILURES):
        permit = breaker.admit()
        assert permit is not None
        breaker.failed(permit)
    return breaker


def test_after_the_pause_one_call_is_the_probe_and_the_others_wait_for_it() -> None:
    clock = Clock()
    breaker = opened(clock)
    assert breaker.admit() is None
    clock.now += FIRST_PAUSE
    probe = breaker.admit()
    assert probe is not None and breaker.admit() is None
    breaker.failed(probe)
    clock.now += FIRST_PAUSE
    assert breaker.admit() is None, "the second pause is twice as long"
    clock.now += FIRST_PAUSE
    again = breaker.admit()
    assert again is not None
    breaker.succeeded(again)
    assert all(breaker.admit() is not None for _ in range(5))


def test_a_probe_that_is_taken_back_leaves_its_place_to_the_next() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += FIRST_PAUSE
    probe = breaker.admit()
    assert probe is not None
    breaker.abandoned(probe)
    assert breaker.admit() is not None


def test_calls_from_before_it_opened_do_not_end_the_probe_nor_lengthen_the_pause() -> None:
    clock = Clock()
    breaker = CircuitBreaker(clock)
    early = [permit for _ in range(FAILURES + 2) if (permit := breaker.admit()) is not None]
    for permit in early[:FAILURES]:
        breaker.failed(permit)
    breaker.failed(early[FAILURES])
    assert breaker.seconds_left() == FIRST_PAUSE
    clock.now += FIRST_PAUSE
    assert breaker.admit() is not None
    breaker.abandoned(early[-1])
    assert breaker.admit() is None, "the probe is still under way"


def test_threads_share_one_and_only_one_of_them_probes() -> None:
    clock = Clock()
    breakers = CircuitBreakers(clock)
    for _ in range(FAILURES):
        permit = breakers.of("google", "m").admit()
        assert permit is not None
        breakers.of("google", "m").failed(permit)
    clock.now += FIRST_PAUSE
    start, permits = threading.Barrier(8), []

    def ask() -> None:
        start.wait()
        permits.append(breakers.of("google", "m").admit())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(permit is not None for permit in permits) == 1
    assert breakers.of("google", "another").admit() is not None
