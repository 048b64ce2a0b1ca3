"""Messages that were handed out stay without an answer, more and more of them.

## What it detects
Metrics that count messages delivered and not yet acknowledged (names: queues.toml) that grow steadily in the incident
beyond what the baseline ever saw.

## Why it matters
The broker keeps each of them, and so do the consumers: memory grows on both sides until one of them falls, when all
come again at once. A consumer that takes and does not answer leaks them, waits for something, or is stuck.

## How it is computed
The middle of each of up to 30 slices of the window. Points of a queue are not independent (each is the one before and
a bit), so neither ranks nor a regression would be honest; its steps are: of the steps that change anything, how many
go up? The binomial tail at one half holds for noise around a level and for a random walk alike. At most 5 % of what is
reported false (Benjamini-Hochberg over all such series). Besides, the middle of the last third has to lie above the
highest slice of the baseline and at twice its middle; without a baseline, at twice the middle of the first third.

## Not this when
Counters that only ever grow (acknowledged in all) are no level. A level that is high but steady is a prefetch limit
that is full: look at queue-lag. Messages that wait without having been handed out are the metrics' saturation rule's.

## What to do
Look at the consumer: does it acknowledge on every path, the failing one too? What does it wait for? Then bound what it
is handed at once (prefetch, max in flight).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from deep_code_reasoning.detectors.contract import Rule, sql_beside
from deep_code_reasoning.detectors.groundwork.windows import bounds
from deep_code_reasoning.detectors.queues import deliveries
from deep_code_reasoning.detectors.significance import FALSE_SHARE, binomial_tail, false_discovery_rates
from deep_code_reasoning.detectors.wording import figure
from deep_code_reasoning.finding import Evidence, Finding, Subject
from deep_code_reasoning.incident import TimeWindow

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

FEWEST_SLICES = 6
"""Five steps that all go up have a chance of 1 in 32; fewer can never be sure."""

TWICE = 2.0
MOST_FINDINGS = 10


@dataclass
class Series:
    """One metric of one queue: the middles of its slices by phase, in order."""

    name: str
    service: str | None
    queue: str | None
    levels: dict[str, list[float]] = field(default_factory=lambda: {"incident": [], "baseline": []})
    from_nano: int = 0
    to_nano: int = 0

    @property
    def steps(self) -> tuple[int, int]:
        """Up, and up or down."""
        now = self.levels["incident"]
        ups = sum(b > a for a, b in pairwise(now))
        return ups, ups + sum(b < a for a, b in pairwise(now))

    @property
    def p_value(self) -> float:
        return binomial_tail(*self.steps, 0.5)

    @property
    def first_and_last(self) -> tuple[float, float]:
        """The middles of the first and the last third of the incident."""
        now = self.levels["incident"]
        third = max(1, len(now) // 3)
        return median(now[:third]), median(now[-third:])

    @property
    def is_beyond(self) -> bool:
        first, last = self.first_and_last
        before = self.levels["baseline"]
        if before:
            return last > max(before) and last >= TWICE * median(before)
        return last > first and last >= TWICE * first


def detect(tables: Tables, incident: Incident) -> Iterator[Finding]:
    asked = [one for one in _series(tables, incident) if len(one.levels["incident"]) >= FEWEST_SLICES]
    rates = false_discovery_rates([one.p_value for one in asked])
    told = [one for one, rate in zip(asked, rates, strict=True) if rate <= FALSE_SHARE and one.is_beyond]
    for one in sorted(told, key=lambda one: -one.first_and_last[1])[:MOST_FINDINGS]:
        yield _finding(one)


def _series(tables: Tables, incident: Incident) -> list[Series]:
    words = deliveries.vocabulary()["words"]
    found: dict[tuple, Series] = {}
    spans: dict[tuple, list[int]] = defaultdict(list)
    for row in tables.dicts(sql_beside(__file__), **words, **bounds(incident)):
        key = (row["name"], row["service_name"], row["host"], row["queue"])
        one = found.setdefault(key, Series(row["name"], row["service_name"], row["queue"]))
        one.levels[row["phase"]].append(row["middle"])
        if row["phase"] == "incident":
            spans[key] += [row["from_nano"], row["to_nano"]]
    for key, times in spans.items():
        found[key].from_nano, found[key].to_nano = min(times), max(times)
    return list(found.values())


def _finding(one: Series) -> Finding:
    first, last = one.first_and_last
    ups, steps = one.steps
    where = " ".join(filter(None, (one.queue and f"of {one.queue}", one.service and f"at {one.service}")))
    numbers: dict[str, float | int | str] = {
        "metric": one.name,
        "unacked_first": round(first, 3),
        "unacked_last": round(last, 3),
        "steps_up": ups,
        "steps": steps,
        "p_value": float(f"{one.p_value:.2g}"),
    }
    if one.levels["baseline"]:
        numbers |= {
            "unacked_baseline": round(median(one.levels["baseline"]), 3),
            "unacked_baseline_most": round(max(one.levels["baseline"]), 3),
        }
    return Finding(
        code=RULE.code,
        title=f"{one.name} {where}: {figure(first)} → {figure(last)} messages without an answer".replace("  ", " "),
        severity=RULE.severity,
        role=RULE.role,
        subject=Subject(service=one.service, resource=f"queue:{one.queue}" if one.queue else None),
        interval=TimeWindow(one.from_nano, max(one.from_nano, one.to_nano)),
        numbers=numbers,
        evidence=(Evidence(f"metric:{one.service}/{one.name}", "rises steadily"),),
    )


RULE = Rule(
    code="QUEUE003",
    name="unacked-growth",
    title="Messages that were handed out stay without an answer, more and more of them.",
    severity="warning",
    role="mechanism",
    needs=("metrics",),
    detect=detect,
)
