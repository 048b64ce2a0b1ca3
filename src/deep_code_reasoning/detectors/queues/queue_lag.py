"""Messages wait longer in their queue before somebody takes them.

## What it detects
A queue and a consumer between whose producer's send and consumer's start more time passes than before, and whether it
keeps growing.

## Why it matters
No call is slow and nothing fails: the producer's requests are answered in time, and what they promised happens minutes
later. A wait that grows steadily means that more is sent than taken; it ends only when that does, or the queue is
full.

## How it is computed
A message is a producer's span and the consumer's first span that has it as parent or link. One value a trace, queue
and consumer is compared with the baseline as in self-time-regression (Mann-Whitney with at least a medium effect,
Fisher for the tail, at most 5 % of what is reported false).

Sender and taker are on different hosts, so the times are set right by the offset and drift that the calls between
hosts give (TIME001 has the method), and the shift has to be larger than their error. Where no call compares the two
clocks it has to be larger than what drifts of 100 microseconds a second would add over all that was observed: a
constant offset shifts nothing.

`growth_ms_per_s` is the wait's rise from the incident's first third to its last over the time between (told where the
rank correlation of wait and time is sure at 1 %): of each second that passes so much is not worked off. The rates of
messages and the consumer's time for one, before and after, tell what to look at: more is sent, each takes longer, or
neither, and then fewer take them.

## Not this when
Deliveries of the same message again are left out (redelivery has them). Messages delayed on purpose wait as long
before. Consumers whose spans have neither parent nor link to the producer's cannot be measured.

## What to do
If each message takes longer, find out why (the consumer's own findings); if more is sent, by whom; if neither, see
whether consumers stand still, rebalance, or wait for one partition.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.detectors.contract import Rule, sql_beside
from deep_code_reasoning.detectors.groundwork.clocks.by_host import Clocks
from deep_code_reasoning.detectors.groundwork.latency import shift as shifting
from deep_code_reasoning.detectors.queues import deliveries
from deep_code_reasoning.detectors.significance import normal_tail
from deep_code_reasoning.finding import Finding, Subject

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

MOST_DRIFT = 1e-4
"""What no clock of a computer that works drifts by; those set right by NTP stay far below."""

ACCIDENT = 0.01
MOST_FINDINGS = 20

Row = dict[str, Any]


def detect(tables: Tables, incident: Incident) -> Iterator[Finding]:
    if incident.baseline is None or incident.incident is None or not deliveries.prepare(tables):
        return
    error_nano = _compare_clocks(tables)
    tables.execute(sql_beside(__file__))
    found = 0
    for shift in shifting.shifts(tables)[0]:
        key = {name: shift.subject[name] for name in ("queue", "service_name")}
        flow = tables.dicts(sql_beside(__file__, "flow"), **key)[0]
        unsure = MOST_DRIFT * flow["observed_nano"] if flow["uncompared"] else error_nano
        if found < MOST_FINDINGS and shift.shift_nano > unsure:
            found += 1
            yield _finding(tables, incident, shift, flow)


def _compare_clocks(tables: Tables) -> float:
    """Writes `clock_pairs` for all hosts between which messages go; gives the largest error of those, ns."""
    import pyarrow as pa

    clocks = Clocks(tables)
    hosts = tables.rows(
        "SELECT DISTINCT host, producer_host FROM deliveries WHERE host IS NOT NULL AND producer_host IS NOT NULL"
    )
    lines = [(host, other, line) for host, other in hosts if (line := clocks.between(host, other)) is not None]
    columns = {
        "host": pa.array([host for host, _, _ in lines], pa.string()),
        "other_host": pa.array([other for _, other, _ in lines], pa.string()),
    }
    for name, kind in (("offset_nano", float), ("drift_ppm", float), ("at_unix_nano", int)):
        values = [kind(getattr(line, name)) for _, _, line in lines]
        columns[name] = pa.array(values, pa.int64() if kind is int else pa.float64())
    tables.register("clock_pairs", pa.table(columns))
    return max((line.error_nano for _, _, line in lines), default=0.0)


def _finding(tables: Tables, incident: Incident, shift: shifting.Shift, flow: Row) -> Finding:
    subject = shift.subject
    shown = shifting.exemplars(tables, shift)
    counted = shifting.counted(tables, shift, least_part=0.0)
    numbers = shifting.numbers(shift) | _numbers(incident, flow)
    growing = f", {numbers['growth_ms_per_s']} ms more each second" if "growth_ms_per_s" in numbers else ""
    queue = subject["queue"] or "a queue without a name"
    return Finding(
        code=RULE.code,
        title=f"messages wait longer in {queue} for {subject['service_name']}: "
        f"{shifting.change_in_words(shift)}{growing}",
        severity=RULE.severity,
        role=RULE.role,
        subject=Subject(
            service=subject["service_name"],
            resource=f"queue:{subject['queue']}" if subject["queue"] else None,
            peer=subject["producer_service"],
            location=shown.location,
        ),
        interval=counted.interval,
        numbers=numbers,
        evidence=shown.evidence,
        support=counted.support,
        contrast=counted.contrast,
    )


def _numbers(incident: Incident, flow: Row) -> dict[str, float | int | str]:
    numbers: dict[str, float | int | str] = {"messages_incident": flow["messages"]}
    numbers["messages_baseline"] = flow["messages_before"]
    if incident.incident and incident.baseline and incident.incident.seconds and incident.baseline.seconds:
        numbers["messages_per_second_incident"] = round(flow["messages"] / incident.incident.seconds, 3)
        numbers["messages_per_second_baseline"] = round(flow["messages_before"] / incident.baseline.seconds, 3)
    for phase, name in (("after", "incident"), ("before", "baseline")):
        if flow[f"work_{phase}"] is not None:
            numbers[f"consumer_median_{name}_ms"] = round(flow[f"work_{phase}"] / 1e6, 3)
    sure = (flow["correlation"] or 0.0) * sqrt(max(flow["messages"] - 1, 0))
    if normal_tail(sure) <= ACCIDENT and flow["last_nano"] > flow["first_nano"]:
        rise = (flow["wait_last_nano"] - flow["wait_first_nano"]) / (flow["last_nano"] - flow["first_nano"])
        numbers["growth_ms_per_s"] = round(1000 * rise, 1)
    return numbers


RULE = Rule(
    code="QUEUE001",
    name="queue-lag",
    title="Messages wait longer in their queue before somebody takes them.",
    severity="warning",
    role="mechanism",
    needs=("spans", "topology"),
    detect=detect,
)
