"""Many requests compute the same thing at the same time, because the cache that spared it has lost it.

## What it detects
A read, a GET or a computation that few requests needed before, which many now run at once: a run begins while another
request's run of the same work (the same text, literals and all) has not come back yet.

## Why it matters
An entry expires, a cache restarts, keys expire together: for as long as the first computation takes, every request
misses and computes too. The store behind was never sized for that, slows down, and so makes the moment longer.

## How it is computed
Runs of each piece of work are put in order; one that begins before all earlier ones of other traces are done is
repeated. Three questions, all of which have to be answered with yes, so the largest of their p-values counts; of what
is reported at most 5 % is false (Benjamini-Hochberg over the pieces of work with five repeated runs).

1. Do more of the requests run it than before? Fisher's exact test on the traces of the entry operations that ever do.
   Before, at most half of them did: else nothing was spared. More traffic or a slower store does not answer yes.
2. Do more traces have a repeated run than before? Fisher's exact test.
3. Do more runs overlap than independent ones of that number and length would? By chance one begins during another with
   probability 1 - exp(-busy time / time observed) (arrivals see time averages), so the binomial tail of that.

`runs_at_once_most` counts the largest burst without a pause. `cache_hit_rate_*` is told where spans say whether they
hit (caches.toml).

## Not this when
Every request ran the statement before: more traffic or a slower database makes such runs overlap, but no cache was
lost.
Statements whose literals are replaced by placeholders are the same text for different keys: a cache that is cold for
all keys is then told as one piece of work. Runs within one trace are n-plus-one's. The clocks of a service's hosts are
taken to agree to within the length of a run.

## What to do
Let one request compute and the others wait for it (single flight), serve the old value meanwhile, let entries expire at
different times, warm the cache before it takes traffic.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from math import exp
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.detectors.contract import Rule, code_location, sql_beside
from deep_code_reasoning.detectors.significance import (
    FALSE_SHARE,
    binomial_tail,
    false_discovery_rates,
    more_often,
)
from deep_code_reasoning.finding import Evidence, Finding, Subject, Support
from deep_code_reasoning.incident import TimeWindow

if TYPE_CHECKING:
    import pyarrow as pa

    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

FEWEST = 5
"""Repeated runs below which nothing is asked: a handful of requests may meet."""

SPARED = 0.5
"""At most this share of the requests ran it before; a cache that spares less than half is none."""

MOST_FINDINGS = 10

Row = dict[str, Any]


def detect(tables: Tables, incident: Incident) -> Iterator[Finding]:
    if incident.baseline is None or incident.incident is None:
        return
    tables.execute(sql_beside(__file__, "runs"), **_vocabulary()["words"], fewest=FEWEST)
    asked = [row for row in tables.dicts(sql_beside(__file__), fewest=FEWEST) if row["before_asked"]]
    for row in asked:
        row["p_value"] = max(_more_run_it(row), _more_repeat_it(row), _by_chance(row))
    rates = false_discovery_rates([row["p_value"] for row in asked])
    told = [row for row, rate in zip(asked, rates, strict=True) if rate <= FALSE_SHARE and _was_spared(row)]
    if told:
        tables.register("cache_attributes", _attributes())
    for row in told[:MOST_FINDINGS]:
        yield _finding(tables, row)


def _more_run_it(row: Row) -> float:
    return more_often(row["after_with"], row["after_asked"], row["before_with"], row["before_asked"])


def _more_repeat_it(row: Row) -> float:
    return more_often(row["after_repeated"], row["after_asked"], row["before_repeated"], row["before_asked"])


def _by_chance(row: Row) -> float:
    chance = 1 - exp(-row["busy_nano"] / max(row["observed_nano"], 1))
    return binomial_tail(row["repeated"], row["runs"], chance)


def _was_spared(row: Row) -> bool:
    return row["before_with"] <= SPARED * row["before_asked"]


@cache
def _vocabulary() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("caches.toml").read_text(encoding="utf-8"))


def _attributes() -> pa.Table:
    import pyarrow as pa

    return pa.table({"key": pa.array(_vocabulary()["attributes"]["hit"], pa.string())})


def _finding(tables: Tables, row: Row) -> Finding:
    exemplars = tables.dicts(sql_beside(__file__, "exemplars"), work_number=row["work_number"])
    hits = tables.dicts(
        sql_beside(__file__, "hits"), service_name=row["service_name"], hits=_vocabulary()["words"]["hits"]
    )[0]
    return Finding(
        code=RULE.code,
        title=f"{row['service_name']}: {row['repeated']:,} of {row['runs']:,} runs began while the same was running: "
        f"{row['text'][:120]}",
        severity=RULE.severity,
        role=RULE.role,
        subject=Subject(
            service=row["service_name"],
            resource=row["peer"],
            location=next((place for one in exemplars if (place := code_location(one))), None),
        ),
        interval=TimeWindow(row["first_nano"], max(row["first_nano"], row["last_nano"])),
        numbers=_numbers(row, hits),
        evidence=tuple(
            Evidence(
                f"span:{one['trace_id']}/{one['span_id']}",
                "began while the same was running" if one["is_repeated"] else "the first of the burst",
            )
            for one in exemplars
        ),
        support=Support(row["symptomatic_with"], row["symptomatic"], row["healthy_with"], row["healthy"]),
    )


def _numbers(row: Row, hits: Row) -> dict[str, float | int | str]:
    numbers: dict[str, float | int | str] = {
        "runs": row["runs"],
        "runs_baseline": row["runs_before"],
        "runs_repeated": row["repeated"],
        "runs_repeated_baseline": row["repeated_before"],
        "runs_at_once_most": row["most"],
        "requests_running_it_share": round(row["after_with"] / row["after_asked"], 4),
        "requests_running_it_share_baseline": round(row["before_with"] / row["before_asked"], 4),
        "p_value": float(f"{row['p_value']:.2g}"),
        "statement": row["text"][:200],
    }
    if hits["lookups"]:
        numbers["cache_hit_rate_incident"] = round(hits["hits"] / hits["lookups"], 4)
    if hits["lookups_before"]:
        numbers["cache_hit_rate_baseline"] = round(hits["hits_before"] / hits["lookups_before"], 4)
    return numbers


RULE = Rule(
    code="CACHE001",
    name="cache-stampede",
    title="Many requests compute at once what a cache used to spare them.",
    severity="warning",
    role="cause",
    needs=("spans", "topology"),
    detect=detect,
)
