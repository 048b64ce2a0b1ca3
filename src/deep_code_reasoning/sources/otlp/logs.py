"""OTLP log records to rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Raw, Struct

from deep_code_reasoning.sources.arrow_tables import BATCH_ROWS, Rows, columns
from deep_code_reasoning.sources.logs.severity import severity_number
from deep_code_reasoning.sources.otlp.resources import Producer, Resources
from deep_code_reasoning.sources.otlp.values import (
    AnyValue,
    BadRecord,
    KeyValue,
    Scope,
    nanos,
    span_id,
    text_of,
    trace_id,
)
from deep_code_reasoning.sources.reader import Batch
from deep_code_reasoning.sources.semantic_conventions import Promotion

BAD_LOG_TIME = "log record whose time is not between 1970 and 2262 (kept without it)"


class LogRecord(Struct, gc=False, frozen=True):
    """`timeUnixNano` is required only so that snake_case takes the lenient road."""

    timeUnixNano: str | int
    observedTimeUnixNano: str | int | None = None
    severityNumber: str | int | None = None
    severityText: str | None = None
    body: AnyValue | None = None
    attributes: list[KeyValue] | None = None
    traceId: str | None = None
    spanId: str | None = None
    eventName: str | None = None


class ScopeLogs(Struct, gc=False, frozen=True):
    logRecords: list[LogRecord]
    scope: Scope | None = None


class ResourceLogs(Struct, gc=False, frozen=True):
    scopeLogs: list[ScopeLogs]
    resource: Raw = Raw()


_COLUMNS = columns("logs")
_EVENT_NAME = _COLUMNS.index("event_name")


class Logs:
    """Turns messages of one source into rows of `logs`, which count from 0."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._rows = Rows("logs")
        self._promotion = Promotion("logs", _COLUMNS, {})
        self._count = 0

    def add(self, message: ResourceLogs, offset: int, lost: Callable[[str], None]) -> None:
        """Adds every record of the message; `lost` is called with the reason for each whose time cannot be used."""
        producer = self._resources.producer(message.resource, offset)
        for group in message.scopeLogs:
            scope = (group.scope.name or None) if group.scope else None
            for record in group.logRecords:
                self._add_record(record, producer, scope, offset, lost)

    def take_numbers(self, count: int) -> int:
        """Reserves the numbers of records that were read elsewhere; the first of them."""
        first = self._count
        self._count += count
        return first

    def batches(self, *, final: bool) -> Iterator[Batch]:
        """What is ready; everything when `final`."""
        if len(self._rows) >= BATCH_ROWS or (final and len(self._rows)):
            yield self._rows.take()

    def _add_record(
        self, record: LogRecord, producer: Producer, scope: str | None, offset: int, lost: Callable[[str], None]
    ) -> None:
        """A record without a time of its own takes the one at which it was observed, as OpenTelemetry advises."""
        rows = self._rows
        try:
            observed = nanos(record.observedTimeUnixNano) or None
            time = nanos(record.timeUnixNano) or observed
        except BadRecord:
            lost(BAD_LOG_TIME)
            time = observed = None
        ids: list[str | None] = []
        for name, text, read in (("trace_id", record.traceId, trace_id), ("span_id", record.spanId, span_id)):
            try:
                ids.append(read(text) if text and text.strip("0") else None)
            except BadRecord:
                ids.append(None)
                rows.keys.append(name)
                rows.values.append(text)
        row = [
            self._count,
            time,
            observed,
            _severity(record),
            record.severityText or None,
            text_of(record.body) or "",
            *ids,
            producer.service_name,
            producer.host,
            producer.number,
            scope,
            offset,
            None,
            None,
            None,
        ]
        if record.attributes:
            self._promotion.place(row, record.attributes, rows.keys, rows.values)
        if record.eventName:
            row[_EVENT_NAME] = record.eventName
        rows.add(row)
        self._count += 1


def _severity(record: LogRecord) -> int | None:
    number = record.severityNumber
    if isinstance(number, str):
        number = int(number) if number.isdecimal() else severity_number(number)
    if number and 1 <= number <= 24:
        return number
    return severity_number(record.severityText) if record.severityText else None
