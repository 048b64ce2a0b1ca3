"""Two or more wait for each other's locks, so that none of them goes on.

## What it detects
Reports of a deadlock by a database or a runtime (words: deadlocks.toml), with the cycle of waits where the report
spells it out; and cycles among spans that wait for and hold locks: A waits for what B holds while B waits for what A
holds.

## Why it matters
A database breaks the cycle by failing one of the transactions, after a wait; a process does not, and stands still
until it is restarted. Both take their locks in different orders, usually in two places of which only one was changed,
and it shows only under load.

## How it is computed
*Reports.* Lines, exceptions and failed spans that tell of a deadlock, one a trace, in 30 slices of both windows; two
are needed, and the rate's ratio with its 99 % interval (widened by the dispersion of the slices) has to lie above 1. A
runtime that stands still (a thread dump with a Java-level deadlock, Go's runtime) is told at once unless the baseline
has it too. `waits_for` spells out the first cycle that closes in a report's text.

*Spans.* From acquires and releases of exclusive locks with a key (leases.toml): a wait is blocked by each hold of its
key by another trace at the same time, a hold without a release lasting until its trace ends. Followed from waiter to
holder, up to four waits that all go on at one time and lead back to the first are a cycle; they have to go on together
for at least half of the shortest of them, so that two who only pass each other are none. Cycles of the same keys are
one finding, counted over traces of the 1,000 longest waits; with a baseline Fisher's exact test decides between
warning and info.

## Not this when
One waits long for another who goes on: a convoy or a slow holder. Lock wait timeouts without a cycle say nothing about
who held the lock. The clocks of the hosts are taken to agree to within half a wait; where they do not, a cycle may be
missed or be one of spans only (the server's report then does not come).

## What to do
Take locks in one order everywhere (sort the keys), hold them shorter, touch rows in the order of the primary key;
retry the loser. Open the waits: the two places that take the keys in different orders are where to look.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.detectors.contract import Rule, code_location, sql_beside
from deep_code_reasoning.detectors.groundwork.reports import Reports, reports
from deep_code_reasoning.detectors.locks import lock_spans, wait_cycles
from deep_code_reasoning.detectors.locks.wait_cycles import Wait
from deep_code_reasoning.detectors.significance import FALSE_SHARE, more_often
from deep_code_reasoning.detectors.wording import milliseconds
from deep_code_reasoning.finding import Evidence, Finding, Subject, Support
from deep_code_reasoning.incident import TimeWindow

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

FEWEST_REPORTS = 2
TOGETHER = 0.5
MOST_WAITS = 1_000
MOST_FINDINGS = 20
SHOWN = 4

Cycle = tuple[Wait, ...]
Row = dict[str, Any]


def detect(tables: Tables, incident: Incident) -> Iterator[Finding]:
    if lock_spans.prepare(tables):
        yield from _of_spans(tables)
    words = wait_cycles.vocabulary()["words"]
    for one in reports(tables, incident, words["told"]):
        stands_still = any(re.search(words["still"], text) for text in one.texts) and not one.lines_before
        if stands_still or (one.lines >= FEWEST_REPORTS and one.is_more):
            yield _of_reports(one, stands_still)


def _of_reports(told: Reports, stands_still: bool) -> Finding:
    spelt = next((found for text in told.texts if (found := wait_cycles.cycles(wait_cycles.told(text)))), [])
    numbers = told.numbers("reports")
    if spelt:
        numbers |= {"waits_in_cycle": len(spelt[0]), "waits_for": _chain(spelt[0])}
    first = " ".join(told.texts[0].split())[:120]
    return Finding(
        code=RULE.code,
        title=f"{told.service} reports a deadlock {told.lines:,} times: {first}",
        severity="critical" if stands_still else RULE.severity,
        role=RULE.role,
        subject=Subject(service=told.service, resource=spelt[0][0].key if spelt else None),
        interval=told.interval,
        numbers=numbers,
        evidence=told.evidence,
        support=told.support,
    )


def _chain(cycle: Cycle) -> str:
    return " and ".join(f"{wait.waiter} waits for {wait.key} of {wait.holder}" for wait in cycle)[:400]


def _of_spans(tables: Tables) -> Iterator[Finding]:
    waits = [Wait(*row) for row in tables.rows(sql_beside(__file__), most=MOST_WAITS)]
    groups: dict[str, list[Cycle]] = defaultdict(list)
    for cycle in wait_cycles.cycles(waits):
        if wait_cycles.common_nano(cycle) >= TOGETHER * min(wait.wait_nano for wait in cycle):
            groups[", ".join(sorted({wait.key for wait in cycle}))].append(cycle)
    if not groups:
        return
    counted, spans = _counts(tables, groups), _spans(tables, groups)
    for keys in sorted(groups, key=lambda keys: -len(groups[keys]))[:MOST_FINDINGS]:
        if counted[keys]["incident_with"]:
            yield _finding(keys, groups[keys], counted[keys], spans[keys])


def _counts(tables: Tables, groups: dict[str, list[Cycle]]) -> dict[str, Row]:
    traces = {(keys, wait.waiter) for keys, some in groups.items() for cycle in some for wait in cycle}
    _register(tables, "deadlock_traces", "trace_number", traces)
    return {row["cycle_group"]: row for row in tables.dicts(sql_beside(__file__, "traces"))}


def _spans(tables: Tables, groups: dict[str, list[Cycle]]) -> dict[str, list[Row]]:
    waits = {(keys, wait.span_number) for keys, some in groups.items() for cycle in some for wait in cycle}
    _register(tables, "deadlock_waits", "span_number", waits)
    found: dict[str, list[Row]] = defaultdict(list)
    for row in tables.dicts(sql_beside(__file__, "spans")):
        found[row["cycle_group"]].append(row)
    return found


def _register(tables: Tables, name: str, column: str, pairs: set[tuple[str, int]]) -> None:
    import pyarrow as pa

    rows = sorted(pairs)
    columns = {"cycle_group": pa.array([row[0] for row in rows], pa.string())}
    columns[column] = pa.array([row[1] for row in rows], pa.int64())
    tables.register(name, pa.table(columns))


def _finding(keys: str, some: list[Cycle], row: Row, spans: list[Row]) -> Finding:
    p_value = more_often(row["incident_with"], row["incident"], row["baseline_with"], row["baseline"])
    is_sure = not row["baseline"] or p_value <= FALSE_SHARE
    together = max(wait_cycles.common_nano(cycle) for cycle in some)
    numbers: dict[str, float | int | str] = {
        "cycles": len(some),
        "waits_in_cycle": max(len(cycle) for cycle in some),
        "waited_together_ms": round(together / 1e6, 3),
        "traces": row["incident_with"],
    }
    if row["baseline"]:
        numbers |= {"traces_baseline": row["baseline_with"], "p_value": float(f"{p_value:.2g}")}
    waits = [wait for cycle in some for wait in cycle]
    services = sorted({one["service_name"] for one in spans if one["service_name"]})
    return Finding(
        code=RULE.code,
        title=f"{' and '.join(services)} wait for each other's locks {keys}: {len(some):,} cycles, "
        f"together for up to {milliseconds(together)}",
        severity=RULE.severity if is_sure else "info",
        role=RULE.role,
        subject=Subject(
            service=spans[0]["service_name"],
            resource=keys,
            peer=next((name for name in services if name != spans[0]["service_name"]), None),
            location=next((place for one in spans if (place := code_location(one))), None),
        ),
        interval=TimeWindow(min(wait.from_nano for wait in waits), max(wait.to_nano for wait in waits)),
        numbers=numbers,
        evidence=tuple(
            Evidence(
                f"span:{one['trace_id']}/{one['span_id']}", f"waits {milliseconds(one['wait_nano'])} for {one['key']}"
            )
            for one in spans[:SHOWN]
        ),
        support=Support(row["symptomatic_with"], row["symptomatic"], row["healthy_with"], row["healthy"]),
    )


RULE = Rule(
    code="LOCK003",
    name="deadlock-cycle",
    title="Two or more wait for each other's locks, so that none of them goes on.",
    severity="warning",
    role="cause",
    needs=(),
    detect=detect,
)
