"""The bounds on clocks hold the truth, whatever the delays, drifts and shapes of the call graph."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.detectors.groundwork.clocks import clock_graph, clock_lines
from deep_code_reasoning.detectors.groundwork.clocks.clock_graph import Constraint

MS = 1_000_000.0
SECOND = 1_000 * MS

delays = st.floats(0, 50 * MS)
calls = st.lists(st.tuples(st.integers(0, 600 * 10**9), delays, delays, delays), min_size=1, max_size=60)


def measured(calls: list[tuple], offset: float, drift: float) -> tuple[np.ndarray, ...]:
    """Bounds that calls (start, there, work, back) between two hosts give on theta(t) = offset + drift t."""
    start, there, work, back = (np.array(column) for column in zip(*calls, strict=True))
    end = start + there + work + back
    served, answered = start + there, end - back
    upper = served + offset + drift * served - start
    lower = answered + offset + drift * answered - end
    return end, lower, start, upper


@given(calls, st.floats(-500 * MS, 500 * MS), st.floats(-199e-6, 199e-6))
def test_the_true_line_lies_within_the_bounds(calls: list, offset: float, drift: float) -> None:
    span = 601 * SECOND
    found = clock_lines.fit(*measured(calls, offset, drift), span)
    # theta(t) moves by drift x delay while a call is under way: at most 200 ppm of 150 ms
    tolerance = 200e-6 * 150 * MS
    assert found.slack <= tolerance
    assert found.lower_first - tolerance <= offset <= found.upper_first + tolerance
    end = offset + drift * span
    assert found.lower_last - 2 * tolerance <= end <= found.upper_last + 2 * tolerance


def test_one_call_bounds_the_offset_by_its_two_delays() -> None:
    end, lower, start, upper = measured([(0.0, 2 * MS, 5 * MS, 3 * MS)], 60 * MS, 0.0)
    found = clock_lines.fit(end, lower, start, upper, 0.0)
    assert np.allclose(found, (57 * MS, 62 * MS, 57 * MS, 62 * MS, 0.0), atol=200e-6 * 10 * MS)


def test_samples_that_leave_exactly_one_line_are_no_step() -> None:
    measurements = measured([(0, 0.0, 1.0, 0.0), (2, 0.0, 0.0, 0.0)], 1.0, 0.00011558956458679521)
    assert clock_lines.fit(*measurements, 600 * SECOND).slack == 0


def test_lines_through_one_point_are_all_kept() -> None:
    """An answer in no time at 1 ns pins theta there; four microseconds of calls say nothing of the drift."""
    drift = -2.761267592094906e-05
    found = clock_lines.fit(*measured([(0, 0.0, 4139.0, 0.0), (1, 0.0, 0.0, 0.0)], 0.0, drift), 600 * SECOND)
    assert found.slack == 0
    assert found.lower_last <= drift * 600 * SECOND <= found.upper_last


def test_drift_is_found_between_steady_delays() -> None:
    calls = [(at * SECOND, 1 * MS, 2 * MS, 1 * MS) for at in range(600)]
    found = clock_lines.fit(*measured(calls, 10 * MS, 50e-6), 600 * SECOND)
    slowest = (found.lower_last - found.upper_first) / (600 * SECOND)
    fastest = (found.upper_last - found.lower_first) / (600 * SECOND)
    assert slowest < 50e-6 < fastest
    assert fastest - slowest < 10e-6


def test_a_step_of_the_clock_shows_as_slack_and_widens_the_bounds() -> None:
    before = measured([(at * SECOND, MS, MS, MS) for at in range(300)], 0.0, 0.0)
    after = measured([(at * SECOND, MS, MS, MS) for at in range(300, 600)], 500 * MS, 0.0)
    found = clock_lines.fit(*(np.concatenate(two) for two in zip(before, after, strict=True)), 600 * SECOND)
    assert found.slack > 100 * MS
    assert found.lower_first <= 0 <= found.upper_first
    assert found.lower_last <= 500 * MS <= found.upper_last


@st.composite
def networks(draw: st.DrawFn) -> tuple[list[float], list[Constraint]]:
    offsets = draw(st.lists(st.floats(-100 * MS, 100 * MS), min_size=2, max_size=8))
    hosts = st.integers(0, len(offsets) - 1)
    found = []
    for other, host in draw(st.lists(st.tuples(hosts, hosts), max_size=20)):
        if other != host:
            theta = offsets[host] - offsets[other]
            bounds = theta - draw(delays), theta + draw(delays)
            found.append(Constraint(other, host, *bounds, draw(st.integers(1, 100))))
    return offsets, found


@given(networks())
def test_offsets_carried_over_the_graph_hold_the_truth(network: tuple) -> None:
    offsets, constraints = network
    found = clock_graph.against(0, len(offsets), constraints)
    assert not found.refused
    for host, true in enumerate(offsets):
        if not np.isnan(found.upper[host]):
            assert found.lower[host] - 1 <= true - offsets[0] <= found.upper[host] + 1


@given(networks())
def test_bounds_are_the_shortest_paths(network: tuple) -> None:
    """Oracle: Floyd and Warshall's closure."""
    offsets, constraints = network
    closure = np.full((len(offsets), len(offsets)), np.inf)
    np.fill_diagonal(closure, 0.0)
    for edge in constraints:
        closure[edge.other, edge.host] = min(closure[edge.other, edge.host], edge.upper)
        closure[edge.host, edge.other] = min(closure[edge.host, edge.other], -edge.lower)
    for middle in range(len(offsets)):
        closure = np.minimum(closure, closure[:, [middle]] + closure[[middle], :])
    found = clock_graph.against(0, len(offsets), constraints)
    reached = ~np.isinf(closure[0])
    assert (np.isnan(found.upper) == ~reached).all()
    assert np.allclose(found.upper[reached], closure[0][reached], atol=1)
    assert np.allclose(found.lower[reached], -closure[:, 0][reached], atol=1)


@given(networks(), st.integers(0, 7), st.integers(0, 7))
def test_a_contradiction_is_refused_and_named(network: tuple, at: int, to: int) -> None:
    offsets, constraints = network
    other, host = at % len(offsets), to % len(offsets)
    if other == host:
        return
    theta = offsets[host] - offsets[other]
    constraints = [Constraint(other, host, theta - MS, theta + MS, 1000), *constraints]
    false = Constraint(other, host, theta + 400 * MS, theta + 500 * MS, 0)
    found = clock_graph.against(0, len(offsets), [*constraints, false])
    reached = not np.isnan(found.upper[other])
    assert [one.refused for one in found.refused] == ([false] if reached else [])


def test_unreachable_hosts_have_no_offset() -> None:
    found = clock_graph.against(0, 3, [Constraint(0, 1, 1.0, 3.0, 5)])
    assert (found.lower[1], found.upper[1]) == (1.0, 3.0)
    assert np.isnan(found.lower[2])
    assert np.isnan(found.upper[2])
