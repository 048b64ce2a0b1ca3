"""Which row is whose parent, found by the full trace id and span id of all spans at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio


class Parents(NamedTuple):
    """`row`: the first row with the ids named, -1 without; `trace_number`: by first appearance; `repeated`: rows that
    have the ids of an earlier one."""

    row: np.ndarray
    trace_number: np.ndarray
    repeated: int


def find_parents(trace: np.ndarray, span: np.ndarray, wanted: np.ndarray) -> Parents:
    """All uint64 arrays, hashes of the ids; `wanted` is the parent's span id, 0 where none is named.

    Two ids are equal where both 64-bit hashes are: among a hundred million spans a false parent has a chance of 1e-22.
    """
    numbers = _by_first_appearance(trace)
    spread = numbers.astype(np.uint64) * _SPREAD  # so that one sorted column serves for both ids
    keys = spread ^ span
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    sought = spread ^ wanted
    at = np.minimum(np.searchsorted(ordered, sought), max(0, len(keys) - 1))
    row = order[at]
    found = (span[row] == wanted) & (numbers[row] == numbers) & (wanted != 0)
    return Parents(np.where(found, row, -1), numbers, int((ordered[1:] == ordered[:-1]).sum()))


def _by_first_appearance(trace: np.ndarray) -> np.ndarray:
    _, first, inverse = np.unique(trace, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]
