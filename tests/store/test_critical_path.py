"""Critical paths against a slow and obvious reading of the definition, and the compiled kernel against numpy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.kernels.cache import Kernels
from deep_code_reasoning.store.critical_path import CONSUMER, OTHER_KIND, SERVER
from deep_code_reasoning.store.span_trees import span_trees
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


def tree(given: list[Span], kernels: Kernels | None = None) -> dict[str, np.ndarray]:
    """Of one trace; parents by row, -1 for those that are not there."""
    columns = zip(*given, strict=True) if given else [()] * 5
    parent, start, duration, clock, kind = (np.array(column, dtype=np.int64) for column in columns)
    rows = np.arange(len(given))
    spans = {
        "span_number": rows,
        "trace": np.full(len(given), 7, np.uint64),
        "span": rows.astype(np.uint64) + np.uint64(1),
        "wanted": (np.where(parent < len(given), parent, -1) + 1).astype(np.uint64),
        "start": start,
        "duration": duration,
        "clock": clock.astype(np.uint32),
        "kind": kind.astype(np.uint8),
    }
    found = span_trees(spans, kernels or Kernels(None))
    assert found
    return found


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
    found = tree(given)
    assert found["critical_path_nano"].tolist() == slow(given, found["parent_number"].tolist())


@given(st.one_of(spans, long_spans, wide_spans, hostile_spans))
def test_the_parts_of_a_tree_add_up_to_its_roots_duration(given: list[Span]) -> None:
    found = tree(given)
    start = np.maximum(np.array([start for _, start, _, _, _ in given], dtype=np.int64), 0)
    end, parent, path = (found[name] for name in ("end_time_unix_nano", "parent_number", "critical_path_nano"))
    expected = [int(end[i] - start[i]) for i in range(len(given)) if parent[i] < 0]
    assert (path >= 0).all()
    assert sum(path.tolist()) == sum(expected)


@given(st.one_of(spans, long_spans, wide_spans, hostile_spans))
def test_the_kernel_gives_the_same_numbers(kernels: Kernels, given: list[Span]) -> None:
    plain, fast = tree(given), tree(given, kernels)
    assert {name: column.tolist() for name, column in fast.items()} == {
        name: column.tolist() for name, column in plain.items()
    }
    assert {name: column.dtype for name, column in fast.items()} == {name: c.dtype for name, c in plain.items()}


@pytest.mark.parametrize("fast", [False, True])
def test_a_chain_a_family_and_a_cycle_of_a_hundred_thousand(kernels: Kernels, fast: bool) -> None:
    used = kernels if fast else None
    count = 100_000
    chain = [(i - 1, i, 2 * (count - i), 0, OTHER_KIND) for i in range(count)]
    family = [(-1, 0, 2 * count, 0, OTHER_KIND)] + [(0, i * 7919 % count, 2, 0, OTHER_KIND) for i in range(count)]
    cycle = [((i + 1) % count, i, 1, 0, OTHER_KIND) for i in range(count)]
    assert tree(chain, used)["critical_path_nano"].sum() == 2 * count
    assert tree(family, used)["critical_path_nano"].sum() == 2 * count
    assert tree(cycle, used)["in_cycle"].all()


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
