"""An operation's cost grows faster than its input: twice the rows, four times the time or the calls.

## What it detects
Operations whose own time, or number of calls, grows with a size that their spans name (rows, items, bytes, page size,
batch ...) with an exponent clearly above 1, and whether the exponent rose with the incident (the code changed) or the
inputs grew (the flaw was there, and more data brought it out).

## Why it matters
What is quadratic is fast in tests and with small customers, and stands still with large ones. Nothing fails, no
resource is missing, and neither more machines nor a rollback helps when it is the data that grew.

## How it is computed
For each operation and numeric attribute that names a size, one span a trace: the exponent b of cost = a * size^b is
the slope of the logarithms by Theil and Sen, with a 99 % interval from ranks; points of different windows are not
compared with each other, so that a slow incident is no exponent. Needed are at least 30 traces and sizes that differ
tenfold between their 5th and 95th percentile, so that a few large inputs prove nothing. Costs are floored at the
smallest measured above zero. Reported when the whole interval lies above 1.3 (n log n stays below: it has 1.24 between
10 and 1000), and the rise stays unlikely when all operations asked about are counted (Benjamini-Hochberg: at most 5 %
of what is told is false).

*Changed*: the incident's interval lies above the baseline's. *Bigger inputs*: the intervals overlap, and sizes grew
(Mann-Whitney, 1 %, the median at least by half). Neither: the cost is as it was, and told as context.

## Not this when
Cost is linear (a call a row is DB001), or bounded by what the size does not show. Attributes that count the trouble
itself (retries, queue lengths, attempts) are no sizes. A size that is only named on large inputs hides the small ones.

## What to do
Look for a loop in a loop, a lookup in a list, string concatenation, or a query without an index over the attribute
named. Bigger inputs: limit the page or batch, and find who sends more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Literal, NamedTuple

from deep_code_reasoning.detectors.contract import Rule, code_location, sql_beside
from deep_code_reasoning.detectors.cost.exponents import Exponent, exponent
from deep_code_reasoning.detectors.significance import FALSE_SHARE, false_discovery_rates, rank_sum_tail
from deep_code_reasoning.detectors.wording import figure
from deep_code_reasoning.finding import Evidence, Finding, Severity, Subject, Support

if TYPE_CHECKING:
    import numpy as np

    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

SIZES = (
    r"(^|[._])(rows?|items?|count|size|length|len|bytes|records?|elements?|entries|limit|lines|documents|hits|results?"
    r"|returned_rows|affected_rows|row_count|page_size|batch_size|message_count|item_count|num_\w+)$"
)
NO_SIZES = r"retr(y|ies)|resend|attempt|pool|thread|connection|queue|error|fail|lag|delay|duration|timeout|drop|version"
SUPER_LINEAR = 1.3
FEWEST = 30
TENFOLD = 10.0
MOST_POINTS = 150
GREW = 1.5
CLEARLY = 0.01

Measure = Literal["self time", "calls"]
Verdict = Literal["changed", "bigger inputs", "as before", "unknown"]


class Points(NamedTuple):
    """Spans of one operation and attribute in one window."""

    sizes: np.ndarray
    costs: np.ndarray


class Growth(NamedTuple):
    """What is known of one operation, attribute and measure."""

    service: str | None
    operation: str
    key: str
    measure: Measure
    exponent: Exponent
    baseline: Exponent | None
    verdict: Verdict
    size_growth: float | None
    smallest: float
    largest: float
    limit_cost: float


def detect(tables: Tables, incident: Incident) -> Iterable[Finding]:
    wanted = {"sizes": SIZES, "no_sizes": NO_SIZES, "fewest": FEWEST, "range": TENFOLD, "most": MOST_POINTS}
    rows = tables.rows(sql_beside(__file__), **wanted)
    asked = [growth for key, some in groupby(rows, key=lambda row: row[:3]) for growth in _growths(key, list(some))]
    rates = false_discovery_rates([growth.exponent.p_value for growth in asked])
    steep = [
        growth
        for growth, rate in zip(asked, rates, strict=True)
        if rate <= FALSE_SHARE and growth.exponent.low > SUPER_LINEAR
    ]
    return list(_findings(tables, list(_clearest(steep)))) if steep else []


def _growths(key: tuple[str | None, str, str], rows: Sequence[tuple]) -> Iterator[Growth]:
    import numpy as np

    phases: dict[str, list[tuple]] = {}
    for *_, phase, size, self_time, calls in rows:
        phases.setdefault(phase, []).append((size, self_time, calls))
    for place, measure in ((1, "self time"), (2, "calls")):
        points = {}
        for phase, some in phases.items():
            columns = np.array(some, dtype=float)
            points[phase] = Points(columns[:, 0], columns[:, place])
        every = np.concatenate([one.costs for one in points.values()])
        positive = every[every > 0]
        if len(positive) < len(every) / 2 or positive.min() == positive.max():
            continue
        floored = {phase: Points(one.sizes, np.maximum(one.costs, positive.min())) for phase, one in points.items()}
        found = _growth(key, measure, floored)
        if found:
            yield found


def _growth(key: tuple[str | None, str, str], measure: Measure, points: Mapping[str, Points]) -> Growth | None:
    import numpy as np

    after, before = points.get("incident"), points.get("baseline")
    if after is None:
        return None
    now = _exponent([after]) if _is_wide(after.sizes) else None
    whole = now or _exponent([one for one in points.values() if len(one.sizes) > 1])
    if whole is None:
        return None
    then = _exponent([before]) if before is not None else None
    grown = float(np.median(after.sizes) / np.median(before.sizes)) if before is not None else None
    sizes = np.concatenate([one.sizes for one in points.values()])
    usual = before.costs if before is not None and len(before.costs) >= FEWEST else after.costs
    return Growth(
        *key,
        measure,
        whole,
        then,
        _verdict(now or whole, then, after, before, grown),
        grown,
        float(np.quantile(sizes, 0.05)),
        float(np.quantile(sizes, 0.95)),
        float(np.quantile(usual, 0.95)),
    )


def _is_wide(sizes: np.ndarray) -> bool:
    import numpy as np

    low, high = np.quantile(sizes, [0.05, 0.95])
    return len(sizes) >= FEWEST and bool(high >= TENFOLD * low)


def _exponent(groups: Sequence[Points]) -> Exponent | None:
    if sum(len(one.sizes) for one in groups) < FEWEST:
        return None
    return exponent([(one.sizes, one.costs) for one in groups], SUPER_LINEAR)


def _verdict(
    now: Exponent, then: Exponent | None, after: Points, before: Points | None, grown: float | None
) -> Verdict:
    if then is None or before is None or grown is None:
        return "unknown"
    if now.low > then.high:
        return "changed"
    return "bigger inputs" if grown >= GREW and _shift(after.sizes, before.sizes) <= CLEARLY else "as before"


def _shift(after: np.ndarray, before: np.ndarray) -> float:
    """Mann-Whitney's p-value of larger sizes after."""
    import numpy as np

    above = (after[:, None] > before[None, :]).sum() + 0.5 * (after[:, None] == before[None, :]).sum()
    ties = np.unique(np.concatenate([after, before]), return_counts=True)[1].astype(float)
    return rank_sum_tail(float(above), len(after), len(before), float((ties**3 - ties).sum()))


def _clearest(growths: Sequence[Growth]) -> Iterator[Growth]:
    """Of the attributes of one operation and measure, the one whose exponent is known best."""
    found: dict[tuple, list[Growth]] = {}
    for growth in growths:
        found.setdefault((growth.service, growth.operation, growth.measure), []).append(growth)
    for some in found.values():
        yield min(some, key=lambda growth: (growth.exponent.high - growth.exponent.low, growth.key))


def _findings(tables: Tables, growths: Sequence[Growth]) -> Iterator[Finding]:
    import pyarrow as pa

    ranks = {"changed": 0, "bigger inputs": 1, "unknown": 2, "as before": 3}
    ordered = sorted(growths, key=lambda growth: (ranks[growth.verdict], -growth.exponent.low))
    columns = {
        "number": pa.array(range(len(ordered)), pa.int64()),
        "service_name": pa.array([growth.service for growth in ordered], pa.string()),
        "operation": pa.array([growth.operation for growth in ordered], pa.string()),
        "key": pa.array([growth.key for growth in ordered], pa.string()),
        "measure": pa.array([growth.measure for growth in ordered], pa.string()),
        "limit_cost": pa.array([growth.limit_cost for growth in ordered], pa.float64()),
    }
    tables.register("costly_operations", pa.table(columns))
    counted = {row["number"]: row for row in tables.dicts(sql_beside(__file__, "support"))}
    for number, growth in enumerate(ordered):
        row = counted.get(number)
        yield Finding(
            code=RULE.code,
            title=_title(growth),
            severity=_severity(growth),
            role="cause" if growth.verdict in ("changed", "bigger inputs") else "context",
            subject=Subject(growth.service, growth.operation, location=code_location(row) if row else None),
            numbers=_numbers(growth),
            evidence=(Evidence(f"span:{row['trace_id']}/{row['span_id']}", "costs most"),) if row else (),
            support=_support(row) if row else None,
        )


def _support(row: Mapping) -> Support:
    return Support(row["symptomatic_with"], row["symptomatic"], row["healthy_with"], row["healthy"])


def _severity(growth: Growth) -> Severity:
    if growth.verdict == "changed":
        return "critical"
    return "warning" if growth.verdict == "bigger inputs" else "info"


def _numbers(growth: Growth) -> dict[str, float | int | str]:
    numbers: dict[str, float | int | str] = {
        "verdict": growth.verdict,
        "measure": growth.measure,
        "size_attribute": growth.key,
        "exponent": round(growth.exponent.value, 3),
        "exponent_low": round(growth.exponent.low, 3),
        "exponent_high": round(growth.exponent.high, 3),
        "points": growth.exponent.points,
        "p_value": growth.exponent.p_value,
        "size_p5": growth.smallest,
        "size_p95": growth.largest,
    }
    if growth.baseline:
        numbers |= {
            "baseline_exponent": round(growth.baseline.value, 3),
            "baseline_exponent_low": round(growth.baseline.low, 3),
            "baseline_exponent_high": round(growth.baseline.high, 3),
        }
    return numbers | ({"size_growth": round(growth.size_growth, 3)} if growth.size_growth else {})


def _title(growth: Growth) -> str:
    b = growth.exponent
    what = "its own time grows" if growth.measure == "self time" else "its calls grow"
    power = f"{what} with {growth.key} to the power {figure(b.value)} (at least {figure(b.low)})"
    where = f"{growth.service or 'an unnamed service'} {growth.operation}"
    if growth.verdict == "changed" and growth.baseline:
        return f"{where}: {power}, before {figure(growth.baseline.value)}"
    if growth.verdict == "bigger inputs" and growth.size_growth:
        return f"{where}: {power} as before, and sizes are {figure(growth.size_growth)} times as large"
    return f"{where}: {power}" + (", as before" if growth.verdict == "as before" else "")


RULE = Rule(
    code="COST001",
    name="super-linear",
    title="An operation's cost grows faster than its input.",
    severity="warning",
    role="cause",
    needs=("spans", "topology"),
    detect=detect,
)
