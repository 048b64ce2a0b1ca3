"""A request makes more calls to others than it did before.

## What it detects
An operation of a service that now makes more calls for each request that enters: to more shards, more backends, more
services, side by side or one after another. Not the same call for each item of a list: that is n-plus-one.

## Why it matters
The slowest of the calls decides: of requests that wait for a hundred answers, each with a chance of one in a hundred to
be slow, 63 % are (J. Dean, L. Barroso, "The Tail at Scale", 2013). Each call is also load for somebody who changed
nothing.

## How it is computed
For each span at which a request enters a service, the calls that its own code makes below it are counted (client,
producer and database spans; of calls nested in one another the outermost). Calls that failed are left out, since
repeating those is retry-storm's. The same call to the same peer counts once where its repetitions follow one another:
those are n-plus-one's, or polls and heartbeats, of which a request that lasts longer makes more.

One value a trace and operation, the mean over its requests, since those of one trace are no independent witnesses.
Mann-Whitney's test compares the incident's traces with the baseline's (normal approximation corrected for the many
ties; exact for few), at most 5 % of what is reported false (Benjamini-Hochberg over all operations with five traces or
more on both sides). Asked for besides: at least a medium effect (`superiority`, the chance that a trace of the incident
makes more calls than one of the baseline, ties counted half, of 0.64: Vargha and Delaney 2000), and half a call more a
request.

## Not this when
Another mix of requests under one operation's name (larger carts, other customers) makes more calls as well: look
whether `called` grew for all. More calls because a cache lost its entries: cache-stampede says so. Spans that a new
version of the instrumentation adds look the same; then the callees' own server spans have not become more.

## What to do
Look at what `called` names and at the change that added it. Ask fewer, ask them at once, bound how many answers are
waited for, or hedge.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.detectors.contract import Rule, code_location, sql_beside
from deep_code_reasoning.detectors.significance import FALSE_SHARE, false_discovery_rates, rank_sum_tail
from deep_code_reasoning.detectors.wording import figure
from deep_code_reasoning.finding import Evidence, Finding, Subject, Support
from deep_code_reasoning.incident import TimeWindow

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

FEWEST = 5
"""Traces a side: with 4 against 4 even a full separation survives no correction for many operations."""

LARGE = 0.64
LEAST_ADDED = 0.5
MOST_FINDINGS = 20

Row = dict[str, Any]


@dataclass
class Operation:
    """How many traces make how many calls a request (in hundredths), by phase; and what the test says."""

    service: str | None
    name: str
    traces: dict[str, dict[int, int]] = field(default_factory=lambda: {"incident": {}, "baseline": {}})
    p_value: float = 1.0
    superiority: float = 0.5

    def total(self, phase: str) -> int:
        return sum(self.traces[phase].values())

    def mean(self, phase: str) -> float:
        return sum(value * count for value, count in self.traces[phase].items()) / self.total(phase) / 100

    @property
    def added(self) -> float:
        return self.mean("incident") - self.mean("baseline")

    def compare(self) -> None:
        after, before = self.traces["incident"], self.traces["baseline"]
        below, u, ties = 0, 0.0, 0.0
        for value in sorted(after | before):
            now, then = after.get(value, 0), before.get(value, 0)
            u += now * (below + then / 2)
            below += then
            ties += (now + then) ** 3 - (now + then)
        pairs = self.total("incident") * self.total("baseline")
        self.superiority = u / pairs
        self.p_value = rank_sum_tail(u, self.total("incident"), self.total("baseline"), ties)

    def usual_most(self) -> int:
        """The baseline's 95th percentile."""
        seen, enough = 0, 0.95 * self.total("baseline")
        for value, count in sorted(self.traces["baseline"].items()):
            seen += count
            if seen >= enough:
                return value
        return max(self.traces["baseline"])


def detect(tables: Tables, incident: Incident) -> Iterator[Finding]:
    if incident.baseline is None or incident.incident is None:
        return
    tables.execute(sql_beside(__file__, "calls"))
    asked = [one for one in _operations(tables) if min(one.total("incident"), one.total("baseline")) >= FEWEST]
    for one in asked:
        one.compare()
    rates = false_discovery_rates([one.p_value for one in asked])
    grown = [
        one
        for one, rate in zip(asked, rates, strict=True)
        if rate <= FALSE_SHARE and one.superiority >= LARGE and one.added >= LEAST_ADDED
    ]
    for one in sorted(grown, key=lambda one: -one.added * one.total("incident"))[:MOST_FINDINGS]:
        yield _finding(tables, one)


def _operations(tables: Tables) -> list[Operation]:
    found: dict[tuple[str | None, str], Operation] = {}
    for service, name, phase, hundredths, traces in tables.rows(sql_beside(__file__)):
        found.setdefault((service, name), Operation(service, name)).traces[phase][hundredths] = traces
    return list(found.values())


def _finding(tables: Tables, one: Operation) -> Finding:
    key = {"service_name": one.service, "operation": one.name}
    targets = tables.dicts(sql_beside(__file__, "targets"), **key)
    top = targets[0]
    exemplars = tables.dicts(sql_beside(__file__, "exemplars"), **key, peer=top["peer"], called=top["called"])
    counted = tables.dicts(sql_beside(__file__, "support"), **key, limit=one.usual_most())[0]
    first, last = counted.pop("first_nano"), counted.pop("last_nano")
    calls = f"{figure(one.mean('baseline'))} → {figure(one.mean('incident'))} calls a request"
    return Finding(
        code=RULE.code,
        title=f"{one.service} {one.name}: {calls}, most of them added to {_target(top)}",
        severity=RULE.severity,
        role=RULE.role,
        subject=Subject(
            service=one.service,
            operation=one.name,
            resource=top["peer"] or None,
            location=next((place for row in exemplars if (place := code_location(row))), None),
        ),
        interval=TimeWindow(first, max(first, last)) if first is not None else None,
        numbers=_numbers(one, targets, exemplars),
        evidence=tuple(_evidence(exemplars)),
        support=Support(**counted),
    )


def _target(row: Row) -> str:
    return f"{row['peer']} {row['called']}".strip()


def _numbers(one: Operation, targets: list[Row], exemplars: list[Row]) -> dict[str, float | int | str]:
    grown = [row for row in targets if row["calls_after"] > row["calls_before"]]
    numbers: dict[str, float | int | str] = {
        "calls_per_request_incident": round(one.mean("incident"), 2),
        "calls_per_request_baseline": round(one.mean("baseline"), 2),
        "traces_incident": one.total("incident"),
        "traces_baseline": one.total("baseline"),
        "superiority": round(one.superiority, 3),
        "p_value": float(f"{one.p_value:.2g}"),
        "called": "; ".join(_target(row) for row in grown),
        "called_added_per_request": round(sum(row["calls_after"] - row["calls_before"] for row in grown), 2),
    }
    if exemplars:
        numbers["form"] = "parallel" if exemplars[0]["is_parallel"] else "sequential"
    return numbers


def _evidence(exemplars: list[Row]) -> Iterator[Evidence]:
    for row in exemplars:
        yield Evidence(f"span:{row['trace_id']}/{row['span_id']}", f"{row['calls']} calls")
        yield Evidence(f"span:{row['trace_id']}/{row['call_span_id']}", "one of those added")


RULE = Rule(
    code="FANOUT001",
    name="fan-out-growth",
    title="A request makes more calls to other services than it did before.",
    severity="warning",
    role="cause",
    needs=("spans", "topology"),
    detect=detect,
)
