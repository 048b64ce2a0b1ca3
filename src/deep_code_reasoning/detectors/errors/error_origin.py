"""The first error of a failing trace, not the many that follow from it.

## What it detects
For every trace with a failed span: the failed span below which nothing failed, the earliest of them where there are
several, grouped by service, operation and error type. A call that fails without its callee reporting an error is
charged to the callee: it answered too late (`timed_out`) or was not reached (`unreached`).

## Why it matters
One failing database turns every service above it red. Counting errors a service blames the busiest caller; the
origin is where the repair is.

## How it is computed
A span failed when its status is error, when it is a server's and answered 5xx, or when it recorded an exception and
no status. Where no span of the evidence tells any status, error lines of the log (severity ERROR and above, or the
level word in the line) mark the span whose ids they carry. Start times of different hosts are brought to one clock by
`host_clocks`; `order_uncertain` counts the traces in which the error of the clocks leaves the order open. Errors that
callers survive are no origin while there is another: a kind of error counts first when the odds of a failing entry
are raised by it (lower 95 % bound of the odds ratio above 1). Of retried calls the first failed attempt is the
origin, being the earliest.

Against the baseline, Fisher's exact test on traces charged with the origin; of what is reported as warning or
critical at most 5 % are false (Benjamini-Hochberg over all origins that occur often enough to be sure of at all). An
origin that the baseline does not know, but with too few traces to be sure, is reported as info. Without a baseline
all origins are reported. The title's share, `share_of_failing`, is that of the incident's traces with a failed span
anywhere; how many of those with the symptom are charged with it is in `support`.

## Not this when
The same origin had the same share of traces before the incident, or the error stays below an entry that succeeds
(an optional call). An answer that refuses a caller's own request (HTTP 4xx, an RPC status that the server does not
count as its error, a rejected SQL statement) is charged to the caller, not to the callee: `reach` = refused.

## What to do
Open the exemplar span and its exception. `unreached` and `timed_out`: look at the callee's capacity, restarts and
network before its code. Services in `propagates_through` need no repair.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.detectors.contract import Rule, code_location, sql_beside
from deep_code_reasoning.detectors.errors.stack_frames import innermost
from deep_code_reasoning.detectors.significance import increases, rate_ratio
from deep_code_reasoning.detectors.wording import percent
from deep_code_reasoning.finding import Contrast, Evidence, Finding, Location, Severity, Subject, Support
from deep_code_reasoning.incident import TimeWindow

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

MOST_FINDINGS = 20
KEY = ("at_fault_service", "operation", "peer", "error_type", "reach")
Row = dict[str, Any]


def detect(tables: Tables, incident: Incident) -> Iterator[Finding]:
    tables.execute(sql_beside(__file__, "origins"))
    totals = tables.dicts(sql_beside(__file__, "totals"))[0]
    rows = tables.dicts(sql_beside(__file__))
    compared = incident.baseline is not None and totals["baseline_traces"] > 0
    told = _compared(rows, totals) if compared else rows
    for row in told[:MOST_FINDINGS]:
        yield _finding(tables, row, totals)


def _compared(rows: list[Row], totals: Row) -> list[Row]:
    """Those that became more frequent, with their figures against the baseline; surest and then most first."""
    after, before = totals["incident_traces"], totals["baseline_traces"]
    tests = increases([(row["traces"], after, row["baseline_traces"], before) for row in rows])
    for row, test in zip(rows, tests, strict=True):
        row["p_value"], row["is_sure"] = test
        row["ratio"] = rate_ratio(row["traces"], after, row["baseline_traces"], before)
    told = [row for row in rows if row["is_sure"] or (not row["baseline_traces"] and row["ratio"].ratio > 1)]
    return sorted(told, key=lambda row: (not row["is_sure"], -row["traces"]))


def _finding(tables: Tables, row: Row, totals: Row) -> Finding:
    key = {name: row[name] for name in KEY}
    exemplars = tables.dicts(sql_beside(__file__, "exemplars"), **key)
    above = [name for (name,) in tables.rows(sql_beside(__file__, "path"), **key) if name]
    notes = [row["message"] or row["error_type"]] + [""] * len(exemplars)
    error = f"{row['error_type']} in {row['operation']}"
    share = percent(row["traces"], totals["failing_traces"])
    return Finding(
        code=RULE.code,
        title=f"{share} of the traces with a failed span: the error begins {_place(row)} ({error})",
        severity=_severity(row),
        role=RULE.role,
        subject=Subject(
            service=row["at_fault_service"],
            operation=row["operation"],
            resource=row["peer"] if (row["peer"] or "").startswith(("db:", "queue:")) else None,
            peer=row["peer"],
            location=_location(exemplars),
        ),
        interval=TimeWindow(row["first_nano"], max(row["first_nano"], row["last_nano"])),
        numbers=_numbers(row, totals, above),
        evidence=tuple(
            Evidence(f"span:{e['trace_id']}/{e['span_id']}", note[:200])
            for e, note in zip(exemplars, notes, strict=False)
        ),
        support=Support(row["symptomatic_with"], totals["symptomatic"], row["healthy_with"], totals["healthy"]),
        contrast=Contrast(row["traces"], row["ran_incident"], row["baseline_traces"], row["ran_baseline"]),
    )


def _place(row: Row) -> str:
    """`in a`, or `on the call from a to b`; the service is the callee only where that has telemetry of its own."""
    service, peer = str(row["at_fault_service"]), row["peer"]
    if row["reach"] == "refused":
        return f"in {service}, whose request {peer or 'its callee'} refused"
    if row["reach"] == "own" or not peer:
        return f"in {service}"
    caller, callee = (peer, service) if row["service_name"] != service else (service, peer)
    return f"on the call from {caller} to {callee}"


def _severity(row: Row) -> Severity:
    if not row.get("is_sure", True):
        return "info"
    return "critical" if row["reached_entry"] or row["how"] == "log" else "warning"


def _numbers(row: Row, totals: Row, above: list[str]) -> dict[str, float | int | str]:
    numbers: dict[str, float | int | str] = {
        "traces": row["traces"],
        "failing_traces": totals["failing_traces"],
        "share_of_failing": round(row["traces"] / totals["failing_traces"], 4),
        "rate_incident": round(row["traces"] / totals["incident_traces"], 6),
        "reached_entry": row["reached_entry"],
        "order_uncertain": row["order_uncertain"],
        "error_type": row["error_type"],
        "told_by": row["how"],
        "reach": row["reach"],
    }
    if above:
        numbers["propagates_through"] = " > ".join(above[:10])
    if "ratio" in row:
        numbers |= {
            "rate_baseline": round(row["baseline_traces"] / totals["baseline_traces"], 6),
            "rate_ratio": round(row["ratio"].ratio, 2),
            "rate_ratio_low": round(row["ratio"].low, 2),
            "p_value": float(f"{row['p_value']:.2g}"),
        }
    return numbers


def _location(exemplars: list[Row]) -> Location | None:
    """Where the span says it was recorded, or where its exception was thrown."""
    for e in exemplars:
        if thrown := innermost(e["exception_stacktrace"]):
            return thrown
        if recorded := code_location(e):
            return recorded
    return None


RULE = Rule(
    code="ERR001",
    name="error-origin",
    title="Errors begin here; the services above only pass them on.",
    severity="critical",
    role="cause",
    needs=("spans",),
    detect=detect,
)
