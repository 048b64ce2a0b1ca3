"""Span trees as dense integers: parents, depth and self time of all spans at once, in vectorised numpy.

No step is a loop over spans, none recurses: hostile input (cycles, chains of a hundred thousand spans, times at the
ends of the 64-bit range) costs what honest input costs. With compiled kernels (`trees_by_trace`) the same takes a
fraction of the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from deep_code_reasoning.store.critical_path import critical_path, fold_ancestors

Integers = np.ndarray  # of int64
LATEST = np.iinfo(np.int64).max
LONGEST: int = 1 << 61  # 73 years; longer spans are taken as this long, so that sums of two stay in 64 bits


@dataclass(frozen=True)
class Topology:
    """Arrays of one length, in the order of the input; `parent` is a row index, -1 at a root."""

    parent: Integers
    depth: Integers
    end: Integers
    self_time: Integers
    critical_path: Integers
    is_orphan: np.ndarray
    in_cycle: np.ndarray


def resolve(
    parent: Integers,
    names_parent: np.ndarray,
    start: Integers,
    duration: Integers,
    clock: np.ndarray,
    kind: np.ndarray,
) -> Topology:
    """`parent`: row index or -1; `names_parent`: whether the span named one; times in nanoseconds; `clock` a number a
    host; `kind` as in `critical_path`."""
    start = np.maximum(start, 0)
    length = np.clip(duration, 0, LONGEST)
    end = start + np.minimum(length, LATEST - start)
    depth, in_cycle = depths(parent)
    parent = np.where(in_cycle, -1, parent)
    covered = covered_by_children(parent, start, end)
    critical = critical_path(parent, start, end, clock, kind)
    is_orphan = names_parent & (parent < 0) & ~in_cycle
    return Topology(parent, depth, end, length - covered, critical, is_orphan, in_cycle)


def depths(parent: Integers) -> tuple[Integers, np.ndarray]:
    """Depth of each node by pointer doubling (Wyllie 1979), and which nodes lie on a cycle (these become roots).

    After k rounds every pointer has moved 2^k ancestors up. Whoever has not met a root after log2(n) rounds hangs
    below a cycle, and the pointers of all such nodes then point at exactly the cycles' members.
    """
    depth = (parent >= 0).astype(np.int64)
    jump = fold_ancestors(parent, (depth, np.add))
    in_cycle = np.zeros(len(parent), dtype=bool)
    lost = jump >= 0
    if lost.any():
        in_cycle[jump[lost]] = True
        parent = np.where(in_cycle, -1, parent)
        depth = (parent >= 0).astype(np.int64)
        fold_ancestors(parent, (depth, np.add))
    return depth, in_cycle


def covered_by_children(parent: Integers, start: Integers, end: Integers) -> Integers:
    """Length of the union of each span's children's intervals, clipped to the span.

    Every parent's interval is laid on one axis, one after the other; then a running maximum of the ends, which never
    reaches into the next parent's stretch, gives all unions in one pass.
    """
    covered = np.zeros(len(parent), dtype=np.int64)
    child = np.flatnonzero(parent >= 0)
    child = child[np.lexsort((start[child], parent[child]))]
    owner = parent[child]
    room = end[owner] - start[owner]
    opened = np.clip(start[child] - start[owner], 0, room)
    closed = np.clip(end[child] - start[owner], 0, room)
    first = np.ones(len(child), dtype=bool)
    first[1:] = owner[1:] != owner[:-1]
    for piece in _pieces(first, room):
        base = np.cumsum(np.where(first[piece], room[piece], 0)) - room[piece]
        low, high = base + opened[piece], base + closed[piece]
        reached = np.zeros(len(low), dtype=np.int64)
        reached[1:] = np.maximum.accumulate(high)[:-1]
        opening = np.flatnonzero(first[piece])
        covered[owner[piece][opening]] = np.add.reduceat(np.maximum(0, high - np.maximum(low, reached)), opening)
    return covered


def _pieces(first: np.ndarray, room: Integers) -> list[slice]:
    """Cuts at the first child of a parent, so that no piece's axis is longer than 64 bits count. Nearly always one."""
    if not len(first):
        return []
    axis = np.cumsum(np.where(first, room, 0).astype(np.float64))
    piece = (axis // float(LONGEST)).astype(np.int64)
    cuts = [0, *(np.flatnonzero(piece[1:] != piece[:-1]) + 1).tolist(), len(first)]
    return [slice(a, b) for a, b in pairwise(cuts)]
