"""The whole calling-context tree as data: rows for a program, folded stacks for flamegraph.pl and speedscope."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from deep_code_reasoning.detectors.groundwork.traces import trace_outcomes
from deep_code_reasoning.diagnosis.differential.comparison import Comparison, compare
from deep_code_reasoning.diagnosis.differential.context_tree import BASELINE, INCIDENT, Floats
from deep_code_reasoning.diagnosis.differential.view import MILLISECOND, frame, whole
from deep_code_reasoning.diagnosis.windows import find_windows

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident, TimeWindow
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.store.tables import Tables

Window = Literal["baseline", "incident", "difference"]
Measure = Literal["critical-path", "self-time"]
_LOOKS_LIKE_A_COUNT = re.compile(r"\s(?=[\d.]+$)")


class Line(NamedTuple):
    """Milliseconds of a request to the entry operation, with all below; `changed_by`: calls, self time of the node."""

    depth: int
    frame: str
    before_ms: float
    after_ms: float
    changed_by: tuple[float, float] | None


@dataclass(frozen=True)
class Flame:
    """A comparison and the windows it was made of; `comparison` is None where no request was read."""

    investigation: str
    incident: Incident
    comparison: Comparison | None

    @property
    def has_baseline(self) -> bool:
        return self.comparison is not None and self.comparison.tree.requests(BASELINE) > 0

    def as_json(self) -> dict[str, Any]:
        """The object `flame/1`: one row a node, a parent before its children, milliseconds."""
        comparison = self.comparison
        windows = {"baseline": self.incident.baseline, "incident": self.incident.incident}
        return {
            "schema": "flame/1",
            "investigation": self.investigation,
            "windows": {name: window.as_json() if window else None for name, window in windows.items()},
            "requests": {
                name: comparison.tree.requests(number) if comparison else 0 for number, name in enumerate(windows)
            },
            "change": {
                name: whole(getattr(comparison.changes, name)) for name in ("mean", "tail_95", "tail_99", "work")
            }
            if comparison and comparison.changes
            else None,
            "nodes": list(_nodes(comparison)) if comparison else [],
        }

    def folded(self, window: Window, measure: Measure) -> Iterator[str]:
        """`a;b;c NANOSECONDS` a line, of a mean request; two numbers, baseline's first, for the difference."""
        if self.comparison is None:
            return
        tree = self.comparison.tree
        sums = tree.critical_path if measure == "critical-path" else tree.self_time
        total = [max(1, tree.requests(number)) for number in (BASELINE, INCIDENT)]
        shown = {"baseline": (BASELINE,), "incident": (INCIDENT,), "difference": (BASELINE, INCIDENT)}[window]
        time = [(sums[0, number] / total[number]).round().astype(int).tolist() for number in shown]
        for node, values in enumerate(zip(*time, strict=True)):
            if any(values):
                stack = ";".join(_folded_frame(*one) for one in tree.path(node))
                yield f"{stack} {' '.join(map(str, values))}"

    def lines(self, least_share: float) -> Iterator[Line]:
        """The tree as it is read, larger first, without what is below that share of its entry in both windows."""
        if self.comparison:
            yield from _lines(self.comparison, least_share)


def flame(
    tables: Tables,
    *,
    investigation: str,
    baseline: TimeWindow | None = None,
    incident: TimeWindow | None = None,
    work: Work,
) -> Flame:
    """Over the windows that a diagnosis would take: those given stand."""
    found = find_windows(tables, baseline, incident, None, work).incident
    trace_outcomes.prepare(tables, found)
    return Flame(investigation, found, compare(tables))


def _lines(comparison: Comparison, least_share: float) -> Iterator[Line]:
    tree = comparison.tree
    mean = comparison.changes.mean if comparison.changes else None
    whole_time = tree.with_descendants(tree.critical_path[0])
    a_request = [comparison.a_request(whole_time[None], window) / MILLISECOND for window in (BASELINE, INCIDENT)]
    share = (whole_time / np.maximum(whole_time[:, tree.root], 1)).max(axis=0)
    size = whole_time.max(axis=0)
    below: dict[int, list[int]] = defaultdict(list)
    for node in np.argsort(size, kind="stable").tolist():
        if share[node] >= least_share:
            below[int(tree.parent[node])].append(node)
    waiting = [(node, 0) for node in below[-1]]
    while waiting:
        node, depth = waiting.pop()
        waiting += [(one, depth + 1) for one in below[node]]
        before, after = (float(time[node]) for time in a_request)
        parts = (float(mean.calls[node]) / MILLISECOND, float(mean.self_time[node]) / MILLISECOND) if mean else None
        yield Line(depth, frame(*tree.frames[tree.frame[node]]), before, after, parts)


def _folded_frame(service: str, operation: str) -> str:
    """Without what the format reads as something else: semicolons, line ends, a number at the end."""
    return _LOOKS_LIKE_A_COUNT.sub("_", " ".join(frame(service, operation).replace(";", ":").split()))


def _nodes(comparison: Comparison) -> Iterator[dict[str, Any]]:
    tree, changes = comparison.tree, comparison.changes
    windows = {"baseline": BASELINE, "incident": INCIDENT}
    columns = {name: _columns(comparison, window) for name, window in windows.items() if tree.requests(window)}
    parts: dict[str, Floats] = {}
    if changes:
        mean, tail = changes.mean, changes.tail_95
        parts = {
            "calls_ms": mean.calls / MILLISECOND,
            "self_time_ms": mean.self_time / MILLISECOND,
            "overall_ms": (mean.calls + mean.self_time) * mean.weight[tree.root] / MILLISECOND,
            "tail_95_ms": (tail.calls + tail.self_time) / MILLISECOND,
        }
    for node in range(len(tree)):
        service, operation = tree.frames[tree.frame[node]]
        row: dict[str, Any] = {
            "node": node,
            "parent": int(tree.parent[node]) if tree.parent[node] >= 0 else None,
            "service": service,
            "operation": operation,
        }
        row |= {name: _at(values, node) for name, values in columns.items()}
        yield row | ({"change": _at(parts, node)} if parts else {})


def _at(columns: dict[str, Floats], node: int) -> dict[str, float]:
    return {name: round(float(values[node]), 6) for name, values in columns.items()}


def _columns(comparison: Comparison, window: int) -> dict[str, Floats]:
    tree = comparison.tree
    return {
        "calls": tree.calls[0, window],
        "calls_a_parent": comparison.calls_a_parent(window),
        "self_time_ms_a_call": comparison.a_call(tree.self_time, window) / MILLISECOND,
        "self_time_ms_a_request": comparison.a_request(tree.self_time, window) / MILLISECOND,
        "critical_path_ms_a_request": comparison.a_request(tree.critical_path, window) / MILLISECOND,
        "critical_path_share": comparison.share(window),
    }
