"""A runtime stops all threads of a process for long: garbage collection, safepoints.

## What it detects
Stop-the-world pauses of at least 200 ms of one process (service on a host), told by the runtime's metrics
(`jvm.gc.duration`, `v8js.gc.duration`, .NET's and Go's like; names and layouts: pauses.toml) or its log lines, with
how often they came before, and how many of the failing and of the healthy requests were under way meanwhile.

## Why it matters
Every request in the process waits out the pause, heartbeats and lease renewals are sent late, callers time out and
retry. Pauses are also the favourite wrong suspect, for every runtime has some: the counted overlap with failing
requests is what convicts or acquits them.

## How it is computed
A log line gives a pause's end and length, both by the host's own clock, as are the spans it is compared with. Where
a process has no such lines, consecutive points of a metric give the time paused between them and the longest pause
that must have been among them (a new maximum, else the mean); `placed` then says "interval", and the requests counted
are all those under way in it. 200 ms is the longest pause the JVM's default collector lets itself plan
(-XX:MaxGCPauseMillis). With both windows the rate of long pauses is compared as a ratio with its 99 % confidence
interval: more frequent is a possible cause, otherwise the pauses are context and no news. `support` counts the traces
with a span of the process under way during a long pause, with the symptom and without; `failing_with` of `failing`
are those among the symptomatic that ended in an error, for a pause always makes some requests slow.

## Not this when
The requests that fail do not run in the process, or fail as often outside its pauses: compare `support`. Concurrent
phases do not stop the program and are left out. A pause the runtime does not report (a stopped container, a page-in)
shows only as a gap.

## What to do
Look at heap after collection (`jvm.memory.used_after_last_gc`): rising means a leak, high means too small a heap.
Then the collector (ZGC, generational Shenandoah), allocation rate, and the node's memory pressure.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from deep_code_reasoning.detectors.contract import Rule, sql_beside
from deep_code_reasoning.detectors.rates import RateRatio, rate_ratio
from deep_code_reasoning.detectors.wording import milliseconds
from deep_code_reasoning.finding import Evidence, Finding, Subject, Support
from deep_code_reasoning.incident import TimeWindow, iso

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

LONG_NANO = 200_000_000
SHOWN = 5
Process = tuple[str | None, str | None]


class Pause(NamedTuple):
    """One pause, or all between two metric points: `length_nano` is then the longest, `count` how many it may be."""

    begin_nano: int
    end_nano: int
    length_nano: int
    ref: str
    count: int = 1


@cache
def _known() -> dict:
    return tomllib.loads(Path(__file__).with_name("pauses.toml").read_text(encoding="utf-8"))


def detect(tables: Tables, incident: Incident) -> Iterable[Finding]:
    told = _from_logs(tables)
    placed = dict.fromkeys(told, "exactly")
    for process, pauses in _from_metrics(tables).items():
        if process not in told:
            told[process], placed[process] = pauses, "interval"
    long = {process: [p for p in pauses if p.length_nano >= LONG_NANO] for process, pauses in told.items()}
    looked_at = {process: _within(pauses, incident.incident) for process, pauses in long.items()}
    looked_at = {process: pauses for process, pauses in looked_at.items() if pauses}
    names = dict(tables.rows("SELECT host, MIN(host_name) FROM resources WHERE host_name IS NOT NULL GROUP BY host"))
    met = _overlaps(tables, long, list(looked_at))
    found = [
        _finding(incident, process, pauses, long[process], placed[process], met.get(process), names)
        for process, pauses in looked_at.items()
    ]
    return sorted(found, key=lambda one: (one.role != "cause", -float(one.numbers["longest_ms"])))


def _within(pauses: list[Pause], window: TimeWindow | None) -> list[Pause]:
    if window is None:
        return pauses
    return [pause for pause in pauses if pause.begin_nano < window.end and pause.end_nano > window.start]


def _from_logs(tables: Tables) -> dict[Process, list[Pause]]:
    lines = _known()["lines"]
    tables.execute(sql_beside(__file__, "lines"), any="|".join(f"(?:{line['pattern']})" for line in lines))
    seen: set[int] = set()
    found: dict[Process, list[Pause]] = defaultdict(list)
    for line in lines:
        for number, service, host, end, length in tables.rows(
            sql_beside(__file__, "lengths"), pattern=line["pattern"], factor=line["factor"]
        ):
            if number not in seen:
                seen.add(number)
                found[service, host].append(Pause(end - length, end, length, f"log:{number}"))
    return {process: _told_once(pauses) for process, pauses in found.items()}


def _told_once(pauses: list[Pause]) -> list[Pause]:
    """A process has one pause at a time: of those that overlap (told in two logs) the longest stays."""
    kept: list[Pause] = []
    for pause in sorted(pauses):
        if not kept or pause.begin_nano >= kept[-1].end_nano:
            kept.append(pause)
        elif pause.length_nano > kept[-1].length_nano:
            kept[-1] = pause
    return kept


def _from_metrics(tables: Tables) -> dict[Process, list[Pause]]:
    import pyarrow as pa

    metrics = _known()["metrics"]
    columns = {"name": pa.array(list(metrics), pa.string()), "factor": pa.array(list(metrics.values()), pa.float64())}
    tables.register("gc_metrics", pa.table(columns))
    found: dict[Process, list[Pause]] = defaultdict(list)
    for row in tables.dicts(sql_beside(__file__, "points"), concurrent=_known()["concurrent"]["pattern"]):
        longest = row["longest_nano"] if row["longest_nano"] is not None else row["paused_nano"]
        ref = f"metric:{row['service_name']}/{row['name']}"
        count = max(1, min(int(row["pauses"]), int(row["paused_nano"] // max(longest, 1))))
        pause = Pause(row["begin_nano"], row["end_nano"], int(longest), ref, count)
        found[row["service_name"], row["host"]].append(pause)
    return found


class Overlap(NamedTuple):
    """Traces under way during a process's long pauses; `failing` are the symptomatic ones that ended in an error."""

    support: Support
    failing_with: int
    failing: int


def _overlaps(tables: Tables, long: dict[Process, list[Pause]], processes: list[Process]) -> dict[Process, Overlap]:
    """Counted over all long pauses of a process, those of the baseline, too."""
    import pyarrow as pa

    rows = [
        (number, *process, pause.begin_nano, pause.end_nano)
        for number, process in enumerate(processes)
        for pause in long[process]
    ]
    types = (pa.int64(), pa.string(), pa.string(), pa.int64(), pa.int64())
    columns = [pa.array([row[at] for row in rows], kind) for at, kind in enumerate(types)]
    names = ["process", "service_name", "host", "begin_nano", "end_nano"]
    tables.register("gc_pauses", pa.table(columns, names=names))
    counted = {number: Overlap(Support(*row[:4]), *row[4:]) for number, *row in tables.rows(sql_beside(__file__))}
    return {
        process: counted[number]
        for number, process in enumerate(processes)
        if number in counted and None not in process
    }


def _compared(incident: Incident, long: list[Pause]) -> RateRatio | None:
    now, before = incident.incident, incident.baseline
    if not (now and before and now.seconds and before.seconds):
        return None
    counts = [[sum(pause.count for pause in _within(long, window))] for window in (now, before)]
    return rate_ratio(counts[0], now.seconds, counts[1], before.seconds)


def _finding(
    incident: Incident,
    process: Process,
    pauses: list[Pause],
    long: list[Pause],
    placed: str,
    met: Overlap | None,
    names: dict[str, str],
) -> Finding:
    service, host = process
    ratio = _compared(incident, long)
    more = ratio is not None and ratio.low > 1
    longest = max(pauses, key=lambda pause: pause.length_nano)
    numbers: dict[str, float | int | str] = {
        "pauses": sum(pause.count for pause in pauses),
        "longest_ms": round(longest.length_nano / 1e6, 1),
        "paused_ms": round(sum(pause.length_nano * pause.count for pause in pauses) / 1e6, 1),
        "placed": placed,
    }
    if ratio is not None:
        numbers["baseline_pauses"] = sum(pause.count for pause in _within(long, incident.baseline))
        numbers |= {"rate_ratio": round(ratio.ratio, 2), "rate_ratio_low": round(ratio.low, 2)}
    if met is not None:
        numbers |= {"failing_with": met.failing_with, "failing": met.failing}
    where = f"{service or 'a process'} on {names.get(host or '', host)}" if host else service or "a process"
    what = f"{numbers['pauses']} pauses" if numbers["pauses"] != 1 else "one pause"
    return Finding(
        code=RULE.code,
        title=f"{where} stood still in {what} of 200 ms and more, the longest {milliseconds(longest.length_nano)}",
        severity="warning" if more else "info",
        role="cause" if more or ratio is None else "context",
        subject=Subject(service=service, host=names.get(host or "", host)),
        interval=TimeWindow(min(p.begin_nano for p in pauses), max(p.end_nano for p in pauses)),
        numbers=numbers,
        evidence=tuple(_evidence(pauses)),
        support=met.support if met else None,
    )


def _evidence(pauses: list[Pause]) -> Iterator[Evidence]:
    for pause in sorted(pauses, key=lambda one: -one.length_nano)[:SHOWN]:
        yield Evidence(pause.ref, f"{milliseconds(pause.length_nano)} until {iso(pause.end_nano)}")


RULE = Rule(
    code="RUN001",
    name="gc-pause",
    title="The runtime stopped all threads of a process for 200 ms or more.",
    severity="warning",
    role="cause",
    needs=(),
    detect=detect,
)
