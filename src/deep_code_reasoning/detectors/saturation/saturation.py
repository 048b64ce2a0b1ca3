"""A resource of a service or a machine ran out, by its metrics.

## What it detects
CPU, memory, a pool of connections or threads, a queue, a quota, a disk, or file descriptors, of which clearly more is
in use in the incident than before, up to where work has to wait; or of which the waiting itself is measured (pending
requests, throttled time, pressure, lag). One finding a service (a machine, where the metric is about the machine) and
resource, by its clearest series.

## Why it matters
Below its limit a resource does not show; near it every request waits for those before it, for u / (1 - u) of its own
work at the share u (M/M/1). That looks like slow code in the service, and like errors in its callers. Traces show the
wait but seldom what was waited for.

## How it is computed
What a metric is about is told by its name (metric_meanings.toml: OpenTelemetry, Kubernetes, cAdvisor,
Prometheus exporters, JVM, Node.js, pools, brokers). Counters are read as rates, histograms as means. Every series is
compared with itself before, robustly (series_change.py: ranks, and the distance in scales of its own noise with heavy
tails, never rarer than the same metric went as far in the baselines of others), and over all series together at most
5 % are false (Benjamini, Hochberg 1995). Where the baseline given holds fewer than 8 points of a series, those before
the incident are taken, without the last fifth of that time: `baseline_is`. A shift alone is no saturation: where the
limit is known the share in use must reach 80 % (critical) or 50 % (warning); measured waiting must have doubled at
least (warning); of a use without a known limit that doubled it is only said that it did (info). The level in the
incident is its upper quarter, for a cause may be there in a part of the window. `support` counts traces while it
lasted: those with a span of the service, with the symptom and
without; a service that records no spans has none.

## Not this when
The service was asked for more (see TRAF001, `requests_ratio`): then demand is the cause and the full resource how it
shows. When a lock, a slow callee or a retry storm holds threads and connections, the pool is full as well: look
whether the calls under it became slower first. A resource that is always near its limit is no news here, and a slow
leak that has grown all along is not told from its own trend. A growing queue is a mechanism: its consumers are slow
or fail, or more is put in.

## What to do
See who uses the resource (a profile, a heap histogram, the pool's holders), and whether the limit was lowered
(`limit_before`, `limit_after`). Raise the limit or add replicas to get over the incident; then remove the use.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.detectors.contract import Rule, sql_beside
from deep_code_reasoning.detectors.saturation.levels import HALF, SATURATED, figures, level
from deep_code_reasoning.detectors.wording import figure
from deep_code_reasoning.finding import Evidence, Finding, Severity, Subject, Support
from deep_code_reasoning.incident import TimeWindow

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

DOUBLED = 2.0
SHOWN = 4
RESOURCES = {
    "cpu": "CPU",
    "memory": "memory",
    "pool": "the pool",
    "queue": "the queue",
    "throttling": "throttling",
    "disk": "the disk",
    "network": "the network",
    "file-descriptors": "file descriptors",
}
SHIFTED = "SELECT * FROM metric_shifts WHERE is_shift AND measure <> '' ORDER BY p_value, series_number"
TRAFFIC = (
    "SELECT service_name, MAX(mean_after / median_before) FROM metric_shifts "
    "WHERE about = 'traffic' AND median_before > 0 GROUP BY service_name"
)
Row = dict[str, Any]


def detect(tables: Tables, incident: Incident) -> Iterable[Finding]:
    groups: dict[tuple, list[tuple[Severity, Row]]] = defaultdict(list)
    for row in tables.dicts(SHIFTED):
        if severity := _severity(row):
            who = row["service_name"] if row["scope"] == "service" and row["service_name"] else None
            groups[who, None if who else row["host"], row["about"]].append((severity, row))
    if not groups:
        return []
    tested = tables.count("metric_shifts")
    requests = dict(tables.rows(TRAFFIC))
    for members in groups.values():
        members.sort(key=_clearest_first)
    ordered = sorted(groups.values(), key=lambda members: _clearest_first(members[0]))
    supports = _supports(tables, incident, [members[0][1] for members in ordered])
    return [
        _finding(members, tested, requests, support, incident)
        for members, support in zip(ordered, supports, strict=True)
    ]


def _severity(row: Row) -> Severity | None:
    """None where the shift is no sign of too little."""
    share = level(row)
    if share:
        return "critical" if share.after >= SATURATED else "warning" if share.after >= HALF else None
    ratio = _ratio(row)
    if row["measure"] in ("waiting", "stolen"):
        return "warning" if ratio >= DOUBLED else None
    if row["measure"] == "free":
        return "info" if ratio <= 1 / DOUBLED else None
    return "info" if ratio >= DOUBLED else None


def _ratio(row: Row) -> float:
    """In the incident / before; infinite from nothing."""
    return row["mean_after"] / row["median_before"] if row["median_before"] > 0 else float("inf")


def _clearest_first(member: tuple[Severity, Row]) -> tuple:
    severity, row = member
    share = level(row)
    return (
        ("critical", "warning", "info").index(severity),
        row["p_value"],
        -(share.after if share else 0.0),
        row["name"],
    )


def _interval(row: Row, incident: Incident) -> TimeWindow:
    """From the point before the first that was out to the one after the last: what was between is not known."""
    assert incident.incident
    first = row["first_at"] if row["first_at"] is not None else incident.incident.start
    last = row["last_at"] if row["last_at"] is not None else incident.incident.end
    return TimeWindow(first - row["step"], last + row["step"])


def _supports(tables: Tables, incident: Incident, rows: list[Row]) -> list[Support | None]:
    import pyarrow as pa

    intervals = [_interval(row, incident) for row in rows]
    columns = {
        "number": pa.array(range(len(rows)), pa.int64()),
        "service_name": pa.array(
            [row["service_name"] if row["scope"] == "service" else None for row in rows], pa.string()
        ),
        "host": pa.array([None if row["scope"] == "service" else row["host"] for row in rows], pa.string()),
        "begin_nano": pa.array([interval.start for interval in intervals], pa.int64()),
        "end_nano": pa.array([interval.end for interval in intervals], pa.int64()),
    }
    tables.register("saturated", pa.table(columns))
    counted = {number: Support(*counts) for number, *counts in tables.rows(sql_beside(__file__))}
    return [counted.get(number) for number in range(len(rows))]


def _finding(
    members: list[tuple[Severity, Row]],
    tested: int,
    requests: dict[str | None, float],
    support: Support | None,
    incident: Incident,
) -> Finding:
    severity, row = members[0]
    before, after = figures(row)
    who = row["service_name"] if row["scope"] == "service" and row["service_name"] else row["host"]
    verb = "ran short" if severity == "critical" else "rose"
    lowered = f", its limit {figure(row['limit_before'] or 0)} → {figure(row['limit_after'] or 0)}"
    limit = lowered if _is_limit_lowered(row) else ""
    return Finding(
        code=RULE.code,
        title=f"{RESOURCES.get(row['about'], row['about'])} of {who} {verb}: {row['name']} {before} → {after}{limit}",
        severity=severity,
        role="context" if severity == "info" else "mechanism" if row["about"] == "queue" else "cause",
        subject=Subject(
            service=row["service_name"] if row["scope"] == "service" else None, resource=row["about"], host=row["host"]
        ),
        interval=_interval(row, incident),
        numbers=_numbers(row, tested, requests.get(row["service_name"])),
        evidence=tuple(_evidence([one for _, one in members])),
        support=support,
    )


def _is_limit_lowered(row: Row) -> bool:
    return bool(row["limit_after"] and row["limit_before"]) and row["limit_after"] < row["limit_before"]


def _numbers(row: Row, tested: int, requests: float | None) -> dict[str, float | int | str]:
    found: dict[str, float | int | str] = {
        "metric": row["name"],
        "unit": row["unit"] or "",
        "value_before": _rounded(row["median_before"]),
        "value_incident": _rounded(row["upper_after"]),
        "incident_points": row["after"],
        "baseline_points": row["before"],
        "baseline_is": row["baseline_is"],
        "noise_scales": _rounded(row["distance"]),
        "superiority": round(row["superiority"], 3),
        "p_value": float(f"{row['p_value']:.2g}"),
        "false_discovery_rate": float(f"{row['false_rate']:.2g}"),
        "series_tested": tested,
    }
    if share := level(row):
        found |= {"used_before_percent": round(share.before * 100, 1), "used_percent": round(share.after * 100, 1)}
    if row["limit_after"]:
        found |= {"limit_before": _rounded(row["limit_before"]), "limit_after": _rounded(row["limit_after"])}
        found["limit_lowered"] = "yes" if _is_limit_lowered(row) else "no"
    if requests is not None and row["scope"] == "service":
        found["requests_ratio"] = round(requests, 2)
    return found


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")


def _evidence(rows: list[Row]) -> Iterator[Evidence]:
    for row in rows[:SHOWN]:
        before, after = figures(row)
        yield Evidence(f"metric:{row['service_name'] or row['host']}/{row['name']}", f"{before} → {after}")


RULE = Rule(
    code="SAT001",
    name="saturation",
    title="A resource of a service or a machine ran out.",
    severity="critical",
    role="cause",
    needs=("metrics",),
    detect=detect,
)
