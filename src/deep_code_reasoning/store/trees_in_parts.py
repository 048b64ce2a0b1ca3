"""The trees of all spans without kernels: numpy's steps on the spans of some traces at a time.

A part's columns stay in a processor's cache, and while numpy is at work on them another thread is at other parts.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from deep_code_reasoning.store.parents import find_parents, trace_numbers
from deep_code_reasoning.store.topology import resolve
from deep_code_reasoning.store.trees_by_trace import Grown

PART_ROWS = 1 << 15
_KINDS = {
    "parent_number": np.int64, "end_time_unix_nano": np.int64, "self_time_nano": np.int64,
    "critical_path_nano": np.int64, "depth": np.int32, "is_orphan": np.bool, "in_cycle": np.bool,
}  # fmt: skip


def trees_in_parts(spans: dict[str, np.ndarray], threads: int) -> Grown:
    """`spans`: the columns of topology.sql by span number."""
    given = spans | {"trace": trace_numbers(spans["trace"])}
    columns = {name: np.empty(len(given["trace"]), kind) for name, kind in _KINDS.items()}
    with ThreadPoolExecutor(threads, "span-trees") as growing:
        repeated = sum(growing.map(partial(_grow, given, columns), _parts(given["trace"])))
    columns |= {
        "span_number": spans["span_number"],
        "trace_number": given["trace"],
        "start_time_unix_nano": spans["start"],
    }
    return Grown(columns, repeated)


def _parts(trace: np.ndarray) -> list[np.ndarray]:
    """The rows of some traces each, in their order; of traces that began one after the other, so they lie together."""
    if len(trace) <= PART_ROWS:
        return [np.arange(len(trace))]
    part = ((np.cumsum(np.bincount(trace)) - 1) // PART_ROWS)[trace]
    order = np.argsort(part.astype(np.uint16) if part.max() < 1 << 16 else part, kind="stable")
    return np.split(order, np.cumsum(np.bincount(part))[:-1])


def _grow(spans: dict[str, np.ndarray], columns: dict[str, np.ndarray], rows: np.ndarray) -> int:
    """Fills these rows of the columns; returns how many have the ids of another."""
    if not len(rows):
        return 0
    some = {name: column[rows] for name, column in spans.items()}
    found = find_parents(some["trace"], some["span"], some["wanted"])
    tree = resolve(found.row, some["wanted"] != 0, *(some[name] for name in ("start", "duration", "clock", "kind")))
    number = some["span_number"]
    columns["parent_number"][rows] = np.where(tree.parent < 0, -1, number[tree.parent])
    columns["end_time_unix_nano"][rows] = tree.end
    columns["self_time_nano"][rows] = tree.self_time
    columns["critical_path_nano"][rows] = tree.critical_path
    columns["depth"][rows] = tree.depth
    columns["is_orphan"][rows] = tree.is_orphan
    columns["in_cycle"][rows] = tree.in_cycle
    return found.repeated
