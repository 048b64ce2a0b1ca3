"""The trees of all spans with compiled kernels: traces are numbered, then several threads grow some of them each."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from deep_code_reasoning.kernels.cache import Kernel
from deep_code_reasoning.kernels.pages import pages

if TYPE_CHECKING:
    from collections.abc import Callable

    from deep_code_reasoning.kernels.cache import Kernels

NUMBER = Kernel("deep_code_reasoning.store.topology_kernel", "number_traces")
GROW = Kernel("deep_code_reasoning.store.topology_kernel", "grow_traces")
MOST_ROWS = 1 << 30  # that the kernels number with 32 bits
PIECES = 4  # a thread takes one after the other, so that none waits for long


class Grown(NamedTuple):
    """By row: the columns of `topology` (parent_number -1 at a root). `repeated`: rows with both ids of another."""

    columns: dict[str, np.ndarray]
    repeated: int


class _Traces(NamedTuple):
    """`number` by row; by trace its first row and how many `spans`; `following`: the next row of a row's trace."""

    number: np.ndarray
    first: np.ndarray
    spans: np.ndarray
    following: np.ndarray


def trees_by_trace(spans: dict[str, np.ndarray], kernels: Kernels, threads: int) -> Grown | None:
    """`spans`: the columns of topology.sql by span number. None while a kernel is not there, and for too many."""
    number_traces, grow_traces = kernels.find(NUMBER), kernels.find(GROW)
    rows = len(spans["trace"])
    if number_traces is None or grow_traces is None or rows >= MOST_ROWS:
        return None
    traces = numbered(spans["trace"], number_traces)
    times, depth, flags = _new((4, rows), np.int64), _new((rows,), np.int32), _new((2, rows), np.uint8)
    names = ("span_number", "span", "wanted", "start", "duration", "clock", "kind")
    given = [traces.first, traces.spans, traces.following, *(spans[name] for name in names), times, depth, flags]
    pieces = _pieces(traces.spans, rows, threads * PIECES)
    with ThreadPoolExecutor(threads, "span-trees") as growing:
        repeated = growing.map(partial(_grow, grow_traces, secrets.randbits(62), traces.spans, given), pieces)
        count = sum(repeated)
    columns = {
        "span_number": spans["span_number"],
        "parent_number": times[0],
        "trace_number": traces.number,
        "start_time_unix_nano": spans["start"],
        "end_time_unix_nano": times[1],
        "self_time_nano": times[2],
        "critical_path_nano": times[3],
        "depth": depth,
        "is_orphan": flags[0].view(bool),
        "in_cycle": flags[1].view(bool),
    }
    return Grown(columns, count)


def numbered(trace: np.ndarray, kernel: Callable[..., int]) -> _Traces:
    rows = len(trace)
    number, following = _new((rows,), np.int64), _new((rows,), np.int32)
    first, last, spans = (np.empty(rows, np.int32) for _ in range(3))  # what is not written takes no memory
    begin, traces, salt = 0, 0, secrets.randbits(62)
    slots = 1 << max(2, rows.bit_length() - 1)  # enough for traces of four spans; four times as many where it is not
    while True:
        table = np.zeros(slots, np.int32)
        found = kernel(trace, begin, traces, salt, table, number, first, last, spans, following)
        if found >= 0:
            return _Traces(number, first[:found], spans[:found], following)
        begin, traces, slots = -found - 1, slots // 2, slots * 4


def _pieces(spans: np.ndarray, rows: int, pieces: int) -> list[tuple[int, int]]:
    """Ranges of traces that have about as many spans each."""
    ends = np.searchsorted(np.cumsum(spans), np.arange(1, pieces) * rows // pieces)
    cuts = np.unique([0, *ends.tolist(), len(spans)]).tolist()
    return list(pairwise(cuts))


def _grow(
    kernel: Callable[..., int], salt: int, spans: np.ndarray, given: list[np.ndarray], piece: tuple[int, int]
) -> int:
    most = int(spans[slice(*piece)].max())
    ids, times, numbers = (
        np.empty((2, most), np.uint64),
        np.empty((7, most), np.int64),
        np.empty((7, most + 1), np.int32),
    )
    clock, flags = np.empty(most, np.uint32), np.empty((3, most), np.uint8)
    table = np.empty(2 << most.bit_length(), np.int32)
    return kernel(*piece, salt, *given, ids, times, numbers, clock, flags, table)


def _new(shape: tuple[int, ...], kind: type[np.generic]) -> np.ndarray:
    size = int(np.prod(shape)) * np.dtype(kind).itemsize
    return np.frombuffer(pages(size, filled=True), kind, int(np.prod(shape))).reshape(shape)
