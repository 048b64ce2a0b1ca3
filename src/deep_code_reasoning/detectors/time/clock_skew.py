"""A host's clock disagrees with those of the hosts it talks to.

## What it detects
A host whose clock runs ahead of or behind the other hosts by more than the calls between them leave room for, as
`offset ± error`, with its drift where the evidence is long enough to show it.

## Why it matters
Whatever compares times of two hosts goes wrong by the offset: leases and tokens expire early or late, "last write
wins" loses writes, caches serve what is stale, and traces and logs show effects before their causes. A clock is
rarely looked at, because every host looks right by itself.

## How it is computed
Every call between two hosts bounds the difference of their clocks: the server's span begins after the client's and
ends before it. Over all calls theta lies in [max(t3 - t4), min(t2 - t1)]; with drift the bounds are lines through two
convex hulls (Moon, Skelly, Towsley 1999; Zhang, Liu, Xia 2002), and hosts that never talk are compared over others
by shortest paths. The error is a bound, not a standard deviation. A host is compared with the median host.

Reported when the certain part, |offset| - error, exceeds both the shortest round trip (twice the error: the trace
view then shows effects before causes) and 10 ms, what NTP holds over the public Internet (ntp.org's figure; on a
local network it holds 1 ms). It is critical and can be a cause when the certain part exceeds the shortest time limit
(`*.ttl_ms`, `*.margin_ms`, `*.lease*_ms` ...) that spans of that host carry; a warning from 128 ms, where NTP would
step the clock (RFC 5905, STEPT), or when it drifts by certainly more than 15 ppm (PHI); otherwise it is context for
reading the rest.

## Not this when
Only asynchronous messages connect the hosts (nobody waits, so nothing is bounded), or the calls are few and slow: the
error is then as large as the offset. Two hosts alone cannot tell which of them is wrong. When the calls contradict
every steady drift the clock was stepped (TIME002); `slack_ms` says by how much, and the error covers both sides of
the step. Clients whose span ends before their server begins (one-way calls recorded as client and server) look as if
the server ran ahead.

## What to do
Look at `chronyc tracking` or `timedatectl` on the host named: NTP blocked, a hypervisor without time
synchronisation, a suspended virtual machine. Until it is mended move time-critical clients off the host, and make
leases safe with a fencing token and a renewal margin longer than the worst offset.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from deep_code_reasoning.detectors.contract import Rule, sql_beside
from deep_code_reasoning.detectors.groundwork.clocks.by_host import ClockLine, Clocks
from deep_code_reasoning.detectors.time import time_limits
from deep_code_reasoning.detectors.wording import figure, measured, with_error
from deep_code_reasoning.finding import Evidence, Finding, Severity, Subject, Support

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

NTP_ACCURACY_NANO = 10_000_000
STEP_THRESHOLD_NANO = 128_000_000
FREQUENCY_TOLERANCE_PPM = 15.0


def detect(tables: Tables, incident: Incident) -> Iterable[Finding]:
    clocks = Clocks(tables)
    if not clocks.lines:
        return []
    found: list[Finding] = []
    for island in clocks.islands():
        median = _median(island)
        apart = {host: line for host in island if host != median and (line := clocks.between(host, median))}
        skewed = {host: line for host, line in apart.items() if _is_skewed(line)}
        found += _findings(tables, clocks, skewed, median) if skewed else []
    return sorted(found, key=lambda finding: (finding.role != "cause", -abs(float(finding.numbers["offset_ms"]))))


def _median(lines: dict[str, ClockLine]) -> str:
    """The host with the most calls of those whose clocks may show the median of all."""
    offsets = sorted(line.offset_nano for line in lines.values())
    middle = offsets[(len(offsets) - 1) // 2]
    return next(host for host, line in lines.items() if abs(line.offset_nano - middle) <= line.error_nano)


def _is_skewed(line: ClockLine) -> bool:
    return line.certain_nano > max(NTP_ACCURACY_NANO, 2 * line.error_nano)


def _findings(tables: Tables, clocks: Clocks, skewed: dict[str, ClockLine], median: str) -> Iterator[Finding]:
    touched = {row["host"]: row for row in tables.dicts(sql_beside(__file__))}
    limits = time_limits.shortest(tables)
    slacks = dict(tables.rows("SELECT server_host, MAX(slack_nano) FROM host_clock_pairs GROUP BY server_host"))
    for host, line in skewed.items():
        limit = limits.get(host)
        exceeds = limit is not None and line.certain_nano > limit[0] * 1e6
        numbers: dict[str, float | int | str] = {
            "offset_ms": round(line.offset_nano / 1e6, 3),
            "error_ms": round(line.error_nano / 1e6, 3),
            "drift_ppm": round(line.drift_ppm, 2),
            "drift_error_ppm": round(line.drift_error_ppm, 2),
            "pairs": line.pairs,
        }
        if limit:
            numbers |= {"shortest_limit_ms": limit[0], "shortest_limit": limit[1]}
        if slacks.get(host):
            numbers["slack_ms"] = round(slacks[host] / 1e6, 3)
        row = touched.get(host)
        yield Finding(
            code=RULE.code,
            title=_title(clocks, host, median, line),
            severity="critical" if exceeds else _severity(line),
            role="cause" if exceeds else "context",
            subject=Subject(
                service=row["service_name"] if row and row["services"] == 1 else None,
                host=clocks.name(host),
                peer=clocks.name(median),
            ),
            numbers=numbers,
            evidence=tuple(_witnesses(tables, clocks, host)),
            support=_support(row) if row else None,
        )


def _title(clocks: Clocks, host: str, median: str, line: ClockLine) -> str:
    way = "ahead of" if line.offset_nano > 0 else "behind"
    size = measured(abs(line.offset_nano), line.error_nano)
    drifting = abs(line.drift_ppm) > line.drift_error_ppm
    drift = (
        f", drifting {'+' * (line.drift_ppm > 0)}{with_error(line.drift_ppm, line.drift_error_ppm)} ppm"
        if drifting
        else ""
    )
    return f"the clock of {clocks.name(host)} runs {size} {way} {clocks.name(median)}{drift}"


def _severity(line: ClockLine) -> Severity:
    free_running = abs(line.drift_ppm) - line.drift_error_ppm > FREQUENCY_TOLERANCE_PPM
    return "warning" if free_running or line.certain_nano > STEP_THRESHOLD_NANO else "info"


def _support(row: dict) -> Support:
    return Support(row["symptomatic_with"], row["symptomatic"], row["healthy_with"], row["healthy"])


def _witnesses(tables: Tables, clocks: Clocks, host: str) -> Iterator[Evidence]:
    for row in tables.dicts(sql_beside(__file__, "witnesses"), host=host):
        lower = "…" if row["lower_nano"] is None else figure(row["lower_nano"] / 1e6, 5)
        sides = f"{clocks.name(row['server_host'])} - {clocks.name(row['client_host'])}"
        note = f"{sides} in [{lower}, {figure(row['upper_nano'] / 1e6, 5)}] ms"
        yield Evidence(f"span:{row['trace_id']}/{row['client_span']}", f"client: {note}")
        yield Evidence(f"span:{row['trace_id']}/{row['server_span']}", f"server: {note}")


RULE = Rule(
    code="TIME001",
    name="clock-skew",
    title="A host's clock is certainly ahead of or behind the others.",
    severity="warning",
    role="context",
    needs=("spans", "topology"),
    detect=detect,
)
