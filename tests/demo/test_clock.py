"""Host clocks by algebra, and the lock service by its promises."""

from __future__ import annotations

from itertools import pairwise

import simpy
from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.demo.clock import HostClock
from deep_code_reasoning.demo.lock_service import Lease, LockService

EPOCH_NS = 1_791_882_000_000_000_000
clocks = st.builds(
    HostClock,
    st.just(EPOCH_NS),
    st.integers(-10_000_000_000, 10_000_000_000),
    st.floats(-200.0, 200.0),
)
moments = st.floats(0.0, 86_400.0)


@given(clocks, moments)
def test_reading_a_clock_backwards_gives_the_true_time(clock: HostClock, true_s: float) -> None:
    assert abs(clock.true_s(clock.wall_ns(true_s)) - true_s) < 2e-9


@given(clocks, moments, moments)
def test_a_clock_never_runs_backwards(clock: HostClock, one: float, other: float) -> None:
    first, second = sorted((one, other))
    assert clock.wall_ns(first) <= clock.wall_ns(second)


@given(clocks, moments)
def test_the_offset_is_the_difference_to_a_perfect_clock(clock: HostClock, true_s: float) -> None:
    perfect = HostClock(EPOCH_NS)
    assert abs(clock.wall_ns(true_s) - perfect.wall_ns(true_s) - clock.offset_at_ns(true_s)) <= 65_536


@given(st.lists(st.tuples(st.floats(0.0, 5.0), st.floats(0.01, 4.0)), min_size=1, max_size=12))
def test_a_key_is_granted_in_order_and_never_twice_before_expiry(visits: list[tuple[float, float]]) -> None:
    env = simpy.Environment()
    expired: list[Lease] = []
    service = LockService(env, HostClock(EPOCH_NS, 5_000_000), 2_000_000_000, expired.append)
    grants: list[tuple[float, int]] = []
    ends: dict[int, float] = {}

    def visit(arrival: float, work: float):
        yield env.timeout(arrival)
        lease = yield service.acquire("key", "owner")
        grants.append((env.now, lease.id))
        yield env.timeout(work)
        held = service.release("key", lease.id)
        assert held == (lease not in expired)
        ends[lease.id] = min(env.now, grants[-1][0] + 10)

    for arrival, work in visits:
        env.process(visit(arrival, work))
    env.run()
    assert [lease_id for _, lease_id in grants] == list(range(1, len(visits) + 1))
    for (one, one_id), (other, _) in pairwise(grants):
        assert other >= min(ends[one_id], one + 2.0) - 1e-6
    assert service.active == service.waiters == 0
    assert all(service.renew("key", lease.id) is None for lease in expired)
