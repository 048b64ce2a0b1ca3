"""The same message is processed several times.

## What it detects
Messages that one service takes again from the same queue: by the message's id, by the producer's span that several
consumer spans name as parent or link, or by what their attributes say of deliveries before (queues.toml). With why:
the first time failed, or was still running when the message came again.

## Why it matters
Work is done twice, and what is not idempotent is done wrong: two mails, two payments. A queue that hands out again
what takes long grows by its own doing, since those who are late make everybody later.

## How it is computed
A message is what its id says, else what its producer's span sent. It came again when the same operation of the same
service has two spans of it. With a baseline Fisher's exact test over messages: which share comes again, at most 5 % of
what is reported false (Benjamini-Hochberg over queues and consumers), and at least twice the share as before. Without
a baseline only two messages or more with ids or attributes that say so are told, since one span of a producer may
stand for a whole batch.

`first_failed` counts those whose first time failed; `first_still_running` those that came again before the first time
was done, in which case `again_after_ms` is the visibility or acknowledge timeout that is too short for the work.

## Not this when
Each instance of a service gets a copy (as many hosts as copies, none failed): a broadcast. Several services or
operations read the same topic: they are counted apart. A batch sent by one span without ids looks the same before and
after the incident. A record that fails every time it comes is bad-record's.

## What to do
If the first time failed, see why (its error). If it was still running, make the timeout longer than the work, or
extend it meanwhile; acknowledge after the work, and make the work idempotent by the message's id.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.detectors.contract import Rule, code_location, sql_beside
from deep_code_reasoning.detectors.queues import deliveries
from deep_code_reasoning.detectors.significance import increases
from deep_code_reasoning.detectors.wording import percent
from deep_code_reasoning.finding import Evidence, Finding, Subject, Support
from deep_code_reasoning.incident import TimeWindow

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

FEWEST = 2
TWICE = 2.0
MOST_FINDINGS = 20

Row = dict[str, Any]


def detect(tables: Tables, incident: Incident) -> Iterator[Finding]:
    if not deliveries.prepare(tables):
        return
    tables.execute(sql_beside(__file__, "messages"))
    rows = tables.dicts(sql_beside(__file__))
    compared = [row for row in rows if row["before"]]
    counts = [(row["after_with"], row["after"], row["before_with"], row["before"]) for row in compared]
    for row, test in zip(compared, increases(counts), strict=True):
        row["p_value"], row["is_sure"] = test
    for row in [row for row in rows if _is_told(row)][:MOST_FINDINGS]:
        yield _finding(tables, row)


def _is_told(row: Row) -> bool:
    if row["after_with"] < FEWEST:
        return False
    if not row["before"]:
        return row["has_ids"]
    return row["is_sure"] and row["after_with"] / row["after"] >= TWICE * row["before_with"] / row["before"]


def _finding(tables: Tables, row: Row) -> Finding:
    key = {name: row[name] for name in ("queue", "service_name", "name")}
    exemplars = tables.dicts(sql_beside(__file__, "exemplars"), **key)
    share = percent(row["after_with"], row["after"])
    why = ""
    if row["failed_first"] * 2 >= row["after_with"]:
        why = ", mostly after it failed"
    elif row["still_running"] * 2 >= row["after_with"]:
        why = ", mostly while it was still at work on it"
    return Finding(
        code=RULE.code,
        title=f"{row['service_name']} gets {share} of the messages of {row['queue'] or 'its queue'} again{why}",
        severity=RULE.severity,
        role=RULE.role,
        subject=Subject(
            service=row["service_name"],
            operation=row["name"],
            resource=f"queue:{row['queue']}" if row["queue"] else None,
            peer=row["producer_service"],
            location=next((place for one in exemplars if (place := code_location(one))), None),
        ),
        interval=TimeWindow(row["first_nano"], max(row["first_nano"], row["last_nano"])),
        numbers=_numbers(row),
        evidence=tuple(
            Evidence(
                f"span:{one['trace_id']}/{one['span_id']}",
                f"delivery {number}{', failed' if one['has_failed'] else ''}",
            )
            for number, one in enumerate(exemplars, 1)
        ),
        support=Support(row["symptomatic_with"], row["symptomatic"], row["healthy_with"], row["healthy"]),
    )


def _numbers(row: Row) -> dict[str, float | int | str]:
    numbers: dict[str, float | int | str] = {
        "messages": row["after"],
        "messages_again": row["after_with"],
        "deliveries": int(row["deliveries"]),
        "deliveries_most": row["most"],
        "first_failed": row["failed_first"],
        "first_still_running": row["still_running"],
    }
    if row["after_nano"] is not None:
        numbers["again_after_ms"] = round(row["after_nano"] / 1e6, 3)
    if row["before"]:
        numbers |= {
            "messages_baseline": row["before"],
            "messages_again_baseline": row["before_with"],
            "p_value": float(f"{row['p_value']:.2g}"),
        }
    return numbers


RULE = Rule(
    code="QUEUE002",
    name="redelivery",
    title="The same message is processed several times.",
    severity="warning",
    role="mechanism",
    needs=("spans", "topology"),
    detect=detect,
)
