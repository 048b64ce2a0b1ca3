"""One record that fails again and again, and holds up what comes behind it.

## What it detects
The same message, offset, key or record, named in the failures of one service again and again: a consumer that cannot
take it, puts it back and gets it again (a poison message).

## Why it matters
The queue grows behind one record while the code is what it was yesterday. A recent change of the parser or of the
validation is the first to be blamed; rolled back, the same record fails again.

## How it is computed
Warning and error lines are searched for what names a record: attributes and `name=value` pairs such as `offset`,
`record_id`, `message_id`, `key`, `delivery_tag`. A service's lines of one template are one failure; where one value of
such a name stands in at least 90 % of them, at least five times, that record is the finding: a fault of the code would
fail on many records. `records` counts how many different ones those failures name.
The failures on that record out of all of the service's in the incident are held against the lines of the baseline.

## Not this when
Failures name different records: then the code or the sender is at fault. Fewer than five attempts are an ordinary
retry. The same record failed as often before the incident. A name whose value never varies (a partition, a topic, a
tenant, a job that runs for ever) is no record: ordinary lines of the baseline hold it too.

## What to do
Read the record, put it aside (a dead-letter queue, a skipped offset) and let the consumer go on. Then bound the
redeliveries, and tell the sender what it sent.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.detectors.contract import Rule, sql_beside
from deep_code_reasoning.detectors.groundwork.traces.failed_spans import ERROR_LINES
from deep_code_reasoning.detectors.groundwork.windows import bounds
from deep_code_reasoning.detectors.significance import more_often
from deep_code_reasoning.finding import Evidence, Finding, Subject, Support
from deep_code_reasoning.incident import TimeWindow

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

WARNING_SEVERITY = 13
MOST_LINES = 20_000
FEWEST = 5
LEAST_SHARE = 0.9
CHANCE = 0.01
MOST_FINDINGS = 3

NAMES = (
    r"offset|(?:record|message|msg|event|row|item|document|job|task|delivery|sequence)[_. -]?"
    r"(?:id|tag|no|number|key|seq)"
    r"|sequence|primary[_. -]?key|receipt[_. -]?handle|idempotency[_. -]?key|partition[_. -]?key|key|uuid|lsn|scn"
)
PAIR = re.compile(rf"(?<![\w.])(?P<name>{NAMES})\s*[=: ]\s*[\"']?(?P<value>[\w.:/+-]*\d[\w.:/+-]*)", re.IGNORECASE)
NAME = re.compile(rf"(?:^|[._])(?:{NAMES})$", re.IGNORECASE)
NO_NAME = re.compile(r"(trace|span|request|session|correlation|user|tenant|partition)[_. -]?(id|key)?$", re.IGNORECASE)


@dataclass
class _Failures:
    """A service's lines of one template in the incident, and which records they name."""

    lines: int = 0
    values: Counter = field(default_factory=Counter)
    first: dict[tuple[str, str], int] = field(default_factory=dict)
    times: list[int] = field(default_factory=list)


def detect(tables: Tables, incident: Incident) -> Iterator[Finding]:
    if incident.baseline is None or incident.incident is None:
        return
    windows = bounds(incident)
    rows = tables.dicts(
        sql_beside(__file__),
        **windows,
        warning_severity=WARNING_SEVERITY,
        error_words=ERROR_LINES["error_words"],
        most=MOST_LINES,
    )
    failures, all_lines, before = _sorted(rows)
    found = []
    for (service, _), of in failures.items():
        record, times = _record(of)
        if record is not None and times >= max(FEWEST, LEAST_SHARE * of.lines):
            found.append((times, service, record, of))
    told: set[str | None] = set()
    for times, service, record, of in sorted(found, key=lambda one: (-one[0], str(one[1]))):
        if service in told or len(told) >= MOST_FINDINGS:
            continue
        sql = sql_beside(__file__, "lines")
        lines, holding = tables.rows(sql, **_baseline(windows), service=service, value=record[1])[0]
        count_before = max(before[service, record], holding)
        p_value = more_often(times, all_lines[service], count_before, max(lines, count_before))
        if p_value > CHANCE:
            continue
        told.add(service)
        yield _finding(service, record, times, of, all_lines[service], count_before, lines, p_value)


def _finding(
    service: str | None,
    record: tuple[str, str],
    times: int,
    of: _Failures,
    failing: int,
    before: int,
    lines: int,
    p_value: float,
) -> Finding:
    name, value = record
    return Finding(
        code=RULE.code,
        title=f"{service or 'a service'} fails {times:,} times on the same record ({name} {value})",
        severity="critical",
        role="cause",
        subject=Subject(service=service, resource=f"{name} {value}"),
        interval=TimeWindow(min(of.times), max(of.times)),
        numbers={
            "attempts": times,
            "failures": of.lines,
            "records": len({v for n, v in of.values if n == name}),
            "attempts_before": before,
            "p_value": float(f"{p_value:.2g}"),
        },
        evidence=(Evidence(f"log:{of.first[record]}", "the first attempt"),),
        support=Support(times, max(failing, times), before, max(lines, before), unit="failure"),
    )


def _sorted(rows: list[dict[str, Any]]) -> tuple[dict, Counter, Counter]:
    """Failures by service and template, all failing lines by service, and how often a record failed before."""
    failures: dict[tuple, _Failures] = defaultdict(_Failures)
    all_lines, before = Counter[Any](), Counter[Any]()
    for row in rows:
        records = set(_records(row))
        if not row["is_incident"]:
            before.update((row["service_name"], record) for record in records)
            continue
        all_lines[row["service_name"]] += 1
        of = failures[row["service_name"], row["template_id"]]
        of.lines += 1
        of.times.append(row["time_unix_nano"])
        for record in records:
            of.values[record] += 1
            of.first.setdefault(record, row["log_number"])
    return failures, all_lines, before


def _records(row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for match in PAIR.finditer(row["body"]):
        if not NO_NAME.search(match["name"]):
            yield match["name"].lower(), match["value"].rstrip(".:;,")
    for pair in row["attributes"] or ():
        if pair["value"] and NAME.search(pair["key"]) and not NO_NAME.search(pair["key"]):
            yield pair["key"].lower(), pair["value"][:80]


def _record(of: _Failures) -> tuple[tuple[str, str] | None, int]:
    """The record that most lines name, and how many do; of equals the last by name."""
    best = max(of.values.items(), key=lambda pair: (pair[1], pair[0]), default=None)
    return best if best else (None, 0)


def _baseline(windows: dict[str, int | None]) -> dict[str, int | None]:
    return {name: value for name, value in windows.items() if name.startswith("baseline")}


RULE = Rule(
    code="POIS001",
    name="bad-record",
    title="One record fails again and again.",
    severity="critical",
    role="cause",
    needs=("logs",),
    detect=detect,
)
