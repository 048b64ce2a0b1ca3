"""The calling-context tree of the requests of both windows, each node with its calls and times."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from deep_code_reasoning.store.tables import Tables

DEEPEST = 100
"""Time further down is its ancestor's at this depth: a tree deeper than this is damaged, or nobody's to read."""

BASELINE, INCIDENT = 0, 1
MEAN, TAIL_95, TAIL_99 = 0, 1, 2
"""Populations: all requests; of each entry operation and window the slowest twentieth, hundredth (at least one)."""

Integers = np.ndarray  # of int64
Floats = np.ndarray  # of float64


@dataclass(frozen=True)
class ContextTree:
    """One node for each path of operations from an entry; a parent stands before its children.

    `frame` is a row of `frames` (service, operation); `root` the node where a node's tree begins; `levels` the bounds
    of the depths. `calls`, `critical_path` and `self_time` (nanoseconds) are sums over requests, by population, window
    and node: of a tree, the critical path adds up to the durations of its requests.
    """

    parent: Integers
    frame: Integers
    root: Integers
    levels: tuple[int, ...]
    frames: list[tuple[str, str]]
    calls: Floats
    critical_path: Floats
    self_time: Floats

    def __len__(self) -> int:
        return len(self.parent)

    @property
    def roots(self) -> slice:
        return slice(0, self.levels[1])

    def requests(self, window: int, population: int = MEAN) -> int:
        return int(self.calls[population, window, self.roots].sum())

    def with_descendants(self, values: Floats) -> Floats:
        """Of values by node (last axis): the sum over each node and all below it."""
        total = np.array(values.T, dtype=np.float64)
        for begin, end in zip(self.levels[-2:0:-1], self.levels[:1:-1], strict=True):
            np.add.at(total, self.parent[begin:end], total[begin:end])
        return total.T

    def path(self, node: int) -> list[tuple[str, str]]:
        """Service and operation from the entry down to the node."""
        found = []
        while node >= 0:
            found.append(self.frames[self.frame[node]])
            node = int(self.parent[node])
        return found[::-1]


def context_tree(tables: Tables) -> ContextTree | None:
    """Reads `trace_outcomes`; a tree for each entry operation and variant of it. None without traces."""
    folder = Path(__file__).parent
    tables.execute((folder / "requests.sql").read_text(encoding="utf-8"))
    spans = tables.arrays((folder / "spans.sql").read_text(encoding="utf-8"))
    if not len(spans["span_number"]):
        return None
    depth = np.minimum(spans["depth"], DEEPEST + 1)
    parent = np.searchsorted(spans["span_number"], spans["parent_number"])
    parent[spans["parent_number"] < 0] = -1
    paths = _paths(parent, np.where(parent < 0, spans["asked"], spans["frame"]), depth, spans["asked"] > 0)
    _give_to_ancestors(paths.of_row, parent, depth)
    taken = (np.ones(len(depth), dtype=bool), spans["in_tail_95"], spans["in_tail_99"])
    chosen = [[among & (spans["is_incident"] == bool(window)) for window in (BASELINE, INCIDENT)] for among in taken]
    names = tables.rows("SELECT service_name, name FROM differential_frames ORDER BY frame")
    return _with_roots(
        paths,
        spans["frame"],
        [(service, name) for service, name in names],
        _sums(paths, chosen, depth <= DEEPEST),
        _sums(paths, chosen, spans["critical_path_nano"]),
        _sums(paths, chosen, spans["self_time_nano"]),
    )


def without_variants(tree: ContextTree) -> tuple[ContextTree, Integers]:
    """The tree whose variants of an entry operation are laid over one another, and each node's place in it."""
    depth = np.repeat(np.arange(len(tree.levels) - 1), np.diff(tree.levels))
    paths = _paths(tree.parent, tree.frame, depth, depth == 0)
    sums = (
        merged(values, paths.of_row, len(paths.first)) for values in (tree.calls, tree.critical_path, tree.self_time)
    )
    return _with_roots(paths, tree.frame, tree.frames, *sums), paths.of_row


def merged(values: Floats, place: Integers, size: int) -> Floats:
    """Sums of the values (last axis) that have the same place."""
    flat = values.reshape(-1, values.shape[-1])
    return np.array([np.bincount(place, row, size) for row in flat]).reshape(*values.shape[:-1], size)


class _Paths(NamedTuple):
    """`of_row`: the node of each row, -1 where it belongs to none. `first`: a row of each node."""

    of_row: Integers
    parent: Integers
    first: Integers
    levels: tuple[int, ...]


def _paths(parent: Integers, label: Integers, depth: Integers, is_root: np.ndarray) -> _Paths:
    """Numbers the distinct paths of labels from the roots, one depth after the other."""
    of_row = np.full(len(parent), -1, dtype=np.int64)
    order = np.argsort(depth, kind="stable")
    bounds = np.searchsorted(depth[order], np.arange(DEEPEST + 2))
    above, first, levels = [], [], [0]
    most = int(label.max()) + 1
    for level in range(DEEPEST + 1):
        rows = order[bounds[level] : bounds[level + 1]]
        over = of_row[parent[rows]] if level else np.where(is_root[rows], 0, -1)
        rows, over = rows[over >= 0], over[over >= 0]
        if not len(rows):
            break
        keys, at, node = np.unique(over * most + label[rows], return_index=True, return_inverse=True)
        of_row[rows] = levels[-1] + node
        above.append(keys // most if level else np.full(len(keys), -1))
        first.append(rows[at])
        levels.append(levels[-1] + len(keys))
    return _Paths(of_row, np.concatenate(above), np.concatenate(first), tuple(levels))


def _give_to_ancestors(of_row: Integers, parent: Integers, depth: Integers) -> None:
    """What lies below the deepest level gets the node of its ancestor there (pointer doubling: Wyllie 1979)."""
    deep = np.flatnonzero(depth > DEEPEST)
    up = np.arange(len(parent))
    up[deep] = parent[deep]
    while (depth[up[deep]] > DEEPEST).any():
        up[deep] = up[up[deep]]
    of_row[deep] = of_row[up[deep]]


def _sums(paths: _Paths, chosen: list[list[np.ndarray]], values: np.ndarray) -> Floats:
    """By population, window and node."""
    size = len(paths.first)
    inside = paths.of_row >= 0
    return np.array([
        [np.bincount(paths.of_row[rows & inside], values[rows & inside], size) for rows in windows]
        for windows in chosen
    ])  # fmt: skip


def _with_roots(
    paths: _Paths,
    frame: Integers,
    frames: list[tuple[str, str]],
    calls: Floats,
    critical_path: Floats,
    self_time: Floats,
) -> ContextTree:
    root = np.arange(len(paths.parent))
    for begin, end in zip(paths.levels[1:-1], paths.levels[2:], strict=True):
        root[begin:end] = root[paths.parent[begin:end]]
    return ContextTree(paths.parent, frame[paths.first], root, paths.levels, frames, calls, critical_path, self_time)
