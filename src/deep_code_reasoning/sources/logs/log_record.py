"""One log record, whatever format it was written in, on its way to a row."""

from __future__ import annotations

from dataclasses import dataclass, field

ASSUMED_UTC = "times without a zone, read as UTC (kept)"
ASSUMED_YEAR = "times without a year, read as the last before the file's own time (kept)"
NO_TIME = "log record without a time that can be read (kept)"
UNTIMED_TEXT = "text before the first line with a time (kept)"


@dataclass(slots=True)
class LogRecord:
    """Fields as the columns of `logs`; `notes` say in what the time is uncertain, each is told once a file."""

    time: int | None = None
    observed_time: int | None = None
    severity_number: int | None = None
    severity_text: str | None = None
    body: str = ""
    trace_id: str | None = None
    span_id: str | None = None
    service_name: str | None = None
    host: str | None = None
    scope_name: str | None = None
    event_name: str | None = None
    exception_type: str | None = None
    exception_stacktrace: str | None = None
    attributes: dict[str, str | None] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
