"""Critical paths against a slow and obvious reading of the definition, and the compiled kernel against numpy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.kernels.cache import Kernel, Kernels, store
from deep_code_reasoning.store import parents, topology
from deep_code_reasoning.store.critical_path import CONSUMER, OTHER_KIND, SERVER
from store.rows import tables_of

LATEST = np.iinfo(np.int64).max
Span = tuple[int, int, int, int, int]  # parent, start, duration, clock, kind

kinds = st.sampled_from([OTHER_KIND, SERVER, CONSUMER])
few_clocks = st.integers(0, 1)
spans = st.lists(
    st.tuples(st.integers(-1, 14), st.integers(0, 60), st.integers(-2, 40), few_clocks, kinds), min_size=1, max_size=15
)
long_spans = st.lists(
    st.tuples(st.integers(-1, 9), st.integers(0, 90_000), st.integers(0, 90_000), few_clocks, kinds), max_size=10
)
any_number = st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(-5, 5), st.just(LATEST))
hostile_spans = st.lists(st.tuples(st.integers(-1, 79), any_number, any_number, few_clocks, kinds), max_size=80)
wide_spans = st.lists(
    st.tuples(st.integers(-1, 2), st.integers(0, 3_000), st.integers(0, 500), few_clocks, kinds), max_size=120
)


Compiled = dict[Kernel, Callable[..., int]]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    directory = tmp_path_factory.mktemp("kernels")
    directory.chmod(0o700)
    found = {}
    for kernel in (topology.KERNEL, parents.KERNEL):
        store(directory, kernel)
        function = Kernels(directory, compile_missing=False).find(kernel)
        assert function
        found[kernel] = function
    return found


def resolved(given: list[Span], function: Callable[..., int] | None = None) -> topology.Topology:
    columns = zip(*given, strict=True) if given else [()] * 5
    parent, start, duration, clock, kind = (np.array(column, dtype=np.int64) for column in columns)
    parent = np.where(parent < len(given), parent, -1)
    return topology.resolve(
        parent, parent >= 0, start, duration, clock.astype(np.uint64), kind.astype(np.uint8), function
    )


def slow(given: list[Span], parent: list[int]) -> list[int]:
    """By the docstring, with one recursion a span; `parent` without cycles."""
    own = [0] * len(given)
    length = [max(0, duration) for _, _, duration, _, _ in given]

    def visit(node: int, base: int, low: int, high: int) -> None:
        _, start, _, clock, _ = given[node]
        children = []
        for child, (_, child_start, _, child_clock, kind) in enumerate(given):
            if parent[child] != node:
                continue
            place = child_start - start
            outlives = place + length[child] - length[node]
            if child_clock != clock:
                room = length[node] - length[child]
                place = min(max(place, 0), room if room >= 0 else length[node])
            elif kind != SERVER and outlives > length[node] // 100 + 2000:
                continue
            begin = max(low, base + place)
            end = min(high, base + place + length[child])
            if kind != CONSUMER and begin < end:
                children.append((end, -begin, -child, base + place))
        own[node] = high - low
        free = high
        for end, begin, child, at in sorted(children, reverse=True):
            if end <= free:
                free = -begin
                own[node] -= end - free
                visit(-child, at, free, end)

    for node, above in enumerate(parent):
        if above < 0:
            visit(node, 0, 0, length[node])
    return own


@given(st.one_of(spans, long_spans, wide_spans))
def test_the_path_is_what_the_definition_says(given: list[Span]) -> None:
    tree = resolved(given)
    assert tree.critical_path.tolist() == slow(given, tree.parent.tolist())


@given(st.one_of(spans, long_spans, wide_spans, hostile_spans))
def test_the_parts_of_a_tree_add_up_to_its_roots_duration(given: list[Span]) -> None:
    tree = resolved(given)
    start = np.maximum(np.array([start for _, start, _, _, _ in given], dtype=np.int64), 0)
    expected = [int(tree.end[i] - start[i]) for i in range(len(given)) if tree.parent[i] < 0]
    assert (tree.critical_path >= 0).all()
    assert sum(tree.critical_path.tolist()) == sum(expected)


@given(st.one_of(spans, long_spans, wide_spans, hostile_spans))
def test_the_kernel_gives_the_same_numbers(compiled: Compiled, given: list[Span]) -> None:
    plain, fast = resolved(given), resolved(given, compiled[topology.KERNEL])
    for name in ("parent", "depth", "end", "self_time", "critical_path", "is_orphan", "in_cycle"):
        assert getattr(fast, name).tolist() == getattr(plain, name).tolist(), name


ids = st.integers(0, 6)


@given(st.lists(st.tuples(ids, ids, ids), max_size=60), st.booleans())
def test_parents_are_found_by_both_ids(compiled: Compiled, given: list[tuple[int, int, int]], fast: bool) -> None:
    """Oracle: a dictionary. 0 is no parent; of rows with the same ids the first is the parent."""
    columns = list(zip(*given, strict=True)) if given else [(), (), ()]
    trace, span, wanted = (np.array(column, dtype=np.uint64) for column in columns)
    found = parents.find_parents(trace, span, wanted, compiled[parents.KERNEL] if fast else None)
    first: dict[tuple[int, int], int] = {}
    traces: dict[int, int] = {}
    for i, (trace_id, span_id, _) in enumerate(given):
        first.setdefault((trace_id, span_id), i)
        traces.setdefault(trace_id, len(traces))
    assert found.row.tolist() == [first.get((t, w), -1) if w else -1 for t, _, w in given]
    assert found.trace_number.tolist() == [traces[t] for t, _, _ in given]
    assert found.repeated == len(given) - len(first)


@pytest.mark.parametrize("fast", [False, True])
def test_a_chain_a_family_and_a_cycle_of_a_hundred_thousand(compiled: Compiled, fast: bool) -> None:
    function = compiled[topology.KERNEL] if fast else None
    count = 100_000
    chain = [(i - 1, i, 2 * (count - i), 0, OTHER_KIND) for i in range(count)]
    family = [(-1, 0, 2 * count, 0, OTHER_KIND)] + [(0, i * 7919 % count, 2, 0, OTHER_KIND) for i in range(count)]
    cycle = [((i + 1) % count, i, 1, 0, OTHER_KIND) for i in range(count)]
    assert resolved(chain, function).critical_path.sum() == 2 * count
    assert resolved(family, function).critical_path.sum() == 2 * count
    assert resolved(cycle, function).in_cycle.all()


MS = 1_000_000


def path(tmp_path: Path, **given: tuple[str | None, int, int, str, str]) -> dict[str, float]:
    """name = (parent, begin, end, host, kind), in milliseconds; the parts above zero."""
    rows = [
        {"span_id": name, "name": name, "parent_span_id": parent, "start_time_unix_nano": (1_000 + begin) * MS,
         "duration_nano": (end - begin) * MS, "host": host, "kind": kind, "service_name": "shop"}
        for name, (parent, begin, end, host, kind) in given.items()
    ]  # fmt: skip
    with tables_of(tmp_path, spans=rows) as tables:
        return dict(tables.rows("SELECT operation, critical_path_nano / 1000000 FROM critical_path ORDER BY operation"))


def test_of_parallel_calls_the_one_that_returned_last_counts(tmp_path: Path) -> None:
    assert path(
        tmp_path,
        page=(None, 0, 100, "a", "server"),
        login=("page", 5, 20, "a", "client"),
        stock=("page", 20, 60, "a", "client"),
        price=("page", 20, 90, "a", "client"),
    ) == {"page": 15, "login": 15, "price": 70}


def test_nobody_waits_for_consumers_and_for_what_outlives_its_parent(tmp_path: Path) -> None:
    assert path(
        tmp_path,
        page=(None, 0, 100, "a", "server"),
        query=("page", 10, 80, "a", "client"),
        audit=("page", 50, 300, "a", "internal"),
        mail=("page", 60, 95, "b", "consumer"),
        smtp=("mail", 61, 94, "b", "client"),
    ) == {"page": 30, "query": 70}


def test_a_callee_whose_clock_is_off_is_put_inside_its_call(tmp_path: Path) -> None:
    assert path(
        tmp_path,
        page=(None, 0, 100, "a", "server"),
        call=("page", 10, 90, "a", "client"),
        serve=("call", -500, -430, "b", "server"),
        query=("serve", -490, -450, "b", "client"),
    ) == {"page": 20, "call": 10, "serve": 30, "query": 40}


def test_a_server_that_goes_on_after_its_client_gave_up_is_cut(tmp_path: Path) -> None:
    assert path(
        tmp_path,
        call=(None, 0, 100, "a", "client"),
        serve=("call", 10, 500, "a", "server"),
        query=("serve", 20, 490, "a", "client"),
    ) == {"call": 10, "serve": 10, "query": 80}
