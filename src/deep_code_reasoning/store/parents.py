"""Which row is whose parent, found by the full trace id and span id of all spans at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio


class Parents(NamedTuple):
    """`row`: the first row with the ids named, -1 without; `repeated`: rows that have the ids of an earlier one."""

    row: np.ndarray
    repeated: int


def find_parents(trace_number: np.ndarray, span: np.ndarray, wanted: np.ndarray) -> Parents:
    """`span` and `wanted`, the parent's, are uint64 hashes of the ids; `wanted` is 0 where no parent is named.

    Two ids are equal where both 64-bit hashes are: among a hundred million spans a false parent has a chance of 1e-22.
    """
    spread = trace_number.astype(np.uint64) * _SPREAD  # so that one sorted column serves for both ids
    keys = spread ^ span
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    sought = spread ^ wanted
    at = np.minimum(np.searchsorted(ordered, sought), max(0, len(keys) - 1))
    row = order[at]
    found = (span[row] == wanted) & (trace_number[row] == trace_number) & (wanted != 0)
    return Parents(np.where(found, row, -1), int((ordered[1:] == ordered[:-1]).sum()))


def trace_numbers(trace: np.ndarray) -> np.ndarray:
    """Of traces by their hashes (uint64): int64, from 0 by first appearance."""
    return pa.array(trace).dictionary_encode().indices.to_numpy().astype(np.int64)
