"""Requests queue for one lock, and each waits for all that came before it.

## What it detects
A lock (attribute names: leases.toml) for which requests wait longer than before, the longer the more of them already
wait: one after another they get it, each as soon as the one before gives it back.

## Why it matters
Whatever the lock protects runs on one core however many there are. Past the point where it is always held the queue
grows without bound, and a short slow-down of one holder takes long to work off. Processors are idle, so nothing looks
saturated.

## How it is computed
Waits are the callers' spans that acquire an exclusive lock with a key. One value a trace, service and key is compared
with the baseline as in self-time-regression (Mann-Whitney with at least a medium effect, Fisher for the tail, at most
5 % of what is reported false).

A convoy besides is a queue: over the key's waits in the incident, the wait and the number of others that already waited
when it began go together (Spearman's rank correlation of at least 0.5, at 1 % by its normal approximation
r * sqrt(n - 1)), and three waited at once at some time. A lock service that is slow alike for who waits alone and who
waits in a queue has no such correlation; neither have ten waits that are long by accident.

`wait_per_waiter_ms` is the middle of wait / (waiting + 1), which in a convoy is what each holder takes; `hold_ms` what
spans of release or of the critical section tell of that, and `handed_on_at_once` how many of the grants to a queue
came within a tenth of that of the release before.

## Not this when
The lock is shared (mode read, several permits). Waits grow though nobody queues: the lock service or the way to it is
slow (slow-edge). Two who wait for each other never go on: deadlock-cycle. Locks without a key among their spans'
attributes cannot be seen. The clocks of the waiting hosts are taken to agree to within a wait.

## What to do
Hold the lock shorter: no calls to others inside. Split it by key, read without it, or let one worker do all that
queues. If holders became slower, find out why first: they are the cause, and the queue only multiplies it.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.detectors.contract import Rule, sql_beside
from deep_code_reasoning.detectors.groundwork.latency import shift as shifting
from deep_code_reasoning.detectors.locks import lock_spans
from deep_code_reasoning.detectors.significance import normal_tail
from deep_code_reasoning.finding import Finding, Subject

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

FEWEST_AT_ONCE = 3
"""Others that wait when one more comes: two may meet at any lock."""

TOGETHER = 0.5
ACCIDENT = 0.01
MOST_FINDINGS = 20

Row = dict[str, Any]


def detect(tables: Tables, incident: Incident) -> Iterator[Finding]:
    if incident.baseline is None or incident.incident is None or not lock_spans.prepare(tables):
        return
    tables.execute(sql_beside(__file__))
    found = 0
    for shift in shifting.shifts(tables)[0]:
        queue = tables.dicts(sql_beside(__file__, "queue"), key=shift.subject["key"])[0]
        if found < MOST_FINDINGS and _is_convoy(queue):
            found += 1
            yield _finding(tables, shift, queue)


def _is_convoy(queue: Row) -> bool:
    if (queue["waiting_most"] or 0) < FEWEST_AT_ONCE or (queue["correlation"] or 0.0) < TOGETHER:
        return False
    return normal_tail(queue["correlation"] * sqrt(queue["waits"] - 1)) <= ACCIDENT


def _finding(tables: Tables, shift: shifting.Shift, queue: Row) -> Finding:
    service, key = shift.subject["service_name"], shift.subject["key"]
    shown = shifting.exemplars(tables, shift)
    counted = shifting.counted(tables, shift)
    return Finding(
        code=RULE.code,
        title=f"{service} queues for the lock {key}: waits {shifting.change_in_words(shift)}, "
        f"up to {int(queue['waiting_most'])} others before it",
        severity=RULE.severity,
        role=RULE.role,
        subject=Subject(service=service, resource=key, location=shown.location),
        interval=counted.interval,
        numbers=shifting.numbers(shift) | _numbers(queue),
        evidence=shown.evidence,
        support=counted.support,
        contrast=counted.contrast,
    )


def _numbers(queue: Row) -> dict[str, float | int | str]:
    numbers: dict[str, float | int | str] = {
        "waits": queue["waits"],
        "waits_in_a_queue": queue["queued"],
        "waiting_most": int(queue["waiting_most"]),
        "correlation_with_waiting": round(queue["correlation"], 3),
        "wait_per_waiter_ms": round(queue["wait_each_nano"] / 1e6, 3),
    }
    if queue["hold_nano"] is not None:
        numbers |= {
            "hold_ms": round(queue["hold_nano"] / 1e6, 3),
            "handed_on": queue["handed_on"],
            "handed_on_at_once": queue["at_once"],
        }
    return numbers


RULE = Rule(
    code="LOCK002",
    name="lock-convoy",
    title="Requests queue for one lock, and each waits for all that came before it.",
    severity="warning",
    role="mechanism",
    needs=("spans", "topology"),
    detect=detect,
)
