"""OTLP spans, with their events and links, to rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Raw, Struct

from deep_code_reasoning.sources.arrow_tables import BATCH_ROWS, Rows, columns
from deep_code_reasoning.sources.otlp.resources import Producer, Resources
from deep_code_reasoning.sources.otlp.values import (
    BAD_TIME,
    BadRecord,
    KeyValue,
    Scope,
    enum_number,
    nanos,
    span_id,
    span_ids,
    text_of,
    trace_id,
)
from deep_code_reasoning.sources.reader import Batch
from deep_code_reasoning.sources.semantic_conventions import Promotion

ENDS_BEFORE_START = "span that ends before it starts (kept with duration 0)"
BAD_LINK = "span link whose ids cannot be read"
BAD_EVENT = "span event whose time cannot be read"

KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
_KIND_NAMES = {f"SPAN_KIND_{name.upper()}": number for number, name in enumerate(KINDS)} | {
    name.upper(): number for number, name in enumerate(KINDS)
}
STATUSES = ("unset", "ok", "error")
_STATUS_NAMES = {f"STATUS_CODE_{name.upper()}": number for number, name in enumerate(STATUSES)} | {
    name.upper(): number for number, name in enumerate(STATUSES)
}


class Event(Struct, gc=False, frozen=True):
    name: str | None = None
    timeUnixNano: str | int | None = None
    attributes: list[KeyValue] | None = None


class Link(Struct, gc=False, frozen=True):
    traceId: str | None = None
    spanId: str | None = None
    attributes: list[KeyValue] | None = None


class Status(Struct, gc=False, frozen=True):
    message: str | None = None
    code: str | int | None = None


class Span(Struct, gc=False, frozen=True):
    """Required fields are those whose absence makes the fast decoder hand over to the lenient one (snake_case)."""

    traceId: str
    spanId: str
    startTimeUnixNano: str | int
    endTimeUnixNano: str | int | None = None
    parentSpanId: str | None = None
    name: str | None = None
    kind: str | int | None = None
    attributes: list[KeyValue] | None = None
    events: list[Event] | None = None
    links: list[Link] | None = None
    status: Status | None = None


class ScopeSpans(Struct, gc=False, frozen=True):
    spans: list[Span]
    scope: Scope | None = None


class ResourceSpans(Struct, gc=False, frozen=True):
    scopeSpans: list[ScopeSpans]
    resource: Raw = Raw()


_SPAN_COLUMNS = columns("spans")
_FIXED = _SPAN_COLUMNS.index("source_offset") + 1  # the columns in front of the promoted ones
_BLANK = [None] * (len(_SPAN_COLUMNS) - _FIXED)
_INTEGERS = {"http_response_status_code": 32, "server_port": 32, "code_line_number": 32, "thread_id": 64}


class Traces:
    """Turns messages of one source into rows of `spans`, `events` and `links`; spans count from 0."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._spans, self._events, self._links = Rows("spans"), Rows("events"), Rows("links")
        self._span_promotion = Promotion("spans", _SPAN_COLUMNS, _INTEGERS)
        self._event_promotion = Promotion("events", columns("events"), {})
        self._count = 0

    def add(self, message: ResourceSpans, offset: int, lost: Callable[[str], None]) -> None:
        """Adds every span of the message; `lost` is called with the reason for each that is left out."""
        producer = self._resources.producer(message.resource, offset)
        for group in message.scopeSpans:
            scope = (group.scope.name or None) if group.scope else None
            for span in group.spans:
                try:
                    self._add_span(span, producer, scope, offset, lost)
                except BadRecord as error:
                    lost(str(error))

    def take_numbers(self, count: int) -> int:
        """Reserves the numbers of spans that another road reads; the first of them."""
        first = self._count
        self._count += count
        return first

    def batches(self, *, final: bool) -> Iterator[Batch]:
        """What is ready; everything when `final`."""
        if final or max(len(self._spans), len(self._events), len(self._links)) >= BATCH_ROWS:
            yield from (rows.take() for rows in (self._spans, self._events, self._links) if len(rows))

    def _add_span(
        self, span: Span, producer: Producer, scope: str | None, offset: int, lost: Callable[[str], None]
    ) -> None:
        start, end = nanos(span.startTimeUnixNano), nanos(span.endTimeUnixNano)
        status, kind = span.status, span.kind
        code = enum_number(status.code, _STATUS_NAMES) if status and status.code else 0
        if not isinstance(kind, int):
            kind = enum_number(kind, _KIND_NAMES)
        duration = end - start if end else 0
        if duration < 0:
            lost(ENDS_BEFORE_START)
            duration = 0
        row = [
            self._count,
            *span_ids(span.traceId, span.spanId, span.parentSpanId),
            span.name or "",
            KINDS[kind] if 0 <= kind < len(KINDS) else "unspecified",
            STATUSES[code] if 0 <= code < len(STATUSES) else "unset",
            (status.message or None) if status else None,
            start,
            duration,
            producer.service_name,
            producer.host,
            producer.number,
            scope,
            offset,
            *_BLANK,
        ]
        rows = self._spans
        if span.attributes:
            self._span_promotion.place(row, span.attributes, rows.keys, rows.values)
        rows.add(row)
        if span.events:
            self._add_events(span.events, offset, lost)
        if span.links:
            self._add_links(span.links, offset, lost)
        self._count += 1

    def _add_events(self, events: list[Event], offset: int, lost: Callable[[str], None]) -> None:
        for event in events:
            try:
                row = [self._count, event.name or "", nanos(event.timeUnixNano), offset, None, None, None]
            except BadRecord as error:
                lost(BAD_EVENT if str(error) == BAD_TIME else str(error))
                continue
            if event.attributes:
                self._event_promotion.place(row, event.attributes, self._events.keys, self._events.values)
            self._events.add(row)

    def _add_links(self, links: list[Link], offset: int, lost: Callable[[str], None]) -> None:
        for link in links:
            try:
                row = [self._count, trace_id(link.traceId or ""), span_id(link.spanId or ""), offset]
            except BadRecord:
                lost(BAD_LINK)
                continue
            for attribute in link.attributes or ():
                self._links.keys.append(attribute.key)
                self._links.values.append(text_of(attribute.value))
            self._links.add(row)
