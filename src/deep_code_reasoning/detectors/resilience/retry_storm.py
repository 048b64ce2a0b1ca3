"""Failed calls are repeated until the repetitions are a load of their own.

## What it detects
Calls repeated below the same span after the one before them failed, and how much traffic that adds; with what the
first attempts failed of.

## Why it matters
Retries multiply at every layer and keep a service down that would have recovered. But they are only an answer to a
first error: who sees the storm alone blames the wrong service.

## How it is computed
A call is a retry when the call before it, of the same operation to the same address below the same span, had failed
and ended, or when its client says that it sent it again (`http.request.resend_count`) and neither a redirect nor a
request for credentials (3xx, 401, 407) came before. `amplification` is calls / (calls - retries), the calls made for
each one wanted.

With a baseline, Fisher's exact test on the traces that make the call: in how many is it retried; of what is reported
as warning at most 5 % is false (Benjamini-Hochberg over all operations retried often enough to be sure of at all).
Retries in two traces or more that the baseline does not know, but that are too few beside it to be sure, are reported
as info. Where the baseline lacks the call, and without a baseline, only retries of a tenth of the wanted calls or
more are reported: the retry budget that the Site Reliability Engineering book (chapter 21) allows a client.

First error first: for each first attempt the earliest first error at or below it is looked up. Where most of them
failed at another service or on the way to it, the storm is a symptom and `first_failure_service` is to be asked;
where they failed in the caller itself it is a mechanism.

## Not this when
Several calls of the same operation all succeed: a loop (n-plus-one). The second call starts before the first has
ended: hedging, not a retry.

## What to do
Follow `first_failure_service`. Then bound the retries: exponential backoff with jitter, a retry budget, retries at
one layer only, none for errors that cannot pass by waiting.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.detectors.contract import Rule, code_location, sql_beside
from deep_code_reasoning.detectors.significance import increases
from deep_code_reasoning.detectors.wording import figure
from deep_code_reasoning.finding import Evidence, Finding, Subject, Support
from deep_code_reasoning.incident import TimeWindow

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

RETRY_BUDGET = 0.1
FEWEST_NEW = 2
"""Traces with retries that the baseline does not know, below which nothing is said: one may be a hiccup."""

MOST_FINDINGS = 20

Row = dict[str, Any]


def detect(tables: Tables, incident: Incident) -> Iterator[Finding]:
    tables.execute(sql_beside(__file__, "attempts"))
    rows = tables.dicts(sql_beside(__file__))
    compared = [row for row in rows if row["before_traces"]]
    told = _increased(compared) + [row for row in rows if not row["before_traces"] and _over_budget(row)]
    for row in sorted(told, key=lambda row: (not row.get("is_sure", True), -row["after_retries"]))[:MOST_FINDINGS]:
        yield _finding(tables, row)


def _increased(rows: list[Row]) -> list[Row]:
    """Those retried in more traces than before, and those that may be: the baseline does not know them."""
    counts = [(row["after_with"], row["after_traces"], row["before_with"], row["before_traces"]) for row in rows]
    for row, test in zip(rows, increases(counts), strict=True):
        row["p_value"], row["is_sure"] = test
    return [row for row in rows if row["is_sure"] or (not row["before_with"] and row["after_with"] >= FEWEST_NEW)]


def _over_budget(row: Row) -> bool:
    return row["after_retries"] >= RETRY_BUDGET * (row["after_calls"] - row["after_retries"])


def _finding(tables: Tables, row: Row) -> Finding:
    key = {name: row[name] for name in ("service_name", "operation", "kind", "server_address")}
    causes = tables.dicts(sql_beside(__file__, "firsts"), **key)
    attempts = tables.dicts(sql_beside(__file__, "exemplars"), **key)
    through, tiers = tables.rows(sql_beside(__file__, "tiers"), **key)[0]
    first = causes[0] if causes else None
    is_symptom = first is not None and (
        first["at_fault_service"] != row["service_name"] or first["reach"] in ("unreached", "timed_out")
    )
    calls = figure(_amplification(row, "after"))
    to = f" to {row['server_address']}" if row["server_address"] else ""
    all_tiers = f" ({figure(through)} through {tiers} tiers)" if tiers and tiers > 1 else ""
    told = f", after {first['error_type']} at {first['at_fault_service']}" if first else ""
    return Finding(
        code=RULE.code,
        title=f"{row['service_name']} {row['operation']}{to}: {calls} calls{all_tiers} for each one wanted{told}",
        severity=RULE.severity if row.get("is_sure", True) else "info",
        role="symptom" if is_symptom else "mechanism",
        subject=Subject(
            service=row["service_name"],
            operation=row["operation"],
            peer=first["at_fault_service"] if first and first["at_fault_service"] != row["service_name"] else None,
            location=next((place for a in attempts if (place := code_location(a))), None),
        ),
        interval=TimeWindow(row["first_nano"], max(row["first_nano"], row["last_nano"])),
        numbers=_numbers(row) | _through_tiers(through, tiers) | _first_failures(causes),
        evidence=tuple(
            Evidence(
                f"span:{a['trace_id']}/{a['span_id']}",
                f"attempt {number}, {'failed' if a['has_failed'] else 'succeeded'}",
            )
            for number, a in enumerate(attempts, 1)
        ),
        support=Support(row["symptomatic_with"], row["symptomatic"], row["healthy_with"], row["healthy"]),
    )


def _amplification(row: Row, phase: str) -> float:
    wanted = row[f"{phase}_calls"] - row[f"{phase}_retries"]
    return row[f"{phase}_calls"] / wanted if wanted else 1.0


def _numbers(row: Row) -> dict[str, float | int | str]:
    numbers: dict[str, float | int | str] = {
        "amplification_incident": round(_amplification(row, "after"), 3),
        "retries": row["after_retries"],
        "calls": row["after_calls"],
        "share_of_traffic_added": round(row["after_retries"] / row["after_calls"], 4),
        "requests_retried": row["requests"],
        "requests_exhausted": row["exhausted"],
        "most_attempts": row["most_attempts"],
    }
    if row["before_calls"]:
        numbers["amplification_baseline"] = round(_amplification(row, "before"), 3)
    if "p_value" in row:
        numbers["p_value"] = float(f"{row['p_value']:.2g}")
    return numbers


def _through_tiers(calls_per_wanted: float | None, tiers: int | None) -> dict[str, float | int | str]:
    if calls_per_wanted is None or tiers is None or tiers < 2:
        return {}
    return {"retrying_tiers": tiers, "amplification_through_tiers": round(calls_per_wanted, 3)}


def _first_failures(causes: list[Row]) -> dict[str, float | int | str]:
    if not causes:
        return {}
    first = causes[0]
    return {
        "first_failure_service": str(first["at_fault_service"]),
        "first_failure_operation": first["operation"],
        "first_failure_error": first["error_type"],
        "first_failures_there": first["attempts"],
        "first_failures": sum(cause["attempts"] for cause in causes),
        "first_failures_below": sum(cause["below"] for cause in causes),
    }


RULE = Rule(
    code="RETRY001",
    name="retry-storm",
    title="Failed calls are repeated until the repetitions are a load of their own.",
    severity="warning",
    role="mechanism",
    needs=("spans",),
    detect=detect,
)
