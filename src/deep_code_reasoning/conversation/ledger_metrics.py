"""The ledger as OpenTelemetry metrics: one OTLP/JSON line that any collector, and our own reader, takes.

Names, attributes and bucket boundaries of `gen_ai.*` are those of the semantic conventions for generative AI clients
(https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/); what they have no word for is `dcr.*`:
- `dcr.tokens` by `dcr.token.type`: cached and cache_write (part of the input), thinking (part of the output);
- `dcr.dollars` of the calls whose price is known; `dcr.calls.unpriced` counts the others;
- `dcr.escalations` by `dcr.outcome` (unreported where nobody said); `dcr.minutes_saved`, as people reported them.
All points are cumulative, from the first row that is exported to the last.
"""

from __future__ import annotations

import bisect
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from deep_code_reasoning import __version__

TOKEN_BOUNDS = tuple(4**power for power in range(14))  # 1 ... 67,108,864
SECOND_BOUNDS = tuple(round(0.01 * 2**power, 2) for power in range(14))  # 0.01 ... 81.92
_PROVIDERS = {"google": "gcp.gemini"}  # as the conventions name them; the others carry our name
_CUMULATIVE = 2
_OWN_TOKENS = {"cached_tokens": "cached", "cache_write_tokens": "cache_write", "thinking_tokens": "thinking"}

Row = Mapping[str, Any]
Labels = tuple[tuple[str, str], ...]
Points = dict[Labels, list[float]]


def as_otlp(calls: Sequence[Row], escalations: Sequence[Row]) -> dict[str, Any]:
    """An ExportMetricsServiceRequest as JSON values. Rows as `Ledger.calls` and `Ledger.escalations` give them."""
    times = [row["called_at_unix_nano"] for row in calls] + [row["started_at_unix_nano"] for row in escalations]
    span = (min(times, default=0), max(times, default=0))
    metrics = [
        _histogram("gen_ai.client.token.usage", "{token}", _tokens(calls), TOKEN_BOUNDS, span),
        _histogram("gen_ai.client.operation.duration", "s", _seconds(calls), SECOND_BOUNDS, span),
        _sum("dcr.tokens", "{token}", _own_tokens(calls), span),
        _sum("dcr.dollars", "USD", _valued(calls, "dollars", _asked), span),
        _sum("dcr.calls.unpriced", "{call}", _counted(_asked(row) for row in calls if row["dollars"] is None), span),
        _sum("dcr.escalations", "{escalation}", _counted(map(_outcome, escalations)), span),
        _sum("dcr.minutes_saved", "min", _valued(escalations, "minutes_saved", _outcome), span),
    ]
    resource = {"service.name": "deep-code-reasoning", "service.version": __version__}
    scope = {"scope": {"name": "deep_code_reasoning"}, "metrics": [metric for metric in metrics if metric]}
    return {"resourceMetrics": [{"resource": {"attributes": _attributes(resource.items())}, "scopeMetrics": [scope]}]}


def _asked(row: Row) -> Labels:
    provider = _PROVIDERS.get(row["provider"], row["provider"])
    return (
        ("gen_ai.operation.name", "chat"),
        ("gen_ai.provider.name", provider),
        ("gen_ai.request.model", row["model"]),
    )


def _outcome(row: Row) -> Labels:
    return (("dcr.outcome", row["outcome"] or "unreported"), ("dcr.analysis_type", row["analysis_type"]))


def _error_type(error: str) -> str:
    """The class of the error that leads its text; `_OTHER` (the conventions' word) where none does."""
    head = error.partition(":")[0]
    return head if head.isidentifier() else "_OTHER"


def _tokens(calls: Iterable[Row]) -> Points:
    points: Points = defaultdict(list)
    for row in calls:
        for kind in ("input", "output"):
            if row[f"{kind}_tokens"] is not None:
                points[(*_asked(row), ("gen_ai.token.type", kind))].append(row[f"{kind}_tokens"])
    return points


def _seconds(calls: Iterable[Row]) -> Points:
    points: Points = defaultdict(list)
    for row in calls:
        if row["seconds"] is not None:
            failed = (("error.type", _error_type(row["error"])),) if row["error"] else ()
            points[(*_asked(row), *failed)].append(row["seconds"])
    return points


def _own_tokens(calls: Iterable[Row]) -> Points:
    points: Points = defaultdict(list)
    for row in calls:
        for column, kind in _OWN_TOKENS.items():
            if row[column] is not None:
                points[(*_asked(row), ("dcr.token.type", kind))].append(row[column])
    return points


def _valued(rows: Iterable[Row], column: str, labels: Any) -> Points:
    points: Points = defaultdict(list)
    for row in rows:
        if row[column] is not None:
            points[labels(row)].append(row[column])
    return points


def _counted(labels: Iterable[Labels]) -> Points:
    points: Points = defaultdict(list)
    for one in labels:
        points[one].append(1)
    return points


def _histogram(
    name: str, unit: str, points: Points, bounds: Sequence[float], span: tuple[int, int]
) -> dict[str, Any] | None:
    if not points:
        return None
    made = []
    for labels, values in points.items():
        counts = [0] * (len(bounds) + 1)
        for value in values:
            counts[bisect.bisect_left(bounds, value)] += 1  # a bound belongs to the bucket below it
        made.append(
            {
                **_point(labels, span),
                "count": str(len(values)),
                "sum": sum(values),
                "min": min(values),
                "max": max(values),
                "bucketCounts": [str(count) for count in counts],
                "explicitBounds": list(bounds),
            }
        )
    return {"name": name, "unit": unit, "histogram": {"aggregationTemporality": _CUMULATIVE, "dataPoints": made}}


def _sum(name: str, unit: str, points: Points, span: tuple[int, int]) -> dict[str, Any] | None:
    if not points:
        return None
    made = [{**_point(labels, span), "asDouble": float(sum(values))} for labels, values in points.items()]
    monotonic = name != "dcr.minutes_saved"  # time can be lost, too
    return {
        "name": name,
        "unit": unit,
        "sum": {"aggregationTemporality": _CUMULATIVE, "isMonotonic": monotonic, "dataPoints": made},
    }


def _point(labels: Labels, span: tuple[int, int]) -> dict[str, Any]:
    return {"attributes": _attributes(labels), "startTimeUnixNano": str(span[0]), "timeUnixNano": str(span[1])}


def _attributes(pairs: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    return [{"key": key, "value": {"stringValue": value}} for key, value in pairs]
