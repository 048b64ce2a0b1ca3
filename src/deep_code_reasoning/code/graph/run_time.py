"""What an investigation saw of a program when it ran: places in spans, stack traces of exceptions, CPU samples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.store.tables import Tables

MOST_SPAN_PLACES = 10_000
MOST_STACKS = 5_000
MOST_SAMPLE_STACKS = 2_000
"""Distinct ones, those with most of the time."""
CPU = ("cpu", "process_cpu", "samples")
"""Names of what CPU profilers count, the exact first; `samples` is what a format says that names nothing."""


class CodePlace(NamedTuple):
    """As a runtime or an instrumentation printed it; any part may be missing."""

    function: str | None = None
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True)
class SpanPlace:
    """`code.*` attributes, how many spans bear them, and the time of these."""

    place: CodePlace
    count: int = 1
    total_ms: float | None = None
    longest_ms: float | None = None


@dataclass(frozen=True)
class FailingStack:
    """A stack trace, its frames in any order, and in how many spans or log records it stood."""

    frames: tuple[CodePlace, ...]
    count: int = 1


@dataclass(frozen=True)
class SampleStack:
    """Root first; `value` in the unit of the profile."""

    frames: tuple[CodePlace, ...]
    value: float


@dataclass(frozen=True)
class RunTime:
    """`cpu_total`: of all samples, also of those whose stacks are not here. `notes`: what could not be taken."""

    spans: tuple[SpanPlace, ...] = ()
    stacks: tuple[FailingStack, ...] = ()
    samples: tuple[SampleStack, ...] = ()
    cpu_total: float = 0.0
    notes: tuple[str, ...] = ()


def run_time_of(tables: Tables, work: Work) -> RunTime:
    """Raises CancelledError."""
    notes: list[str] = []
    work.check()
    rows = tables.dicts(_sql("spans"), most=MOST_SPAN_PLACES)
    spans = tuple(
        SpanPlace(
            CodePlace(row["function"], row["file"], row["line"]), row["count"], row["total_ms"], row["longest_ms"]
        )
        for row in rows
    )
    stacks = tuple(_stacks(tables, work, notes))
    samples, total = _samples(tables, work, notes)
    return RunTime(spans, stacks, samples, total, tuple(notes))


def _stacks(tables: Tables, work: Work, notes: list[str]) -> Iterator[FailingStack]:
    from deep_code_reasoning.sources.logs.stack_traces import frames

    unknown = 0
    for text, count in tables.rows(_sql("stacks"), most=MOST_STACKS):
        work.check()
        if found := frames(text):
            yield FailingStack(tuple(CodePlace(*frame) for frame in found), count)
        else:
            unknown += count
    if unknown:
        notes.append(f"{unknown} stack traces have no frame of a known form (Java, Python, Go, Node, .NET are known)")


def _samples(tables: Tables, work: Work, notes: list[str]) -> tuple[tuple[SampleStack, ...], float]:
    kinds = [kind for (kind,) in tables.rows("SELECT DISTINCT sample_type FROM profiles ORDER BY sample_type")]
    chosen = next((kind for kind in CPU if kind in kinds), None)
    if chosen is None:
        if kinds:
            notes.append(f"profiles hold no CPU samples, but {', '.join(kinds[:5])}")
        return (), 0.0
    work.check()
    rows = tables.rows(_sql("samples"), sample_type=chosen, most=MOST_SAMPLE_STACKS)
    found = tuple(
        SampleStack(tuple(CodePlace(one["function"], one["file"], one["line"]) for one in stack), value)
        for stack, value, _ in rows
    )
    total = float(rows[0][2]) if rows else 0.0
    taken = sum(one.value for one in found)
    if total > 0 and taken < 0.995 * total:
        notes.append(f"CPU samples: the {len(found)} heaviest stacks were looked at, {taken / total:.0%} of all")
    return found, total


def _sql(name: str) -> str:
    return Path(__file__).with_name(f"run_time_{name}.sql").read_text(encoding="utf-8")
