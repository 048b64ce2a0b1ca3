"""Trees that are grown a trace at a time, by compiled kernels and several threads, are those of all spans at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deep_code_reasoning.kernels.cache import Kernels
from deep_code_reasoning.store import trees_by_trace, trees_in_parts
from deep_code_reasoning.store.parents import find_parents, trace_numbers
from deep_code_reasoning.store.span_trees import SpanTrees, span_trees

Span = tuple[int, int, int, int, int, int, int]  # trace, id, parent's id, start, duration, host, kind

_HOSTILE = st.integers(-(2**63), 2**63 - 1) | st.integers(-5, 50)
_IDS = st.integers(0, 6) | st.sampled_from([2**63, 2**64 - 1])
_SPAN = st.tuples(_IDS, _IDS, _IDS, _HOSTILE, _HOSTILE, st.integers(0, 1), st.integers(0, 2))


def columns(spans: list[Span]) -> dict[str, np.ndarray]:
    """Numbers with gaps, as there are behind a load that was cut short."""
    kinds = (np.uint64, np.uint64, np.uint64, np.int64, np.int64, np.uint32, np.uint8)
    names = ("trace", "span", "wanted", "start", "duration", "clock", "kind")
    given = zip(*spans, strict=True) if spans else [()] * len(names)
    return {"span_number": 3 * np.arange(len(spans))} | {
        name: np.array(column, kind) for name, kind, column in zip(names, kinds, given, strict=True)
    }


def plainly(found: SpanTrees | None) -> dict[str, list[int]] | None:
    return found and {name: column.tolist() for name, column in found.items()}


@settings(deadline=None)
@given(st.lists(_SPAN, max_size=60), st.integers(1, 3), st.booleans())
def test_any_traces_have_the_trees_that_numpy_finds(
    kernels: Kernels, spans: list[Span], threads: int, is_once: bool
) -> None:
    given = columns(spans)
    found = trees_by_trace.trees_by_trace(given, kernels, threads)
    assert found
    assert plainly(found.columns) == plainly(span_trees(given, Kernels(None), is_once=True))
    assert (span_trees(given, kernels, threads, is_once=is_once) is None) == (
        span_trees(given, Kernels(None), is_once=is_once) is None
    )


@settings(deadline=None)
@given(st.lists(_SPAN, max_size=60), st.integers(1, 3), st.integers(1, 8))
def test_parts_have_the_trees_that_all_spans_have_together(spans: list[Span], threads: int, most: int) -> None:
    given = columns(spans)
    together = span_trees(given, Kernels(None), is_once=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trees_in_parts, "PART_ROWS", most)
        assert plainly(span_trees(given, Kernels(None), threads, is_once=True)) == plainly(together)


@pytest.mark.parametrize("spread", [1, 40])
def test_traces_whose_spans_lie_apart(kernels: Kernels, spread: int) -> None:
    """Spans of one trace behind each other, or `spread` rows apart."""
    order = np.arange(2_000).reshape(-1, 5 * spread).reshape(-1, 5, spread).swapaxes(1, 2).reshape(-1, 5)
    spans: list[Span] = [(0, 0, 0, 0, 0, 0, 0)] * order.size
    for trace, rows in enumerate(order.tolist()):
        for place, row in enumerate(rows):
            spans[row] = (trace, place + 1, place, row, 5 - place, trace % 2, 0)
    given = columns(spans)
    assert plainly(span_trees(given, kernels, 2)) == plainly(span_trees(given, Kernels(None)))


def test_many_traces_of_a_span_or_two(kernels: Kernels) -> None:
    """The table of traces grows while they are numbered."""
    spans: list[Span] = [(trace % 1_500, trace // 1_500 + 1, 1, trace, 1, 0, 0) for trace in range(2_000)]
    given = columns(spans)
    assert plainly(span_trees(given, kernels, 2)) == plainly(span_trees(given, Kernels(None)))


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 6)), max_size=60))
def test_parents_are_found_by_both_ids(given: list[tuple[int, int, int]]) -> None:
    """Oracle: a dictionary. 0 is no parent; of rows with the same ids the first is the parent."""
    trace, span, wanted = (np.array(column, np.uint64) for column in (zip(*given, strict=True) if given else [()] * 3))
    numbers = trace_numbers(trace)
    found = find_parents(numbers, span, wanted)
    first: dict[tuple[int, int], int] = {}
    traces: dict[int, int] = {}
    for i, (trace_id, span_id, _) in enumerate(given):
        first.setdefault((trace_id, span_id), i)
        traces.setdefault(trace_id, len(traces))
    assert found.row.tolist() == [first.get((t, w), -1) if w else -1 for t, _, w in given]
    assert numbers.tolist() == [traces[t] for t, _, _ in given]
    assert found.repeated == len(given) - len(first)
