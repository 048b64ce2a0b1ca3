"""Self time, depth and cycles, against slow and obvious oracles."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.store import topology
from deep_code_reasoning.store.topology import Topology

SPANS = st.lists(
    st.tuples(st.integers(-1, 14), st.integers(0, 60), st.integers(-2, 40)), min_size=1, max_size=15
)  # parent, start, duration


def arrays(spans: list[tuple[int, int, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    parent = np.array([p if p < len(spans) else -1 for p, _, _ in spans], dtype=np.int64)
    return (
        parent,
        np.array([s for _, s, _ in spans], dtype=np.int64),
        np.array([d for _, _, d in spans], dtype=np.int64),
    )


def resolve(parent: np.ndarray, names_parent: np.ndarray, start: np.ndarray, duration: np.ndarray) -> Topology:
    """All by one clock and of one kind, in numpy; test_critical_path compares it with the compiled kernel."""
    clock, kind = np.zeros(len(parent), np.uint64), np.zeros(len(parent), np.uint8)
    return topology.resolve(parent, names_parent, start, duration, clock, kind)


def slow_cycle_members(parent: list[int]) -> set[int]:
    members = set()
    for node in range(len(parent)):
        step = parent[node]
        for _ in parent:
            if step == node:
                members.add(node)
            step = parent[step] if step >= 0 else -1
    return members


@given(SPANS)
def test_self_time_is_the_nanoseconds_in_which_no_child_runs(spans: list[tuple[int, int, int]]) -> None:
    parent, start, duration = arrays(spans)
    tree = resolve(parent, parent >= 0, start, duration)
    for i in range(len(spans)):
        alone = set(range(start[i], start[i] + duration[i]))
        for j in range(len(spans)):
            if tree.parent[j] == i:
                alone -= set(range(start[j], start[j] + duration[j]))
        assert tree.self_time[i] == len(alone)


@given(SPANS)
def test_depth_counts_steps_to_the_root_and_cycles_are_cut(spans: list[tuple[int, int, int]]) -> None:
    parent, start, duration = arrays(spans)
    tree = resolve(parent, parent >= 0, start, duration)
    members = slow_cycle_members(parent.tolist())
    assert set(np.flatnonzero(tree.in_cycle).tolist()) == members
    for i in range(len(spans)):
        node, steps = i, 0
        while node not in members and parent[node] >= 0:
            node, steps = parent[node], steps + 1
        assert tree.depth[i] == steps


@given(SPANS, st.integers(1, 40))
def test_the_cut_into_pieces_changes_nothing(spans: list[tuple[int, int, int]], longest: int) -> None:
    """With a tiny limit every few parents are a piece of their own."""
    parent, start, duration = arrays(spans)
    end = start + np.maximum(duration, 0)
    whole = topology.covered_by_children(parent, start, end)
    usual = topology.LONGEST
    try:
        topology.LONGEST = longest
        assert topology.covered_by_children(parent, start, end).tolist() == whole.tolist()
    finally:
        topology.LONGEST = usual


def test_a_chain_of_a_hundred_thousand_spans_has_that_depth() -> None:
    parent = np.arange(-1, 99_999)
    tree = resolve(parent, parent >= 0, np.zeros(100_000, np.int64), np.ones(100_000, np.int64))
    assert tree.depth[-1] == 99_999
    assert tree.self_time.sum() == 1


def test_times_at_the_ends_of_sixty_four_bits_do_not_overflow() -> None:
    latest, earliest = np.iinfo(np.int64).max, np.iinfo(np.int64).min
    parent = np.array([-1, 0, 0, -1, 3])
    start = np.array([0, latest - 5, earliest, latest, 100])
    duration = np.array([latest, latest, latest, latest, earliest])
    tree = resolve(parent, parent >= 0, start, duration)
    assert (tree.end >= np.maximum(start, 0)).all()
    assert (tree.self_time >= 0).all()


def test_millions_of_nanoseconds_of_many_parents_stay_exact() -> None:
    """The common axis grows past what a float holds exactly; integers must not."""
    n = 3_000
    parent = np.concatenate([np.full(n, -1), np.arange(n)])
    start = np.zeros(2 * n, np.int64)
    duration = np.concatenate([np.full(n, (1 << 51) + 1), np.full(n, 1 << 51)])
    tree = resolve(parent, parent >= 0, start, duration)
    assert (tree.self_time[:n] == 1).all()


def test_no_spans_is_no_error() -> None:
    nothing = np.array([], dtype=np.int64)
    assert len(resolve(nothing, nothing.astype(bool), nothing, nothing).depth) == 0
