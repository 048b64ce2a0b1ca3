"""The caller gives up before the callee is done, and the callee goes on working for nobody.

## What it detects
Calls between two services that the caller ends with a failure after always the same time, while the callee's span of
the same call goes on: the caller's timeout is shorter than the callee's, or than the time the callee needs.

## Why it matters
The work is done and thrown away; a retry has it done once more, so that a callee that is slow gets the more to do the
slower it is. The callee's own telemetry shows successes.

## How it is computed
A call is given up when the client span failed and the callee's server span lasted longer than it. Only durations are
compared, so clocks play no part; two steps of the coarsest clock (whole seconds, milliseconds) count as rounding.

The caller's deadline is the middle of what it waited. It is a deadline and no accident when the calls given up lie
within 5 % of it: durations that spread as those of services do (by 0.4 or more on the logarithmic scale) lie so near
their middle one time in ten, so the binomial tail of those that do, one deducted for the middle itself, is asked for at
1 %; and hardly any call of the incident may last longer. With a baseline Fisher's exact test on the traces that make
the call: in how many is it given up (at most 5 % of what is reported false, Benjamini-Hochberg). Both have to hold, so
false alarms are at most one in a hundred of the edges where calls fail while the callee goes on.

`callee_needs_ms` is the middle of the callee's time, called `callee_deadline_ms` where it is as sharp; deadlines that
attributes name (timeouts.toml) are told as `*_configured_ms`. `work_thrown_away_share` is the callee's time in calls
given up of its time in all calls. Who changed: where answers in the baseline took longer than this deadline and were
waited for, about as often as they are given up now, the caller has become less patient and is the cause; else the
callee has become slower, and this is a mechanism.

## Not this when
The callee's span ends within the caller's: then the callee reports the timeout of something below. The caller goes
on after an early answer while the callee tidies up: such calls do not fail. Calls that break off after varied times
(resets, restarts) have no deadline in common. A call that waited in the callee's queue before its span began may be
given up and still be shorter than the wait; it is not counted.

## What to do
Give each tier less time than the one above it, pass the deadline on with the call and stop when it is over. Where the
callee has become slower, find out why first; a longer timeout only moves the queue.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.detectors.contract import Rule, code_location, sql_beside
from deep_code_reasoning.detectors.significance import binomial_tail, increases
from deep_code_reasoning.detectors.wording import milliseconds, percent
from deep_code_reasoning.finding import Evidence, Finding, Subject, Support
from deep_code_reasoning.incident import TimeWindow

if TYPE_CHECKING:
    import pyarrow as pa

    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

FEWEST = 4
"""Calls given up below which no deadline can be told: three are alike by accident once in a hundred times."""

NEARNESS = 0.05
NEAR_BY_CHANCE = 0.1
ACCIDENT = 0.01
MOST_BEYOND = 0.1
"""Calls that last longer than the deadline, as a part of those given up: other paths of the same operation."""

AS_OFTEN = 0.5
"""From this part on of the share given up now, the baseline's long answers say that the caller was more patient."""

MOST_FINDINGS = 20

Row = dict[str, Any]


def detect(tables: Tables, incident: Incident) -> Iterator[Finding]:
    tables.execute(sql_beside(__file__, "calls"))
    rows = [row for row in tables.dicts(sql_beside(__file__), fewest=FEWEST, nearness=NEARNESS) if _has_deadline(row)]
    tables.register("timeout_attributes", _attributes())
    compared = [row for row in rows if row["before_traces"]]
    counts = [(row["after_with"], row["after_traces"], row["before_with"], row["before_traces"]) for row in compared]
    for row, test in zip(compared, increases(counts), strict=True):
        row["p_value"], row["is_sure"] = test
    for row in [row for row in rows if row.get("is_sure", True)][:MOST_FINDINGS]:
        yield _finding(tables, row)


def _has_deadline(row: Row) -> bool:
    accident = binomial_tail(row["near"] - 1, row["given_up"] - 1, NEAR_BY_CHANCE)
    return accident <= ACCIDENT and row["beyond"] <= MOST_BEYOND * row["given_up"]


@cache
def _attributes() -> pa.Table:
    """key, factor: names of deadlines, and what makes nanoseconds of them."""
    import pyarrow as pa

    units = tomllib.loads(Path(__file__).with_name("timeouts.toml").read_text(encoding="utf-8"))["attributes"]
    rows = [{"key": key, "factor": unit["factor"]} for unit in units.values() for key in unit["names"]]
    return pa.Table.from_pylist(rows)


def _finding(tables: Tables, row: Row) -> Finding:
    key = {name: row[name] for name in ("caller", "operation", "callee")}
    exemplars = tables.dicts(sql_beside(__file__, "exemplars"), **key)
    configured = dict(tables.rows(sql_beside(__file__, "configured"), **key))
    lost = percent(row["thrown_away_nano"], row["work_nano"])
    title = (
        f"{row['caller']} {row['operation']}: gives up after {milliseconds(row['deadline_nano'])}, "
        f"{row['callee']} goes on for {milliseconds(row['answer_nano'])}; {lost} of its work is thrown away"
    )
    return Finding(
        code=RULE.code,
        title=title,
        severity=RULE.severity,
        role="cause" if _was_patient(row) else "mechanism",
        subject=Subject(
            service=row["caller"],
            operation=row["operation"],
            peer=row["callee"],
            location=next((place for one in exemplars if (place := code_location(one))), None),
        ),
        interval=TimeWindow(row["first_nano"], max(row["first_nano"], row["last_nano"])),
        numbers=_numbers(row, configured),
        evidence=tuple(_evidence(exemplars)),
        support=Support(row["symptomatic_with"], row["symptomatic"], row["healthy_with"], row["healthy"]),
    )


def _was_patient(row: Row) -> bool:
    share = row["given_up"] / row["calls"]
    return bool(row["before_calls"]) and row["before_longer"] >= AS_OFTEN * share * row["before_calls"]


def _numbers(row: Row, configured: dict[str, float]) -> dict[str, float | int | str]:
    is_sharp = binomial_tail(row["answer_near"] - 1, row["given_up"] - 1, NEAR_BY_CHANCE) <= ACCIDENT
    numbers: dict[str, float | int | str] = {
        "caller_deadline_ms": _ms(row["deadline_nano"]),
        "callee_deadline_ms" if is_sharp else "callee_needs_ms": _ms(row["answer_nano"]),
        "calls_given_up": row["given_up"],
        "calls": row["calls"],
        "calls_near_deadline": row["near"],
        "work_thrown_away_share": round(row["thrown_away_nano"] / row["work_nano"], 4),
        "work_thrown_away_ms": _ms(row["thrown_away_nano"]),
    }
    numbers |= {f"{side}_deadline_configured_ms": _ms(nano) for side, nano in sorted(configured.items())}
    if row["before_calls"]:
        numbers |= {"calls_baseline": row["before_calls"], "longer_answers_baseline": row["before_longer"]}
    if "p_value" in row:
        numbers["p_value"] = float(f"{row['p_value']:.2g}")
    return numbers


def _evidence(exemplars: list[Row]) -> Iterator[Evidence]:
    for one in exemplars:
        yield Evidence(f"span:{one['trace_id']}/{one['span_id']}", f"given up after {milliseconds(one['waited_nano'])}")
        yield Evidence(
            f"span:{one['trace_id']}/{one['answer_span_id']}", f"done after {milliseconds(one['answer_nano'])}"
        )


def _ms(nanoseconds: float) -> float:
    return round(nanoseconds / 1e6, 3)


RULE = Rule(
    code="TIMEOUT001",
    name="timeout-inversion",
    title="The caller's timeout is shorter than the time its callee takes, whose work is thrown away.",
    severity="warning",
    role="mechanism",
    needs=("spans", "topology"),
    detect=detect,
)
