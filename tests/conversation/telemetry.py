"""Small OTLP/JSON files, as the collector's file exporter writes them: one line a batch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

MORNING = 1_760_346_000 * 10**9  # 2025-10-13T09:00:00Z
SECOND = 10**9


def traces_line(service: str, starts: Sequence[int], duration: int = SECOND, padding: int = 0) -> str:
    """One `resourceSpans` line: a root span of `service` at each start (nanoseconds since the epoch)."""
    spans = [
        {
            "traceId": f"{start:032x}",
            "spanId": f"{start & (2**64 - 1):016x}",
            "name": "POST /pay",
            "kind": 2,
            "startTimeUnixNano": str(start),
            "endTimeUnixNano": str(start + duration),
            "attributes": [{"key": "padding", "value": {"stringValue": "x" * padding}}] if padding else [],
            "status": {},
        }
        for start in starts
    ]
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
    return json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {}, "spans": spans}]}]})


def write_traces(
    path: Path, services: Sequence[str], *, span_seconds: int = 60, lines: int = 1, padding: int = 0
) -> int:
    """Spans of every service, spread evenly over `span_seconds` (the last one ends there). Returns the file's bytes."""
    last = (span_seconds - 1) * SECOND
    text = ""
    for line in range(lines):
        for service in services:
            starts = [MORNING + last * line // max(lines - 1, 1)] if lines > 1 else [MORNING, MORNING + last]
            text += traces_line(service, starts, padding=padding) + "\n"
    path.write_text(text)
    return len(text.encode())


def write_logs(path: Path, service: str, instants: Sequence[int], padding: int = 0) -> int:
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
    text = ""
    for instant in instants:
        record = {
            "timeUnixNano": str(instant),
            "severityText": "INFO",
            "body": {"stringValue": "paid " + "x" * padding},
        }
        text += json.dumps({"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [record]}]}]}) + "\n"
    path.write_text(text)
    return len(text.encode())
