"""Calls to another service take longer on the way: neither the caller's code nor the callee's spans account for it.

## What it detects
Edges of the service graph whose time on the way (the caller's client span less the callee's server span) shifted up.
For callees without telemetry of their own, such as databases and outside providers, the client span itself.

## Why it matters
A slow network, a full accept queue, an exhausted pool, a slow database: time that no span of a service shows, and
that a search for slow code blames on the caller.

## How it is computed
One value a trace and edge, the mean over its calls; only durations are subtracted, so differences between the hosts'
clocks play no part. Tests and correction as in self-time-regression: Mann-Whitney for the middle with at least a
medium effect, Fisher for the tail, a moderated t-test on logarithms for the few, at most 5 % of what is reported
false. `moved` names the figure that shows the shift best.

Whom to charge: the callee, unless the caller is the common end. Of the other tested edges of both ends, the share
that is slow by at least half as much is compared; where the caller's is larger, its host or network is the likelier
place (`caller_slow_edges`, `callee_slow_edges`: slow of tested). The finding's service is the end charged, its peer
the other.

## Not this when
The callee's own span grew as much as the caller's: then it is the callee's work (self-time-regression). Calls that
ended before the callee did (a timeout) leave no time on the way and are not seen here. Messages are left out:
nobody waits for them.

## What to do
Look at the network and host between the two, connection pools and accept queues, retransmissions, DNS and TLS;
for a database at its own statistics, for a provider at its status page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from deep_code_reasoning.detectors.contract import Rule, sql_beside
from deep_code_reasoning.detectors.groundwork.latency import shift as shifting
from deep_code_reasoning.finding import Finding, Subject

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

MOST_FINDINGS = 20
COMPARABLE = 0.5

Edge = dict[str, Any]


class Standing(NamedTuple):
    """Of the other tested edges of an end: how many are slow by a comparable amount, of how many."""

    slow: int
    tested: int

    @property
    def share(self) -> float:
        return self.slow / self.tested if self.tested else 0.0

    def __str__(self) -> str:
        return f"{self.slow}/{self.tested}"


def detect(tables: Tables, incident: Incident) -> Iterator[Finding]:
    if incident.baseline is None or incident.incident is None:
        return
    tables.execute(sql_beside(__file__))
    found, tested = shifting.shifts(tables)
    for shift in found[:MOST_FINDINGS]:
        yield _finding(tables, shift, _standing(shift, found, tested))


def _standing(
    shift: shifting.Shift, found: Sequence[shifting.Shift], tested: Sequence[Edge]
) -> tuple[Standing, Standing]:
    """Of the caller and of the callee. One slow host delays each of its calls alike: less than half does not count."""
    comparable = {
        other.subject["subject_number"]
        for other in found
        if other.shift_nano >= COMPARABLE * shift.shift_nano and other is not shift
    }
    others = [edge for edge in tested if edge["subject_number"] != shift.subject["subject_number"]]
    ends = []
    for end in (shift.subject["caller"], _callee(shift.subject)):
        own = [edge["subject_number"] for edge in others if end in (edge["caller"], _callee(edge))]
        ends.append(Standing(sum(number in comparable for number in own), len(own)))
    return ends[0], ends[1]


def _callee(edge: Edge) -> str:
    return edge["callee"] or edge["peer"]


def _finding(tables: Tables, shift: shifting.Shift, standing: tuple[Standing, Standing]) -> Finding:
    edge = shift.subject
    caller, callee = edge["caller"], _callee(edge)
    of_caller, of_callee = standing
    charges_caller = of_caller.share > of_callee.share or edge["callee"] is None
    shown = shifting.exemplars(tables, shift)
    counted = shifting.counted(tables, shift)
    what = f" {edge['operation']}" if edge["operation"] else ""
    return Finding(
        code=RULE.code,
        title=f"{caller} to {callee}{what}: time on the way {shifting.change_in_words(shift)}",
        severity=RULE.severity,
        role=RULE.role,
        subject=Subject(
            service=caller if charges_caller else callee,
            operation=edge["operation"],
            resource=edge["peer"],
            peer=callee if charges_caller else caller,
            location=shown.location,
        ),
        interval=counted.interval,
        numbers=shifting.numbers(shift)
        | {
            "caller": str(caller),
            "callee": callee,
            "caller_slow_edges": str(of_caller),
            "callee_slow_edges": str(of_callee),
        },
        evidence=shown.evidence,
        support=counted.support,
        contrast=counted.contrast,
    )


RULE = Rule(
    code="LAT002",
    name="slow-edge",
    title="Calls to another service or a database take longer on the way than before the incident.",
    severity="warning",
    role="cause",
    needs=("spans",),
    detect=detect,
)
