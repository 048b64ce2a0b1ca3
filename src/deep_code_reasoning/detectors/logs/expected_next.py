"""The step that always came next no longer comes: the place where an operation breaks off.

## What it detects
Within an operation, a log line or a call that used to follow another one (or the operation's start) and in the
incident does not come any more, neither next nor later.

## Why it matters
A thrown exception, an early return, a wrong result that sends the caller down another branch: the code stops doing its
next step. No latency and often no status shows it, and the callers' own next steps then fail to come as well; the
deepest place where it begins is where the fault is.

## How it is computed
The steps of an execution (a span; without spans, a service's lines of one trace and span id) are its log statements in
order, and apart from them its calls. Expected after a step is what in a fifth of the cases follows at once; it is
missing when it does not come after the step's last occurrence at all and less often than it, so neither the order of
parallel steps nor what comes in between matters. Each trace has one vote, that of its first execution that took the
step. Votes are compared by Fisher's exact test within strata of executions that were reached along the same path of
operations (Birch 1964), so that another mix of requests is no change. At most 5 % of what is reported is false
(Benjamini-Hochberg over all pairs whose margins could show a change at all). It must have come in nine of ten traces
of the baseline, be missing at least twice as often as before, and leave the execution no longer than before (spans
and lines in it and below; Mann-Whitney, 5 %): else the operation goes on further than it did. A break that in most
traces has another one in a span below it follows from that one and is told as its symptom (without spans: another
service still went on when this one had stopped). One finding an operation.

## Not this when
More or other requests arrive, steps swap places, or lists that are printed become longer. What no longer comes is an
error line, or what was done after a failure that no longer happens. The step was one of several branches before. New
lines are template-change's.

## What to do
Open the span without the step: what it did last is the code before the one that throws or returns. Compare it with
the span of the baseline. Where the last step is a call, look at what the callee returned.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from deep_code_reasoning.detectors.contract import Rule, sql_beside
from deep_code_reasoning.detectors.groundwork.traces.failed_spans import ERROR_LINES
from deep_code_reasoning.detectors.groundwork.windows import bounds
from deep_code_reasoning.detectors.logs.stratified import Stratum, more_often_within
from deep_code_reasoning.detectors.significance import FALSE_SHARE, false_discovery_rates, rank_sum_tail, rate_ratio
from deep_code_reasoning.finding import Contrast, Evidence, Finding, Subject, Support
from deep_code_reasoning.incident import TimeWindow

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

MOST_FINDINGS = 20

EXPECTED = 0.9
"""A step that comes less often after another one is a branch and no expectation: its share follows the requests."""

LONGEST_LINE = 90

LARGE = 2.0
"""Missing at least so many times as often as before."""

Row = dict[str, Any]
KEY = ("label", "step", "next_step")


def detect(tables: Tables, incident: Incident) -> Iterator[Finding]:
    if incident.baseline is None or incident.incident is None:
        return
    for part in ("executions", "steps"):
        tables.execute(sql_beside(__file__, part), **bounds(incident))
    sure = changes(tables.dicts(sql_beside(__file__)))
    if sure:
        _register(tables, sure)
        sure = _that_do_no_more(tables, sure)
    if not sure:
        return
    _register(tables, sure)
    breaks = {_key(row): row for row in tables.dicts(sql_beside(__file__, "breaks"))}
    told = _an_operation_once(tables, [row | breaks[_key(row)] for row in sure])
    names = Names(tables)
    for row in told[:MOST_FINDINGS]:
        yield _finding(tables, row, names)


def changes(rows: list[Row]) -> list[Row]:
    """The pairs of steps whose second one is missing more often, strongest first, counted over comparable strata."""
    strata: dict[tuple, list[Row]] = defaultdict(list)
    for row in rows:
        if row["incident"] and row["baseline"]:
            strata[_key(row)].append(row)
    asked = []
    for key, parts in strata.items():
        tail = more_often_within(
            [Stratum(p["incident_missing"], p["incident"], p["baseline_missing"], p["baseline"]) for p in parts]
        )
        if tail.lowest <= FALSE_SHARE:
            counts = {name: sum(part[name] for part in parts) for name in COUNTS}
            asked.append(dict(zip(KEY, key, strict=True)) | counts | {"p_value": tail.p_value})
    rates = false_discovery_rates([row["p_value"] for row in asked])
    found = [row for row, rate in zip(asked, rates, strict=True) if rate <= FALSE_SHARE and _is_break(row)]
    return sorted(found, key=_order)


COUNTS = ("incident", "baseline", "incident_missing", "baseline_missing")


def _is_break(row: Row) -> bool:
    return row["baseline_missing"] <= (1 - EXPECTED) * row["baseline"] and _ratio(row) >= LARGE


def _ratio(row: Row) -> float:
    return rate_ratio(row["incident_missing"], row["incident"], row["baseline_missing"], row["baseline"]).ratio


def _key(row: Row) -> tuple[int, int, int]:
    return row["label"], row["step"], row["next_step"]


def _order(row: Row) -> tuple:
    return row["p_value"], -row["incident_missing"], _key(row)


def _register(tables: Tables, rows: list[Row]) -> None:
    tables.register("step_patterns", pa.table({name: [row[name] for row in rows] for name in KEY}))


def _that_do_no_more(tables: Tables, rows: list[Row]) -> list[Row]:
    """Without the pairs where the operation now goes on further: its step is left out because others come instead."""
    extents: dict[tuple, dict[str, list[int]]] = defaultdict(lambda: {"incident": [], "baseline": []})
    for row in tables.dicts(sql_beside(__file__, "extents")):
        extents[_key(row)][row["phase"]].append(row["extent"])
    return [row for row in rows if not _is_more(extents[_key(row)]["incident"], extents[_key(row)]["baseline"])]


def _is_more(after: list[int], before: list[int]) -> bool:
    if not after or not before:
        return False
    u = sum((a > b) + (a == b) / 2 for a in after for b in before)
    ties = sum(count**3 - count for count in Counter(after + before).values())
    return rank_sum_tail(u, len(after), len(before), ties) <= FALSE_SHARE


def _is_follower(row: Row) -> bool:
    return 2 * row["explained_traces"] > row["broken_traces"]


def _an_operation_once(tables: Tables, rows: list[Row]) -> list[Row]:
    """The strongest break of each operation, those that follow from others' last; without error lines that stopped."""
    labels = {row["label"]: row for row in tables.dicts("SELECT * FROM step_labels")}
    errors = {number for (number,) in tables.rows(sql_beside(__file__, "errors"), **ERROR_LINES)}
    best: dict[tuple, Row] = {}
    for row in rows:
        if row["next_step"] % 2 == 0 and row["next_step"] // 8 in errors:
            continue
        named = labels[row["label"]]
        best.setdefault((named["service_name"], named["operation"]), row | named)
    return sorted(best.values(), key=lambda row: (_is_follower(row), *_order(row)))


class Names:
    """Steps in words."""

    def __init__(self, tables: Tables) -> None:
        self.labels = {row["label"]: row for row in tables.dicts("SELECT * FROM step_labels")}
        self.templates = {
            row["statement"]: row
            for row in tables.dicts('SELECT * FROM step_statements ORDER BY "count", template_id DESC')
        }

    def line(self, step: int) -> Row | None:
        return self.templates.get(step // 8) if step >= 8 and step % 2 == 0 else None

    def callee(self, step: int) -> Row | None:
        return self.labels.get(step // 8) if step % 2 else None

    def words(self, step: int | None) -> str:
        if step is None:
            return "the end"
        if step < 8:
            return "its start"
        again = f" ({'third' if step % 8 >= 4 else 'second'} time)" if step % 8 >= 2 else ""
        line, callee = self.line(step), self.callee(step)
        if line:
            return f"«{_end_of(line['template'])}»{again}"
        if callee and callee["callee_operation"]:
            return f"the call of {callee['callee_service'] or 'another service'} {callee['callee_operation']}{again}"
        return f"the call {callee['operation'] if callee else ''}{again}"


def _end_of(template: str) -> str:
    """Lines begin alike (time, level, logger) and differ at the end."""
    text = " ".join(template.split())
    return text if len(text) <= LONGEST_LINE else f"…{text[-LONGEST_LINE:]}"


def _finding(tables: Tables, row: Row, names: Names) -> Finding:
    broken, usual = _exemplars(tables, row)
    callee = names.callee(row["step"]) or names.callee(row["next_step"]) or {}
    missing = f"missing in {row['incident_missing']:,} of {row['incident']:,} traces"
    before = f"{row['baseline_missing']:,} of {row['baseline']:,} before"
    return Finding(
        code=RULE.code,
        title=f"{row['service_name'] or 'unnamed service'} {row['operation'] or ''}".strip()
        + f": {names.words(row['next_step'])} no longer comes after {names.words(row['step'])}: {missing}, {before}",
        severity="info" if _is_follower(row) else "warning",
        role=_role(row, names),
        subject=Subject(service=row["service_name"], operation=row["operation"], peer=callee.get("callee_service")),
        interval=TimeWindow(row["first_nano"], row["last_nano"]),
        numbers=_numbers(row, names, broken),
        evidence=_evidence(row, names, broken, usual),
        support=_support(row),
        contrast=Contrast(row["incident_missing"], row["incident"], row["baseline_missing"], row["baseline"]),
    )


def _role(row: Row, names: Names) -> Literal["cause", "mechanism", "symptom"]:
    """Right after a call it may be the callee's answer that stopped it."""
    if _is_follower(row):
        return "symptom"
    last = names.callee(row["step"])
    return "mechanism" if last and last["callee_service"] else "cause"


def _support(row: Row) -> Support | None:
    counted = {name: row[name] for name in ("symptomatic_with", "symptomatic", "healthy_with", "healthy")}
    return Support(**counted) if row["symptomatic"] + row["healthy"] else None


def _numbers(row: Row, names: Names, broken: list[Row]) -> dict[str, float | int | str]:
    return {
        "missing": "call" if row["next_step"] % 2 else "line",
        "expected": names.words(row["next_step"]),
        "after": names.words(row["step"]),
        "instead": names.words(broken[0]["came_instead"]) if broken else "",
        "traces_incident": row["incident"],
        "traces_baseline": row["baseline"],
        "missing_incident": row["incident_missing"],
        "missing_baseline": row["baseline_missing"],
        "broken_traces": row["broken_traces"],
        "explained_below_traces": row["explained_traces"],
        "rate_ratio": round(_ratio(row), 3),
        "p_value": float(f"{row['p_value']:.2g}"),
    }


def _exemplars(tables: Tables, row: Row) -> tuple[list[Row], list[Row]]:
    rows = tables.dicts(sql_beside(__file__, "exemplars"), **{name: row[name] for name in KEY})
    return [one for one in rows if not one["came"]], [one for one in rows if one["came"]][:1]


def _evidence(row: Row, names: Names, broken: list[Row], usual: list[Row]) -> tuple[Evidence, ...]:
    found = [_execution(one, "ran without it") for one in broken]
    found += [
        Evidence(f"log:{one['last_log']}", "the last line before") for one in broken if one["last_log"] is not None
    ]
    found += [_execution(one, "the same before, with it") for one in usual]
    for step, note in ((row["next_step"], "no longer comes"), (row["step"], "after this")):
        line = names.line(step)
        if line:
            found.append(Evidence(f"template:{line['template_id']}", note))
    return tuple(dict.fromkeys(found))


def _execution(row: Row, note: str) -> Evidence:
    """Its span; without one, the first of its lines (whose number its own was made of)."""
    if row["execution"] < 0:
        return Evidence(f"log:{-1 - row['execution']}", note)
    return Evidence(f"span:{row['trace_id']}/{row['span_id']}", note)


RULE = Rule(
    code="LOG002",
    name="expected-next",
    title="A log line or call that always came next in an operation no longer comes.",
    severity="warning",
    role="cause",
    needs=(),
    detect=detect,
)
