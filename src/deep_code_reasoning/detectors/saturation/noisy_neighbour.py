"""A workload takes a machine's resource from those beside it, which asked for no more than before.

## What it detects
A machine whose CPU, memory or disk ran short in the incident (or a workload on it that had to wait for them), while
one service on it took most of what was used more and at least one other service on it did not use more than before.
Also time that the hypervisor gave to other guests (steal): then the neighbour is on another machine and has no name
here.

## Why it matters
The victims look guilty: they are slow, their code and their traffic are as before, and nothing in their own traces
says why. Restarting or scaling them in place helps nothing.

## How it is computed
Series that moved beyond their own noise (metric_shifts.py, at most 5 % false over all). The machine is
short when 80 % of the resource are in use, or its measured waiting (pressure, I/O time, steal) doubled; without
metrics of the machine, when a workload's own pressure doubled and its use did not rise. Among the services on that
machine whose use was measured by the same metric, the taker is the one with more than half of all that was used more;
bystanders are those whose use and requests did not rise. `taker_share_percent` is the taker's part of the rise,
`p_value` the larger one of the taker's and the machine's. Which service runs where is told by the resources of the
telemetry (node or host name).

## Not this when
Use rose at most services of the machine: then the load on all of them rose, see TRAF001. The taker alone is slow: its
own resource ran out (SAT001). Throttling by a service's own CPU limit (cfs_throttled) is nobody else's doing.

## What to do
Limit the taker (CPU and memory limits, I/O weights) or move it; give the victims requests that reserve what they
need. Under steal move the machine to other hardware, or to instances with dedicated processors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from deep_code_reasoning.detectors.contract import Rule, sql_beside
from deep_code_reasoning.detectors.saturation.levels import SATURATED, figures, level
from deep_code_reasoning.finding import Evidence, Finding, Subject
from deep_code_reasoning.incident import TimeWindow

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

SHARED = ("cpu", "memory", "disk")
MOST_OF_THE_RISE = 0.5
DOUBLED = 2.0
NAMED = 5
Row = dict[str, Any]


class Taking(NamedTuple):
    """`share`: the taker's part of all that was used more on the machine."""

    taker: Row
    share: float
    bystanders: list[str]


def detect(tables: Tables, incident: Incident) -> Iterable[Finding]:
    rows = tables.dicts(sql_beside(__file__))
    more_requests = {row["service_name"] for row in rows if row["about"] == "traffic" and _rose(row)}
    machines: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if row["about"] in SHARED:
            machines[row["node"], row["about"]].append(row)
    found = [one for members in machines.values() for one in _of_machine(members, more_requests, incident)]
    return sorted(found, key=lambda one: (one.subject.service is None, float(one.numbers["p_value"])))


def _of_machine(rows: list[Row], more_requests: set[str], incident: Incident) -> Iterator[Finding]:
    short = min(filter(_is_short, rows), key=lambda row: row["p_value"], default=None)
    if short is None:
        return
    if short["measure"] == "stolen":
        yield _finding(short, None, incident)
        return
    taking = max(_takings(rows, more_requests), key=lambda one: one.share, default=None)
    if taking and taking.taker["service_name"] != short["service_name"]:
        yield _finding(short, taking, incident)


def _is_short(row: Row) -> bool:
    """The machine's resource, or what a workload had to wait for."""
    if not row["is_shift"]:
        return False
    if row["measure"] in ("waiting", "stolen"):
        return row["mean_after"] >= DOUBLED * row["median_before"]
    share = level(row)
    return row["scope"] == "host" and share is not None and share.after >= SATURATED


def _rose(row: Row) -> bool:
    return row["is_shift"] and row["mean_after"] > row["median_before"]


def _takings(rows: list[Row], more_requests: set[str]) -> Iterator[Taking]:
    """Of each metric of use that services on the machine share, the one that took most."""
    by_metric: dict[tuple, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row["scope"] == "service" and row["measure"] in ("used", "share") and row["service_name"]:
            by_metric[row["name"], row["unit"]][row["service_name"]].append(row)
    for services in by_metric.values():
        rises = {who: sum(row["mean_after"] - row["median_before"] for row in own) for who, own in services.items()}
        total = sum(rise for rise in rises.values() if rise > 0)
        calm = sorted(
            who for who, own in services.items() if not any(_rose(row) for row in own) and who not in more_requests
        )
        taker = max(rises, key=lambda who: rises[who])
        clearest = min(services[taker], key=lambda row: row["p_value"])
        others = [who for who in calm if who != taker]
        if _rose(clearest) and others and rises[taker] > MOST_OF_THE_RISE * total:
            yield Taking(clearest, rises[taker] / total, others)


def _finding(short: Row, taking: Taking | None, incident: Incident) -> Finding:
    assert incident.incident
    machine, about = short["node"], short["about"]
    before, after = figures(short)
    rows = [short, taking.taker] if taking else [short]
    numbers: dict[str, float | int | str] = {
        "metric": short["name"],
        "value_before": float(f"{short['median_before']:.6g}"),
        "value_incident": float(f"{short['upper_after']:.6g}"),
        "p_value": float(f"{max(row['p_value'] for row in rows):.2g}"),
        "incident_points": min(row["after"] for row in rows),
        "baseline_points": min(row["before"] for row in rows),
        "baseline_is": short["baseline_is"],
    }
    if taking:
        numbers |= {"taker_share_percent": round(taking.share * 100, 1), "bystanders": len(taking.bystanders)}
        numbers["bystander_services"] = ", ".join(taking.bystanders[:NAMED])
        who = f"{taking.taker['service_name']} takes the {about} of {machine} from {taking.bystanders[0]}"
        who += f" and {len(taking.bystanders) - 1} others" if len(taking.bystanders) > 1 else ""
    else:
        who = f"other guests take the {about} of {machine}"
    firsts = [row["first_at"] for row in rows if row["first_at"] is not None]
    start = min(firsts) - short["step"] if firsts else incident.incident.start
    return Finding(
        code=RULE.code,
        title=f"{who}: {short['name']} {before} → {after}",
        severity="critical" if (share := level(short)) and share.after >= SATURATED else "warning",
        role="cause",
        subject=Subject(service=taking.taker["service_name"] if taking else None, resource=about, host=machine),
        interval=TimeWindow(start, max(start, incident.incident.end)),
        numbers=numbers,
        evidence=tuple(
            Evidence(f"metric:{row['service_name'] or row['host']}/{row['name']}", " → ".join(figures(row)))
            for row in rows
        ),
    )


RULE = Rule(
    code="SAT003",
    name="noisy-neighbour",
    title="A workload takes a machine's resource from those beside it.",
    severity="critical",
    role="cause",
    needs=("metrics",),
    detect=detect,
)
