"""Log lines that are new, gone, or come at another rate than before.

## What it detects
Log templates (bodies with their variable parts masked) that a service writes in the incident and did not before, that
it no longer writes, or whose rate changed, with error lines first.

## Why it matters
A thrown exception, a branch never taken before, a step that is skipped: the code says so in its logs long before
anyone measures it. The line that no longer comes is often the only sign of a wrong result.

## How it is computed
Lines that carry a span's ids are counted as the share of that operation's spans that wrote them, each trace counting
once, so neither more traffic nor another mix of requests counts as a change; Fisher's exact test on traces,
two-sided. Other lines are counted as they are, scaled by the median ratio of the service's templates (its traffic) or
by time, whichever explains them better, with an exact binomial test, and must have doubled or halved. Both are
divided by the overdispersion that all templates together show. At most 5 % of the reported changes of severity
warning or critical are false (Benjamini-Hochberg over all templates). Error lines that the baseline does not know are
reported as info where they are too few to be sure, as context where one such line is no rarer than one in twenty by
chance. The strongest 20 are reported; `further_changes` counts the rest.

## Not this when
All templates of a service rise together: that is traffic. A template seen once or twice proves nothing by itself.
Error lines that stopped are told, but explain nothing. The error line of a caller that only logs its callee's failure
is a symptom: see error-origin. A service that wrote nothing in the baseline is not compared, and nothing is when the
logs end before the incident.

## What to do
Open the example line and the trace it stands in. For a line that is gone, open the spans that ran without it: the
step after the last line still written is where the path now ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from deep_code_reasoning.detectors.contract import Rule, sql_beside
from deep_code_reasoning.detectors.groundwork.traces.failed_spans import ERROR_LINES
from deep_code_reasoning.detectors.groundwork.windows import bounds
from deep_code_reasoning.detectors.logs.template_weights import counts_traces, weigh
from deep_code_reasoning.detectors.significance import FALSE_SHARE, false_discovery_rates, rate_ratio
from deep_code_reasoning.finding import Contrast, Evidence, Finding, Severity, Subject, Support
from deep_code_reasoning.incident import TimeWindow

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

MOST_FINDINGS = 20
WORDS = {"new": "new", "gone": "no longer written", "more": "written more often", "less": "written less often"}

Row = dict[str, Any]


def detect(tables: Tables, incident: Incident) -> Iterator[Finding]:
    if incident.baseline is None or incident.incident is None:
        return
    rows = _comparable(tables.dicts(sql_beside(__file__), **bounds(incident), **ERROR_LINES))
    weigh(rows, incident.incident.seconds, incident.baseline.seconds)
    told = _told(rows)
    for place, row in enumerate(told[:MOST_FINDINGS]):
        finding = _finding(tables, row)
        if place == 0 and len(told) > MOST_FINDINGS:
            finding.numbers["further_changes"] = len(told) - MOST_FINDINGS
        yield finding


def _comparable(rows: list[Row]) -> list[Row]:
    """Without the services that wrote nothing before: all their lines would be new. Nothing where the logs end."""
    if not any(row["after_lines"] for row in rows):
        return []
    known = {row["service_name"] for row in rows if row["before_lines"]}
    return [row for row in rows if row["service_name"] in known]


def _told(rows: list[Row]) -> list[Row]:
    """What is worth telling, strongest first; of a service's template in several operations the strongest only."""
    rates = false_discovery_rates([row["p_value"] for row in rows])
    strongest: dict[tuple, Row] = {}
    for row, false_share in zip(rows, rates, strict=True):
        row["is_sure"] = false_share <= FALSE_SHARE and (counts_traces(row) or _is_large(row))
        row["change"] = _change(row)
        if row["is_sure"] or (row["is_error"] and row["change"] == "new"):
            key = (row["service_name"], row["template_id"])
            if key not in strongest or _order(row) < _order(strongest[key]):
                strongest[key] = row
    return sorted(strongest.values(), key=_order)


def _order(row: Row) -> tuple:
    is_new_trouble = row["is_error"] and row["rises"]
    return (not row["is_sure"], not is_new_trouble, -row["g2"], row["service_name"] or "", row["template"])


def _is_large(row: Row) -> bool:
    ratio = (row["after_lines"] + 0.5) / (row["before_lines"] * row["expected_ratio"] + 0.5)
    return ratio >= 2 or ratio <= 0.5


def _change(row: Row) -> str:
    if row["rises"]:
        return "more" if row["before_lines"] else "new"
    return "less" if row["after_lines"] else "gone"


def _finding(tables: Tables, row: Row) -> Finding:
    is_missing = not row["rises"]
    key = {name: row[name] for name in ("service_name", "operation", "template_id")}
    support = None
    first, last = row["first_nano"], row["last_nano"]
    if row["operation"] is not None:
        counted = tables.dicts(sql_beside(__file__, "support"), **key, missing=is_missing)[0]
        first_run, last_run = counted.pop("first_nano"), counted.pop("last_nano")
        first, last = (first_run, last_run) if is_missing else (first, last)
        support = Support(**counted)
    shown = " ".join(row["template"].split())[:160]
    kind = "error line" if row["is_error"] else "line"
    return Finding(
        code=RULE.code,
        title=f"{row['service_name'] or 'unnamed service'}: {kind} {WORDS[row['change']]}: {shown}",
        severity=_severity(row),
        role=_role(row),
        subject=Subject(service=row["service_name"], operation=row["operation"]),
        interval=TimeWindow(first, max(first, last)) if first is not None else None,
        numbers=_numbers(row),
        evidence=_evidence(tables, row, key, is_missing),
        support=support,
        contrast=_contrast(row) if counts_traces(row) else None,
    )


def _contrast(row: Row) -> Contrast:
    return Contrast(row["after_with"], row["after_traces"], row["before_with"], row["before_traces"])


def _role(row: Row) -> Literal["mechanism", "symptom", "context"]:
    """Errors that stopped explain no incident, and a few lines that chance may have put there weigh nothing."""
    if not row["is_sure"] and row["p_value"] > FALSE_SHARE:
        return "context"
    if row["is_error"]:
        return "mechanism" if row["rises"] else "context"
    return "symptom"


def _severity(row: Row) -> Severity:
    if not row["is_sure"]:
        return "info"
    return "critical" if row["is_error"] and row["rises"] else "warning"


def _numbers(row: Row) -> dict[str, float | int | str]:
    numbers: dict[str, float | int | str] = {
        "change": row["change"],
        "is_error": int(row["is_error"]),
        "lines_incident": row["after_lines"],
        "lines_baseline": row["before_lines"],
        "g2": round(row["g2"], 2),
        "p_value": float(f"{row['p_value']:.2g}"),
    }
    if counts_traces(row):
        ratio = rate_ratio(row["after_with"], row["after_traces"], row["before_with"], row["before_traces"])
        numbers |= {
            "share_incident": round(row["after_with"] / row["after_traces"], 4),
            "share_baseline": round(row["before_with"] / row["before_traces"], 4),
            "traces_incident": row["after_traces"],
            "traces_baseline": row["before_traces"],
        }
    else:
        ratio = rate_ratio(row["after_lines"], row["expected_ratio"], row["before_lines"], 1)
        numbers["expected_ratio"] = round(row["expected_ratio"], 4)
    return numbers | {"rate_ratio": round(ratio.ratio, 3)}


def _evidence(tables: Tables, row: Row, key: dict[str, Any], is_missing: bool) -> tuple[Evidence, ...]:
    found = [Evidence(f"template:{row['template_id']}", row["template"][:200])]
    if row["first_log"] is not None:
        found.append(Evidence(f"log:{row['first_log']}", "the first in the incident"))
    elif row["last_log_before"] is not None:
        found.append(Evidence(f"log:{row['last_log_before']}", "the last before"))
    if is_missing and row["operation"] is not None:
        for trace_id, span_id in tables.rows(sql_beside(__file__, "missing"), **key):
            found.append(Evidence(f"span:{trace_id}/{span_id}", "ran without writing the line"))
    return tuple(found)


RULE = Rule(
    code="LOG001",
    name="template-change",
    title="Log lines that are new, gone, or come at another rate than before the incident.",
    severity="warning",
    role="mechanism",
    needs=("logs", "log_templates"),
    detect=detect,
)
