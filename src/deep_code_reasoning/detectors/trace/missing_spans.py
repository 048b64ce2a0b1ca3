"""Spans that always came no longer do: the call is not made any more, or it is made and its spans are lost.

## What it detects
- *not called*: an operation runs as before, but a step below it that was in nearly all of its traces is missing: it
  returned early, took another branch or gave up;
- *lost below*: calls succeed, but the callee that always wrote a span for them writes none: its instrumentation or its
  exporter is broken, or it propagates no context;
- *lost above*: spans whose parent is named and not there (orphans) become more frequent: the caller's spans are lost.

## Why it matters
A step that is skipped leaves no error and no latency, and is often the only trace of a wrong return value or a
swallowed exception. Lost spans on the other hand make a healthy service look idle, its caller slow, and a diagnosis
from traces alone wrong.

## How it is computed
Over traces: in how many in which the operation ran is the child missing, before and in the incident? "Always" means at
least 90 % of the baseline's. Fisher's exact test for a rise, corrected for the number of places asked about
(Benjamini-Hochberg, at most 5 % of the places told are false), and a rise by at least five in a hundred traces. Of a
parent that lost several children the one that is missing most often is told. Calls that failed do not count as lost
below: a callee that was not reached writes no span (ERR001). `with_logs` counts the traces in which the callee wrote
log lines all the same: then it ran, and only its spans are lost.

## Not this when
The child was renamed: another of the same service has come in its place. Consumers may come later than the evidence
ends. Sampling drops whole traces, not single spans (TRACE002). One of the windows is missing.

## What to do
Not called: read the code of the operation between its last child that still comes and the one that is missing; compare
a trace of each kind. Lost: look at the exporter's queue and drop counters of the service named, its collector, and
whether its last deploy changed the instrumentation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from deep_code_reasoning.detectors.contract import Rule, sql_beside
from deep_code_reasoning.detectors.significance import increases
from deep_code_reasoning.detectors.wording import percent
from deep_code_reasoning.finding import Evidence, Finding, Severity, Subject, Support

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

ALWAYS = 0.9
LEAST_RISE = 0.05
MOST_PLACES = 50
Kind = Literal["not called", "lost below", "lost above"]


class Place(NamedTuple):
    """Counts are traces of the incident and of the baseline in which the parent ran, and with the child."""

    kind: Kind
    parent_service: str
    parent_operation: str
    child_service: str | None
    child_operation: str
    address: str
    after: int
    after_with: int
    before: int
    before_with: int
    p_value: float = 1.0
    children: int = 1

    @property
    def missing(self) -> tuple[int, int, int, int]:
        return self.after - self.after_with, self.after, self.before - self.before_with, self.before

    @property
    def rise(self) -> float:
        return (self.after - self.after_with) / self.after - (self.before - self.before_with) / self.before


def detect(tables: Tables, incident: Incident) -> Iterable[Finding]:
    if not (incident.baseline and incident.incident):
        return []
    not_called = [Place("not called", *row) for row in tables.rows(sql_beside(__file__))]
    lost = [Place("lost below", *row) for row in tables.rows(sql_beside(__file__, "answers"))]
    lost += [Place("lost above", *row) for row in tables.rows(sql_beside(__file__, "orphans"))]
    always = [place for place in not_called + lost if place.after and place.before and _was_always(place)]
    risen = [
        place._replace(p_value=increase.p_value)
        for place, increase in zip(always, increases([place.missing for place in always]), strict=True)
        if increase.is_sure and place.rise >= LEAST_RISE and not _is_replaced(place, not_called)
    ]
    found = sorted(_by_parent(risen), key=lambda place: (place.p_value, -place.rise))[:MOST_PLACES]
    return list(_findings(tables, found)) if found else []


def _was_always(place: Place) -> bool:
    return place.before_with >= ALWAYS * place.before


def _is_replaced(place: Place, others: Sequence[Place]) -> bool:
    """Has another child of the same service come where this one is missing?"""
    gone = place.after - place.after_with
    return place.kind == "not called" and any(
        other.after_with - other.before_with / other.before * other.after >= gone / 2
        for other in others
        if other[1:4] == place[1:4] and other.before_with < (1 - ALWAYS) * other.before
    )


def _by_parent(places: Sequence[Place]) -> Iterator[Place]:
    """Of the children that one parent lost, the one missing most often."""
    lost: dict[tuple, list[Place]] = {}
    for place in places:
        lost.setdefault((place.kind, place.parent_service, place.parent_operation), []).append(place)
    for some in lost.values():
        yield max(some, key=lambda place: place.rise)._replace(children=len(some))


def _findings(tables: Tables, places: Sequence[Place]) -> Iterator[Finding]:
    import pyarrow as pa

    names = ["kind", "parent_service", "parent_operation", "child_service", "child_operation", "address"]
    columns = [pa.array([getattr(place, name) for place in places], pa.string()) for name in names]
    numbered = pa.table([pa.array(range(len(places)), pa.int64()), *columns], names=["number", *names])
    tables.register("missing_places", numbered)
    for number, *counts, example, another, with_logs in tables.rows(sql_beside(__file__, "traces")):
        place = places[number]
        numbers: dict[str, float | int | str] = {
            "kind": place.kind,
            "missing_share": round((place.after - place.after_with) / place.after, 4),
            "baseline_missing_share": round((place.before - place.before_with) / place.before, 4),
            "traces": place.after,
            "baseline_traces": place.before,
            "children": place.children,
            "p_value": place.p_value,
        }
        if place.kind == "lost below":
            numbers["with_logs"] = with_logs
        traces = dict.fromkeys(trace for trace in (example, another) if trace)
        yield Finding(
            code=RULE.code,
            title=_title(place),
            severity=_severity(place),
            role="symptom" if place.kind == "not called" else "context",
            subject=_subject(place),
            numbers=numbers,
            evidence=tuple(Evidence(f"trace:{trace}", "the span is missing here") for trace in traces),
            support=Support(*counts),
        )


def _subject(place: Place) -> Subject:
    if place.kind == "lost below":
        return Subject(service=place.child_service, operation=place.parent_operation, peer=place.parent_service)
    peer = place.child_service if place.child_service != place.parent_service else place.address or None
    return Subject(service=place.parent_service, operation=place.parent_operation or None, peer=peer)


def _severity(place: Place) -> Severity:
    return "warning" if place.kind == "not called" or place.rise >= 0.5 else "info"


def _title(place: Place) -> str:
    gone = percent(place.after - place.after_with, place.after)
    was = percent(place.before - place.before_with, place.before)
    shares = f"in {gone} of the traces (before: {was})"
    where = f"{place.parent_service} {place.parent_operation}".strip()
    if place.kind == "lost above":
        return f"{where}: the span above is missing {shares}, as if {place.child_service or 'its caller'} lost spans"
    if place.kind == "lost below":
        return f"{where} succeeds, but {place.child_service} writes no span for it {shares}"
    child = place.child_operation if place.child_service == place.parent_service else ""
    child = child or f"{place.child_service} {place.child_operation}"
    at = f" at {place.address}" if place.address else ""
    more = f" and {place.children - 1} more" if place.children > 1 else ""
    return f"{where} no longer calls {child}{at}{more} {shares}"


RULE = Rule(
    code="TRACE001",
    name="missing-spans",
    title="Spans that always came are missing.",
    severity="warning",
    role="symptom",
    needs=("spans", "topology"),
    detect=detect,
)
