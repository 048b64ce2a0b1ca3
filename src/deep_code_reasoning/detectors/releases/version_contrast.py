"""Two versions of a service served side by side: is the new one worse?

## What it detects
A version of a service that began to serve while the one before still did (a rolling update, a canary, blue and
green). `verdict` is `worse` where the new one takes longer or fails more than the old one beside it, and `no worse`
where it can be shown that it does not; of a pair for which neither can be told nothing is said.

## Why it matters
Both versions had the same hour, the same callers, the same databases and the same mix of requests. What one of them
does otherwise is in the version. It is the nearest thing to an experiment that production offers: it finds the change
that did it, and it acquits a deploy that only came at the wrong moment.

## How it is computed
Requests that enter the service between the new version's first request and the last of either, one value a trace, in
strata of the kind of request and the quarter of that time. Durations of requests that did not fail: differences of
mean logarithms, weighted over the strata (Cochran 1954), told as a ratio of geometric means with a 95 % interval.
Failures: Mantel and Haenszel's ratio of shares with Greenland and Robins' interval (1985). `worse` asks for a ratio
of 1.1 of durations or 1.5 of failures, with at most 5 % of what is reported false over all pairs (Benjamini-
Hochberg); `no worse` asks that the 95 % intervals exclude 1.1 times the duration and two more failures in a hundred
requests (Newcombe 1998). Twenty traces of each version are the least.

## Not this when
The first requests of a fresh process wait for caches, connections and compilers: look whether the ratio falls within
minutes. A canary that is given a customer or a region of its own is not asked the same. Pods of one version on slower
hosts look the same.

## What to do
Worse: the change lies between the two versions; roll back and read it. No worse: look elsewhere, however near the
deploy was to the onset.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.detectors.contract import Rule, sql_beside
from deep_code_reasoning.detectors.releases.stratified import (
    Ratio,
    Side,
    Stratum,
    duration_ratio,
    failure_ratio,
    most_more_failures,
)
from deep_code_reasoning.detectors.significance import FALSE_SHARE, false_discovery_rates
from deep_code_reasoning.detectors.wording import milliseconds
from deep_code_reasoning.finding import Evidence, Finding, Subject
from deep_code_reasoning.incident import TimeWindow

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

FEWEST = 20
SLOWER = 1.1
FAILS_MORE = 1.5
MORE_FAILURES = 0.02

Row = dict[str, Any]
PAIR = ("service_name", "new_version", "old_version", "from_nano", "to_nano")


@dataclass
class Pair:
    key: Row
    strata: list[Stratum] = field(default_factory=list)
    is_worse: bool = False

    def __post_init__(self) -> None:
        self.new, self.old = (sum(stratum[side].traces for stratum in self.strata) for side in (0, 1))
        self.failed_new, self.failed_old = (sum(stratum[side].failed for stratum in self.strata) for side in (0, 1))
        self.duration: Ratio | None = duration_ratio(self.strata)
        self.failure = failure_ratio(self.strata) if self.strata else None

    @property
    def is_slower(self) -> bool:
        return self.duration is not None and self.duration.estimate.ratio >= SLOWER

    @property
    def fails_more(self) -> bool:
        return self.failure is not None and self.failure.estimate.ratio >= FAILS_MORE

    @property
    def is_no_worse(self) -> bool:
        """What the intervals leave open is too little to matter."""
        if self.duration is None:
            return False
        failures = most_more_failures(self.failed_new, self.new, self.failed_old, self.old)
        return self.duration.estimate.high < SLOWER and failures < MORE_FAILURES


def detect(tables: Tables, incident: Incident) -> Iterator[Finding]:
    tables.execute(sql_beside(__file__, "versions"))
    pairs = [pair for pair in _pairs(tables.dicts(sql_beside(__file__))) if min(pair.new, pair.old) >= FEWEST]
    asked = [(pair, ratio, large) for pair in pairs for ratio, large in _questions(pair)]
    rates = false_discovery_rates([ratio.p_value for _, ratio, _ in asked])
    for (pair, _, is_large), rate in zip(asked, rates, strict=True):
        pair.is_worse = pair.is_worse or (is_large and rate <= FALSE_SHARE)
    for pair in sorted(pairs, key=lambda pair: not pair.is_worse):
        if pair.is_worse or pair.is_no_worse:
            yield _finding(tables, pair)


def _questions(pair: Pair) -> Iterator[tuple[Ratio, bool]]:
    if pair.duration:
        yield pair.duration, pair.is_slower
    if pair.failure:
        yield pair.failure, pair.fails_more


def _pairs(rows: Iterable[Row]) -> Iterator[Pair]:
    for key, some in groupby(rows, key=lambda row: tuple(row[name] for name in PAIR)):
        strata = []
        for _, sides in groupby(some, key=lambda row: (row["operation"], row["quarter"])):
            by_version = {row["is_new"]: _side(row) for row in sides}
            if len(by_version) == 2:
                strata.append((by_version[True], by_version[False]))
        yield Pair(dict(zip(PAIR, key, strict=True)), strata)


def _side(row: Row) -> Side:
    return Side(row["traces"], row["failed"], row["timed"], row["log_mean"] or 0.0, row["log_variance"] or 0.0)


def _finding(tables: Tables, pair: Pair) -> Finding:
    key = pair.key
    return Finding(
        code=RULE.code,
        title=f"{key['service_name']} {key['new_version']} {_compared(pair)} {key['old_version']} beside it",
        severity="warning" if pair.is_worse else "info",
        role=RULE.role,
        subject=Subject(service=key["service_name"], resource=key["new_version"]),
        interval=TimeWindow(key["from_nano"], key["to_nano"]),
        numbers=_numbers(pair),
        evidence=tuple(_evidence(tables.dicts(sql_beside(__file__, "exemplars"), **key))),
    )


def _compared(pair: Pair) -> str:
    if not pair.is_worse:
        return "is no slower and fails no more than"
    if pair.is_slower and pair.duration:
        one = pair.duration.estimate
        return f"takes {one.ratio:.2f} times ({one.low:.2f} to {one.high:.2f}) as long as"
    assert pair.failure
    one = pair.failure.estimate
    return f"fails {one.ratio:.1f} times ({one.low:.1f} to {one.high:.1f}) as often as"


def _numbers(pair: Pair) -> dict[str, float | int | str]:
    numbers: dict[str, float | int | str] = {
        "verdict": "worse" if pair.is_worse else "no worse",
        "version": pair.key["new_version"],
        "previous_version": pair.key["old_version"],
        "traces_new": pair.new,
        "traces_old": pair.old,
        "failed_new": pair.failed_new,
        "failed_old": pair.failed_old,
        "beside_s": round((pair.key["to_nano"] - pair.key["from_nano"]) / 1e9, 1),
    }
    for name, ratio in (("duration", pair.duration), ("failure", pair.failure)):
        if ratio:
            one = ratio.estimate
            numbers |= {f"{name}_ratio": round(one.ratio, 3), f"{name}_ratio_low": round(one.low, 3)}
            numbers |= {f"{name}_ratio_high": round(one.high, 3), f"{name}_p_value": float(f"{ratio.p_value:.2g}")}
    return numbers


def _evidence(rows: Iterable[Row]) -> Iterator[Evidence]:
    for row in rows:
        yield Evidence(
            f"span:{row['trace_id']}/{row['span_id']}",
            f"{milliseconds(row['duration_nano'])}, the slowest of {row['version']}",
        )


RULE = Rule(
    code="REL001",
    name="version-contrast",
    title="A new version of a service is held against the old one that served beside it.",
    severity="warning",
    role="context",
    needs=("spans", "topology"),
    detect=detect,
)
