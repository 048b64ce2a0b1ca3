"""Requests wait for a connection because the pool has none left.

## What it detects
A service whose requests wait for a connection of their pool longer than before: by spans that wrap the waiting, by a
gap before the first database call that grows while a constant number of connections is in use, or by log lines and
exceptions of those who waited in vain.

## Why it matters
The database idles while its clients queue: every statement is fast, the service is slow, and more instances only help
as long as the database has connections to give. What holds the connections is the fault: a slow statement, a call to
others inside a transaction, a leak, a pool too small for the traffic.

## How it is computed
*Waits.* One value a trace, service and host: the time of spans named as waiting for a connection (pools.toml), and the
gap from the start of the service's entry span to its first database call. Each is compared with the baseline as in
self-time-regression (Mann-Whitney with at least a medium effect, Fisher for the tail, at most 5 % of what is reported
false). Both times are of one host, so clocks play no part.

*The ceiling.* A gap may be computing. It is waiting when the number of requests between their first and last call to
that database (`connections_in_use_most`, the incident's 99th percentile) is the same ceiling for those who waited
longer than the baseline's 95th percentile: at least half of them get their turn at it, more often than the prompt
ones do (Fisher, 1 %). Of requests that come at random at most one in seven meets the 99th percentile of their number.

*Lines.* Lines and exceptions that speak of a pool that gave nothing, one a trace, in 30 slices of both windows; the
rate's ratio with its 99 % interval, widened by the dispersion of the slices, has to lie above 1. Without a baseline
three are enough to be told.

`hold_before_ms` and `hold_after_ms` tell whether the connections are held longer (look at what is done meanwhile) or
there are more requests for them.

## Not this when
The database itself refuses (too many connections): that is an error of the database, and error-origin has it. A gap
that grows while connections are free is computing or a wait for something else. Metrics of a pool are another rule's.

## What to do
See what holds the connections: calls to others inside transactions, slow statements, connections that are not given
back. Then bound the waiting, and only then make the pool larger, as far as the database allows.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.detectors.contract import Rule, sql_beside
from deep_code_reasoning.detectors.groundwork.clocks.by_host import Clocks
from deep_code_reasoning.detectors.groundwork.latency import shift as shifting
from deep_code_reasoning.detectors.groundwork.reports import Reports, reports
from deep_code_reasoning.detectors.significance import more_often
from deep_code_reasoning.finding import Finding, Subject

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

FEWEST_LINES = 3
FEWEST_IN_USE = 2
"""A single connection in use is no ceiling: every request has that."""

MOSTLY = 0.5
ACCIDENT = 0.01

Row = dict[str, Any]


def detect(tables: Tables, incident: Incident) -> Iterator[Finding]:
    words = _words()
    told = {one.service: one for one in reports(tables, incident, words["refused"], words["normal"])}
    if incident.baseline is not None and incident.incident is not None:
        tables.execute(sql_beside(__file__), **words)
        for shift in shifting.shifts(tables)[0]:
            ceiling = _ceiling(tables, shift) if shift.subject["form"] == "gap" else {}
            if ceiling is not None:
                yield _of_waits(tables, shift, ceiling, told.pop(shift.subject["service_name"], None))
    for one in told.values():
        if one.lines >= FEWEST_LINES and one.is_more:
            yield _of_lines(one)


@cache
def _words() -> dict[str, str]:
    return tomllib.loads(Path(__file__).with_name("pools.toml").read_text(encoding="utf-8"))["words"]


def _ceiling(tables: Tables, shift: shifting.Shift) -> Row | None:
    """Of those who wait, most get their turn when the same number of connections is in use; None where they do not."""
    limit = shift.figures["p95_before"]
    key = {"subject_number": shift.subject["subject_number"], "limit_nano": limit}
    row = tables.dicts(sql_beside(__file__, "ceiling"), **key)[0]
    if not row["late"] or (row["most"] or 0) < FEWEST_IN_USE or row["late_at_most"] < MOSTLY * row["late"]:
        return None
    if row["prompt"] and more_often(row["late_at_most"], row["late"], row["prompt_at_most"], row["prompt"]) > ACCIDENT:
        return None
    return row


def _of_waits(tables: Tables, shift: shifting.Shift, ceiling: Row, told: Reports | None) -> Finding:
    subject = shift.subject
    shown = shifting.exemplars(tables, shift)
    counted = shifting.counted(tables, shift)
    numbers = shifting.numbers(shift) | {"waits_seen_as": subject["form"]}
    held = ""
    if ceiling:
        held = f" while {int(ceiling['most'])} are in use"
        numbers |= {
            "connections_in_use_most": int(ceiling["most"]),
            "waiting_requests": ceiling["late"],
            "waiting_requests_at_most": ceiling["late_at_most"],
            "hold_before_ms": round((ceiling["hold_before"] or 0) / 1e6, 3),
            "hold_after_ms": round((ceiling["hold_after"] or 0) / 1e6, 3),
        }
    to = f" to {subject['peer']}" if subject["peer"] else ""
    return Finding(
        code=RULE.code,
        title=f"{subject['service_name']} waits for a connection{to}: {shifting.change_in_words(shift)}{held}",
        severity=RULE.severity,
        role=RULE.role,
        subject=Subject(
            service=subject["service_name"],
            resource=subject["peer"],
            host=Clocks(tables).name(subject["host"]) if subject["host"] else None,
            location=shown.location,
        ),
        interval=counted.interval,
        numbers=numbers | (told.numbers("refusals") if told else {}),
        evidence=shown.evidence + (told.evidence if told else ()),
        support=counted.support,
        contrast=counted.contrast,
    )


def _of_lines(told: Reports) -> Finding:
    return Finding(
        code=RULE.code,
        title=f"{told.service} gets no connection from its pool {told.lines:,} times: {told.texts[0][:120]}",
        severity=RULE.severity,
        role=RULE.role,
        subject=Subject(service=told.service),
        interval=told.interval,
        numbers=told.numbers("refusals"),
        evidence=told.evidence,
        support=told.support,
    )


RULE = Rule(
    code="POOL001",
    name="connection-pool-exhaustion",
    title="Requests wait for a connection because their pool has none left.",
    severity="warning",
    role="cause",
    needs=(),
    detect=detect,
)
