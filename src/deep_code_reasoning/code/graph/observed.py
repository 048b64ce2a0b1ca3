"""Joins a path with what was seen when the program ran, and counts what of that lies elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from deep_code_reasoning.code.graph.execution_path import ExecutionPath, Joined, Observed, Step
from deep_code_reasoning.code.graph.places import NOT_ON_PATH, Places
from deep_code_reasoning.code.graph.program import Program
from deep_code_reasoning.code.graph.run_time import CodePlace, FailingStack, RunTime, SampleStack, SpanPlace

Key = tuple[str, int, str]


@dataclass
class _Seen:
    spans: int = 0
    total_ms: float | None = None
    longest_ms: float | None = None
    stacks: int = 0
    cpu: float = 0.0
    cpu_itself: float = 0.0


@dataclass
class _Tally:
    """Of distinct places: which function each means; `elsewhere` counts those that mean no step, by why."""

    signal: str
    places: Places
    on_path: dict[Key, _Seen]
    found: dict[CodePlace, Key | None] = field(default_factory=dict)
    elsewhere: Counter[str] = field(default_factory=Counter)

    def step_of(self, place: CodePlace) -> _Seen | None:
        if place not in self.found:
            meant = self.places.meant(place)
            is_on = meant.key in self.on_path if meant.key else False
            self.found[place] = meant.key if is_on else None
            if not is_on:
                self.elsewhere[meant.why or NOT_ON_PATH] += 1
        key = self.found[place]
        return self.on_path[key] if key else None

    def joined(self, rows: float, rows_on_path: float) -> Joined:
        on = sum(key is not None for key in self.found.values())
        return Joined(self.signal, rows, rows_on_path, len(self.found), on, dict(self.elsewhere.most_common()))


def mark_observed(path: ExecutionPath, program: Program, seen: RunTime) -> None:
    """Sets `observed` on the steps that were seen, and `joined` on the path: how much of each signal lies on it.

    A step is in a stack once, however often it calls itself. All steps of one function are marked alike.
    """
    steps = list(path.steps())
    on_path = {_key(step): _Seen() for step in steps}
    places = Places(program, on_path)
    path.joined = [
        *_join_spans(_Tally("spans", places, on_path), seen.spans),
        *_join_stacks(_Tally("failing stacks", places, on_path), seen.stacks),
        *_join_samples(_Tally("CPU samples", places, on_path), seen.samples, seen.cpu_total),
    ]
    failing = sum(one.count for one in seen.stacks)
    for step in steps:
        one = on_path[_key(step)]
        if one.spans or one.stacks or one.cpu:
            whole = seen.cpu_total
            step.observed = Observed(
                one.spans,
                one.total_ms,
                one.longest_ms,
                one.stacks,
                one.stacks / failing if failing else None,
                one.cpu / whole if whole else None,
                one.cpu_itself / whole if whole else None,
            )
    path.notes += seen.notes
    path.notes += [one.as_text() for one in path.joined]


def _key(step: Step) -> Key:
    return step.file, step.line, step.function


def _join_spans(tally: _Tally, spans: Iterable[SpanPlace]) -> Iterable[Joined]:
    rows = on = 0
    for row in spans:
        rows += row.count
        if seen := tally.step_of(row.place):
            on += row.count
            seen.spans += row.count
            if row.total_ms is not None:
                seen.total_ms = (seen.total_ms or 0.0) + row.total_ms
            if row.longest_ms is not None:
                seen.longest_ms = max(seen.longest_ms or 0.0, row.longest_ms)
    return [tally.joined(rows, on)] if rows else []


def _join_stacks(tally: _Tally, stacks: Iterable[FailingStack]) -> Iterable[Joined]:
    rows = on = 0
    for stack in stacks:
        rows += stack.count
        steps = _distinct(tally.step_of(frame) for frame in stack.frames)
        on += stack.count if steps else 0
        for seen in steps:
            seen.stacks += stack.count
    return [tally.joined(rows, on)] if rows else []


def _join_samples(tally: _Tally, stacks: Iterable[SampleStack], whole: float) -> Iterable[Joined]:
    on = 0.0
    for stack in stacks:
        found = [tally.step_of(frame) for frame in stack.frames]
        steps = _distinct(found)
        on += stack.value if steps else 0.0
        for seen in steps:
            seen.cpu += stack.value
        if leaf := found[-1]:
            leaf.cpu_itself += stack.value
    return [tally.joined(whole, on)] if whole else []


def _distinct(found: Iterable[_Seen | None]) -> list[_Seen]:
    return list({id(one): one for one in found if one is not None}.values())
