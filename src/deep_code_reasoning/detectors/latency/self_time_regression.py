"""An operation takes longer by itself than it did before.

## What it detects
Operations whose self time (their span without the time spent in child spans) shifted up in the incident: most
calls (`shifted` = middle), only the slowest of them (tail), or the few there are (few). `moved` is the figure that
shows it best: the median, the 95th percentile where that grew by more than twice as much, the mean where neither grew.

## Why it matters
Total latency rises in every caller of a slow operation. Self time rises only where the time is really spent.

## How it is computed
One value a trace and operation, the mean self time of its spans. The middle: Mann-Whitney's rank test, exact for
small samples, and at least a medium effect (an incident's value exceeds a baseline's with a chance of 0.64). The
tail: Fisher's exact test on traces above the baseline's 95th percentile, at least doubled. With fewer than
five traces in a window: a t-test on logarithms, its variance drawn towards that of all operations (Smyth 2004), and at
least a doubling (`shifted` = few). All corrected so that at most 5 % of the reported ones are false
(Benjamini-Hochberg). `added_ms_per_trace` is what the operation adds to a trace of the incident's mix of entry
operations, `share_of_entry_increase` that part of what the entries became slower by. Parallel work can make the
shares add up to more than 1.

## Not this when
Calls to others are left out: time between a client span and its server span, and database calls, are slow-edge's.
More calls of the same cost are no regression (see n-plus-one). Self time contains waiting: for a lock, for a thread,
for the garbage collector, for CPU; look at those findings before reading code.

## What to do
Compare the slow exemplar with the usual one. Look at what changed in the operation's code or its host before
`interval` begins; a rise in all operations of a service points to its resources rather than to code.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from deep_code_reasoning.detectors.contract import Rule, sql_beside
from deep_code_reasoning.detectors.groundwork.latency import shift as shifting
from deep_code_reasoning.finding import Finding, Subject

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

MOST_FINDINGS = 20


def detect(tables: Tables, incident: Incident) -> Iterator[Finding]:
    if incident.baseline is None or incident.incident is None:
        return
    tables.execute(sql_beside(__file__))
    found, _ = shifting.shifts(tables)
    for shift in found[:MOST_FINDINGS]:
        yield _finding(tables, shift)


def _finding(tables: Tables, shift: shifting.Shift) -> Finding:
    service, operation = shift.subject["service_name"], shift.subject["operation"]
    shown = shifting.exemplars(tables, shift)
    counted = shifting.counted(tables, shift)
    return Finding(
        code=RULE.code,
        title=f"{service} {operation}: self time {shifting.change_in_words(shift)}",
        severity=RULE.severity,
        role=RULE.role,
        subject=Subject(service=service, operation=operation, location=shown.location),
        interval=counted.interval,
        numbers=shifting.numbers(shift),
        evidence=shown.evidence,
        support=counted.support,
        contrast=counted.contrast,
    )


RULE = Rule(
    code="LAT001",
    name="self-time-regression",
    title="An operation takes longer by itself than it did before the incident.",
    severity="warning",
    role="cause",
    needs=("spans",),
    detect=detect,
)
