"""What a diagnosis keeps of the comparison: the whole, the entry operations and the operations that changed most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deep_code_reasoning.diagnosis.differential.comparison import Comparison, compare
from deep_code_reasoning.diagnosis.differential.context_tree import BASELINE, INCIDENT, MEAN
from deep_code_reasoning.diagnosis.differential.split import Change
from deep_code_reasoning.finding import ContextChange, Differential, EntryChange, TimeSplit

if TYPE_CHECKING:
    from deep_code_reasoning.store.tables import Tables

ENTRIES_SHOWN = 5
CONTEXTS_SHOWN = 8
FRAMES_SHOWN = 5
"""Of a path: the entry, and the last ones."""

MILLISECOND = 1e6


def differential(tables: Tables) -> Differential | None:
    """None where there are no two windows with requests to compare."""
    comparison = compare(tables)
    if comparison is None or comparison.changes is None:
        return None
    tree, changes = comparison.tree, comparison.changes
    overall = (changes.mean.calls + changes.mean.self_time) * changes.mean.weight[tree.root]
    shown = _largest(overall, CONTEXTS_SHOWN)
    left = np.setdiff1d(np.flatnonzero(overall), shown)
    return Differential(
        requests=(tree.requests(BASELINE), tree.requests(INCIDENT)),
        mean=whole(changes.mean),
        tail_95=whole(changes.tail_95),
        tail_99=whole(changes.tail_99),
        work=whole(changes.work),
        entries=_entries(comparison),
        contexts=_contexts(comparison, shown, overall),
        other_contexts=len(left),
        other_contexts_ms=float(overall[left].sum()) / MILLISECOND,
    )


def frame(service: str, operation: str) -> str:
    return f"{service} {operation}".strip()


def _largest(change: np.ndarray, most: int) -> np.ndarray:
    """By size, of those that changed."""
    order = np.argsort(-np.abs(change), kind="stable")[:most]
    return order[change[order] != 0]


def whole(change: Change) -> TimeSplit:
    """The change of the mean over all requests."""
    weight = change.weight
    return _split(
        *change.total,
        change.entry_mix.sum(),
        (change.variant_mix * weight).sum(),
        (change.calls * weight[change.entry]).sum(),
        (change.self_time * weight[change.entry]).sum(),
    )


def _of_entry(change: Change, entry: int) -> TimeSplit:
    inside = change.entry == entry
    return _split(
        *change.mean[:, entry],
        0.0,
        change.variant_mix[entry],
        change.calls[inside].sum(),
        change.self_time[inside].sum(),
    )


def _split(*nanoseconds: float) -> TimeSplit:
    return TimeSplit(*(float(value) / MILLISECOND for value in nanoseconds))


def _entries(comparison: Comparison) -> tuple[EntryChange, ...]:
    tree, changes = comparison.tree, comparison.changes
    assert changes
    mean = changes.mean
    moved = np.abs(mean.mean[INCIDENT] - mean.mean[BASELINE]) * mean.weight
    compared = (mean.share > 0).all(axis=0)
    return tuple(
        EntryChange(
            *tree.frames[tree.frame[entry]],
            requests=(int(tree.calls[MEAN, BASELINE, entry]), int(tree.calls[MEAN, INCIDENT, entry])),
            mean=_of_entry(mean, entry),
            tail_95=_of_entry(changes.tail_95, entry),
            tail_99=_of_entry(changes.tail_99, entry),
        )
        for entry in _largest(np.where(compared, moved, 0.0), ENTRIES_SHOWN).tolist()
    )


def _contexts(comparison: Comparison, nodes: np.ndarray, overall: np.ndarray) -> tuple[ContextChange, ...]:
    tree, changes = comparison.tree, comparison.changes
    assert changes
    tail = changes.tail_95.calls + changes.tail_95.self_time
    calls = [comparison.calls_a_parent(window) for window in (BASELINE, INCIDENT)]
    path, own = (
        [comparison.a_call(sums, window) / MILLISECOND for window in (BASELINE, INCIDENT)]
        for sums in (tree.critical_path, tree.self_time)
    )
    share = [comparison.share(window) for window in (BASELINE, INCIDENT)]
    return tuple(
        ContextChange(
            path=_shortened([frame(*one) for one in tree.path(node)]),
            service=tree.frames[tree.frame[node]][0],
            operation=tree.frames[tree.frame[node]][1],
            overall_ms=float(overall[node]) / MILLISECOND,
            calls_ms=float(changes.mean.calls[node]) / MILLISECOND,
            self_time_ms=float(changes.mean.self_time[node]) / MILLISECOND,
            tail_95_ms=float(tail[node]) / MILLISECOND,
            calls_a_parent=_pair(calls, node),
            critical_path_ms_a_call=_pair(path, node),
            self_time_ms_a_call=_pair(own, node),
            critical_path_share=_pair(share, node),
        )
        for node in nodes.tolist()
    )


def _pair(windows: list[np.ndarray], node: int) -> tuple[float, float]:
    return float(windows[BASELINE][node]), float(windows[INCIDENT][node])


def _shortened(path: list[str]) -> tuple[str, ...]:
    left = len(path) - FRAMES_SHOWN
    return tuple(path) if left <= 0 else (path[0], f"({left} more)", *path[1 - FRAMES_SHOWN :])
