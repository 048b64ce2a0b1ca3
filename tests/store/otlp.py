"""OTLP/JSON lines for tests of loading: as little as a span or a log record needs."""

from __future__ import annotations

import json
from pathlib import Path


def spans_line(trace: int, service: str = "web", spans: int = 3, name: str = "GET /") -> str:
    """One request line: a root with `spans - 1` children, a microsecond each."""
    start = 1_760_000_000_000_000_000 + trace * 1_000_000
    records = [
        {
            "traceId": f"{trace + 1:032x}",
            "spanId": f"{trace * 1000 + n + 1:016x}",
            "parentSpanId": f"{trace * 1000 + 1:016x}" if n else "",
            "name": name,
            "kind": 2,
            "startTimeUnixNano": str(start + n * 1000),
            "endTimeUnixNano": str(start + (spans if n == 0 else n + 1) * 1000),
        }
        for n in range(spans)
    ]
    return json.dumps({"resourceSpans": [{"resource": _resource(service), "scopeSpans": [{"spans": records}]}]}) + "\n"


def logs_line(*bodies: str, service: str = "web") -> str:
    records = [{"timeUnixNano": "1760000000000000000", "severityNumber": 9, "body": {"stringValue": b}} for b in bodies]
    return (
        json.dumps({"resourceLogs": [{"resource": _resource(service), "scopeLogs": [{"logRecords": records}]}]}) + "\n"
    )


def write_traces(path: Path, traces: range, **options: object) -> Path:
    path.write_text("".join(spans_line(trace, **options) for trace in traces), "utf-8")  # ty: ignore[invalid-argument-type]
    return path


def _resource(service: str) -> dict:
    return {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
