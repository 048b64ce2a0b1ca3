"""A service answers slower, fails more, or is asked more or less than before, by its metrics alone.

## What it detects
Services whose latency, errors, requests or availability (restarts, ready replicas, uptime) moved beyond their own
noise in the incident, where traces cannot say so: no trace was recorded there, or hardly any. One finding a service
and signal, by its clearest series.

## Why it matters
Many incidents come with metrics only. What moved where, and what moved first, is then the best that can be said;
these are symptoms, and a saturated resource (SAT001) at one of the services outweighs them.

## How it is computed
A metric's signal is told by its name (metric_meanings.toml). Counters are read as rates, histograms as
means. Every series is compared with itself before (series_change.py), at most 5 % false over all series (Benjamini,
Hochberg 1995), and must have doubled (latency, errors, more requests), halved (requests, availability), or gone from
nothing to something. Left out are signals but availability of services that have at least 10 spans in both windows:
their traces tell more (LAT001, ERR001, TRAF001). Where there are traces of the incident at all, the shifts only help
to read them (context). That a service moved says little about where the cause is: only what crashed or is not ready
counts as evidence against itself (`p_value`), the others are ranked, those that moved first before the others, and
leave the verdict unknown (`shift_p_value`). `first_at_seconds` is when, from the begin of the incident window, the
series was first beyond all points before; a point later than others by less than `step_seconds` is not later.

## Not this when
A series of a client (http.client...) tells about those it calls. Percentiles of a handful of requests jump by
themselves: their own noise, and that of the same metric elsewhere, is what they are held against, so few of them
show.

## What to do
Look at the service that moved first, and what it depends on. Record traces there: they tell symptom from cause.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.detectors.contract import Rule, sql_beside
from deep_code_reasoning.detectors.groundwork.windows import bounds
from deep_code_reasoning.detectors.saturation.levels import figures
from deep_code_reasoning.finding import Evidence, Finding, Subject
from deep_code_reasoning.incident import TimeWindow

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

ENOUGH_SPANS = 10
DOUBLED = 2.0
SHOWN = 4
SHIFTED = "SELECT * FROM metric_shifts WHERE is_shift AND measure = '' ORDER BY p_value, series_number"
Row = dict[str, Any]


def detect(tables: Tables, incident: Incident) -> Iterable[Finding]:
    groups: dict[tuple, list[Row]] = defaultdict(list)
    for row in tables.dicts(SHIFTED):
        if _is_large(row):
            groups[row["service_name"] or row["host"], row["about"]].append(row)
    if not groups or not incident.incident:
        return []
    traced = {service for (service,) in tables.rows(sql_beside(__file__), enough=ENOUGH_SPANS, **bounds(incident))}
    tested = tables.count("metric_shifts")
    seen = bool(tables.rows("SELECT 1 FROM trace_outcomes WHERE phase = 'incident' LIMIT 1"))
    told = [
        _finding(members, tested, incident.incident, seen)
        for (who, about), members in groups.items()
        if about == "availability" or who not in traced
    ]
    return sorted(told, key=lambda one: (one.role != "symptom", one.numbers["first_at_seconds"], _chance(one)))


def _chance(finding: Finding) -> float:
    return float(finding.numbers.get("p_value") or finding.numbers["shift_p_value"])


def _is_large(row: Row) -> bool:
    before, after = row["median_before"], row["mean_after"]
    if row["about"] == "availability" or before <= 0:
        return after != before
    return after >= DOUBLED * before or (row["turned"] < 0 and after <= before / DOUBLED)


def _finding(members: list[Row], tested: int, window: TimeWindow, seen: bool) -> Finding:
    row = members[0]
    crashed = row["about"] == "availability"
    before, after = figures(row)
    first = row["first_at"] if row["first_at"] is not None else window.start
    return Finding(
        code=RULE.code,
        title=f"{row['about']} of {row['service_name'] or row['host']} changed: {row['name']} {before} → {after}",
        severity="warning" if crashed else "info",
        role="context" if seen and not crashed else "symptom",
        subject=Subject(service=row["service_name"], host=row["host"]),
        interval=TimeWindow(first - row["step"], max(first, window.end)),
        numbers={
            "metric": row["name"],
            "unit": row["unit"] or "",
            "signal": row["about"],
            "value_before": float(f"{row['median_before']:.6g}"),
            "value_incident": float(f"{row['upper_after']:.6g}"),
            "incident_points": row["after"],
            "baseline_points": row["before"],
            "baseline_is": row["baseline_is"],
            "first_at_seconds": round((first - window.start) / 1e9, 1),
            "step_seconds": round(row["step"] / 1e9, 1),
            "noise_scales": float(f"{row['distance']:.6g}"),
            "p_value" if crashed else "shift_p_value": float(f"{row['p_value']:.2g}"),
            "false_discovery_rate": float(f"{row['false_rate']:.2g}"),
            "series_tested": tested,
        },
        evidence=tuple(_evidence(members)),
    )


def _evidence(rows: list[Row]) -> Iterator[Evidence]:
    for row in rows[:SHOWN]:
        yield Evidence(f"metric:{row['service_name'] or row['host']}/{row['name']}", " → ".join(figures(row)))


RULE = Rule(
    code="SAT002",
    name="metric-shift",
    title="Latency, errors, requests or availability of a service moved, by its metrics.",
    severity="warning",
    role="symptom",
    needs=("metrics",),
    detect=detect,
)
