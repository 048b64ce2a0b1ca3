"""One call for each item of a list, where one call for all of them would do.

## What it detects
A span below which the same statement or remote operation (literals masked) is called five times or more, and more
often than before the incident: the N+1 query, also through repository and driver spans that wrap each call.
`form` says whether the calls wait for one another (sequential) or run side by side (parallel).

## Why it matters
The time grows with the data: harmless in a test, the whole latency in production, and it multiplies the load of the
callee. It often arrives with an innocent change in another service that now returns or validates more items.

## How it is computed
Calls that succeeded are counted for every span of the parent operation. With a baseline, the calls per parent span
before and after are compared: rate ratio with a 95 % interval from the counts' own variance (delta method), at most
5 % of the reported ones false (Benjamini-Hochberg). Without a baseline everything repeated five times or more is
reported. `added_ms_per_parent` is the time of the additional calls, `share_of_entry_increase` the part of what the
entry operations became slower by (each against itself, in the incident's mix) that is waiting for them.

## Not this when
The same number of calls was made before the incident: slow by design, but not what changed. Calls repeated because the
first failed are retry-storm's. A batch that calls a few times with many ids each stays below five.

## What to do
Open the exemplar: the statement and the place that calls it. Fetch all items with one statement (join, IN, batch
endpoint), or cache; then look for the change that introduced the loop at `location`.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import exp, log, sqrt
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.detectors.contract import Rule, code_location, sql_beside
from deep_code_reasoning.detectors.significance import (
    CONFIDENCE_95,
    FALSE_SHARE,
    RateRatio,
    false_discovery_rates,
    normal_tail,
)
from deep_code_reasoning.finding import Evidence, Finding, Subject, Support
from deep_code_reasoning.incident import TimeWindow

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

MANY = 5
"""Repetitions below one span from which the pattern is named; fewer are usually written out by hand."""

MOST_FINDINGS = 20

Row = dict[str, Any]


def detect(tables: Tables, incident: Incident) -> Iterator[Finding]:
    tables.execute(sql_beside(__file__, "calls"))
    rows = tables.dicts(sql_beside(__file__), many=MANY)
    totals = tables.dicts(sql_beside(__file__, "totals"))[0]
    told = _increased(rows) if incident.baseline is not None else rows
    for row in told[:MOST_FINDINGS]:
        yield _finding(tables, row, totals)


def _increased(rows: list[Row]) -> list[Row]:
    """Those called more often below each parent than before, the most added time first."""
    compared = [row for row in rows if row["before"]]
    for row in compared:
        _compare(row)
    rates = false_discovery_rates([row["p_value"] for row in compared])
    told = [row for row, rate in zip(compared, rates, strict=True) if rate <= FALSE_SHARE and row["ratio"].low > 1]
    return sorted(told, key=lambda row: -_added_nano(row) * row["after"])


def _compare(row: Row) -> None:
    """Adds `ratio` and `p_value` of the calls per parent; variances at least those of independent calls."""
    spread = 0.0
    means = []
    for phase in ("after", "before"):
        parents = row[phase]
        mean = (row[f"{phase}_calls"] + 0.5) / parents
        variance = (row[f"{phase}_squares"] - parents * mean**2) / max(parents - 1, 1)
        spread += max(variance, mean) / (parents * mean**2)
        means.append(mean)
    ratio = means[0] / means[1]
    reach = exp(CONFIDENCE_95 * sqrt(spread))
    row["ratio"] = RateRatio(ratio, ratio / reach, ratio * reach)
    row["p_value"] = normal_tail(log(ratio) / sqrt(spread))


def _added_nano(row: Row) -> float:
    """Time of the additional calls below one parent, ns."""
    before = row["before_calls"] / row["before"] if "ratio" in row else 1.0
    return (row["after_calls"] / row["after"] - before) * row["after_nano"] / row["after_calls"]


def _finding(tables: Tables, row: Row, totals: Row) -> Finding:
    key = {name: row[name] for name in ("service_name", "operation", "statement")}
    exemplars = tables.dicts(sql_beside(__file__, "exemplars"), **key)
    worst = exemplars[0]
    statement = row["statement"][:200]
    return Finding(
        code=RULE.code,
        title=f"{row['service_name']} {row['operation']}: up to {row['most_calls']:,} × {statement[:120]}",
        severity=RULE.severity,
        role=RULE.role,
        subject=Subject(
            service=row["service_name"],
            operation=row["operation"],
            resource=worst["peer"],
            location=next(map(code_location, tables.dicts(sql_beside(__file__, "location"), **key)), None),
        ),
        interval=TimeWindow(row["first_nano"], max(row["first_nano"], row["last_nano"])),
        numbers=_numbers(row) | _share(tables, row, key) | {"statement": statement},
        evidence=tuple(_evidence(exemplars)),
        support=Support(row["symptomatic_with"], totals["symptomatic"], row["healthy_with"], totals["healthy"]),
    )


def _numbers(row: Row) -> dict[str, float | int | str]:
    numbers: dict[str, float | int | str] = {
        "most_calls": row["most_calls"],
        "parents_with_many": row["after_many"],
        "parents_incident": row["after"],
        "calls_per_parent_incident": round(row["after_calls"] / row["after"], 2),
        "form": "sequential" if row["sequential"] * 2 >= row["after_many"] else "parallel",
        "added_ms_per_parent": round(_added_nano(row) / 1e6, 3),
    }
    if "ratio" in row:
        numbers |= {
            "calls_per_parent_baseline": round(row["before_calls"] / row["before"], 2),
            "rate_ratio": round(row["ratio"].ratio, 2),
            "rate_ratio_low": round(row["ratio"].low, 2),
            "rate_ratio_high": round(row["ratio"].high, 2),
            "p_value": float(f"{row['p_value']:.2g}"),
        }
    return numbers


def _share(tables: Tables, row: Row, key: Row) -> dict[str, float]:
    """The part of what the entries became slower by; nothing without a baseline or where they did not."""
    if "ratio" not in row:
        return {}
    found = tables.dicts(sql_beside(__file__, "share"), **key)[0]
    if found["added_nano"] is None or found["entry_added_nano"] <= 0:
        return {}
    return {
        "added_ms_per_trace": round(found["added_nano"] / 1e6, 3),
        "share_of_entry_increase": round(found["added_nano"] / found["entry_added_nano"], 3),
    }


def _evidence(exemplars: list[Row]) -> Iterator[Evidence]:
    for row in exemplars:
        yield Evidence(f"span:{row['trace_id']}/{row['span_id']}", f"{row['calls']} calls below it")
        yield Evidence(f"span:{row['trace_id']}/{row['call_span_id']}", "one of the calls")


RULE = Rule(
    code="DB001",
    name="n-plus-one",
    title="The same statement or remote operation is called once for each item of a list.",
    severity="warning",
    role="cause",
    needs=("spans",),
    detect=detect,
)
