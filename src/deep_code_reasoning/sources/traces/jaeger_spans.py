"""Jaeger's traces, lone spans and wrappers around them, to rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Raw

from deep_code_reasoning.sources.json_documents import BROKEN_JSON
from deep_code_reasoning.sources.otlp.json import TOO_DEEP
from deep_code_reasoning.sources.otlp.resources import Producer
from deep_code_reasoning.sources.otlp.traces import BAD_EVENT, BAD_LINK
from deep_code_reasoning.sources.otlp.values import BadRecord, WrittenNumber, dump, parse
from deep_code_reasoning.sources.reader import Batch, Skipped
from deep_code_reasoning.sources.traces.jaeger_messages import (
    CHILD_OF,
    LargeTrace,
    Pair,
    Process,
    Reference,
    Span,
    Trace,
    event_of,
    pairs_of,
    parent_of,
    resource_of,
)
from deep_code_reasoning.sources.traces.json_elements import Element
from deep_code_reasoning.sources.traces.plain_values import derived_id, micros, padded_ids
from deep_code_reasoning.sources.traces.rescue import Lost, rescued
from deep_code_reasoning.sources.traces.span_rows import SpanRows, interval

if TYPE_CHECKING:
    from deep_code_reasoning.sources.traces.jaeger_columns import JaegerColumns
    from deep_code_reasoning.sources.window import Window

UNKNOWN_PROCESS = "span whose process is not in its trace (kept without a service)"
BAD_PROCESS = "process that cannot be read (its spans are kept without a service)"
NOT_JAEGER = "JSON that is not a Jaeger trace or span"

_LARGE_BYTES = 8 << 20  # above this the spans of a trace are decoded one by one, to hold few objects at a time
_PARSED_BYTES = 64 << 20  # above this a broken element is not taken apart
_SPANS_A_LOOK = 4_096  # spans of one trace after which batches may be given away
_PROCESSES = 100_000  # remembered by their text
_UNUSUAL = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class JaegerSpans:
    """One pass over a source."""

    def __init__(self) -> None:
        self._rows = SpanRows()
        self._producers: dict[bytes, Producer] = {}
        self._skipped: list[Skipped] = []
        self._trace = msgspec.json.Decoder(Trace, float_hook=WrittenNumber).decode
        self._large = msgspec.json.Decoder(LargeTrace).decode
        self._span = msgspec.json.Decoder(Span, float_hook=WrittenNumber).decode
        self._process = msgspec.json.Decoder(Process, float_hook=WrittenNumber).decode
        self._is_lone = False  # the last element was a span of its own

    def element(self, element: Element) -> Iterator[Batch | Skipped]:
        lost = self._losing(element.line, element.offset)
        if len(element.text) > _LARGE_BYTES or not self._usual(element, lost):
            yield from self._large_trace(element, lost)
        yield from self._given()
        yield from self._rows.has_read(len(element.text))

    def compiled(self, columns: JaegerColumns, window: Window) -> Iterator[Batch | Skipped]:
        """The rows that the kernel wrote of the window."""
        producers = []
        for number, text in enumerate(columns.processes(window.text)):
            producer = self._producers.get(text)
            if producer is None:
                offset = window.base + columns.trace_of(number)
                lost = self._losing(window.line_number(offset), offset)
                producer = self._producer(Raw(text), offset, lost) or self._rows.producer([], offset)
            producers.append(producer)
        yield from self._given()
        first = self._rows.take_numbers(columns.rows)
        yield from columns.batches(window.text, window.base, first, producers)

    def finish(self) -> Iterator[Batch]:
        yield from self._rows.batches()

    def _given(self) -> Iterator[Skipped]:
        yield from self._skipped
        self._skipped = []

    def _losing(self, line: int, offset: int) -> Lost:
        return lambda reason: self._skipped.append(Skipped(line, offset, reason))

    def _usual(self, element: Element, lost: Lost) -> bool:
        """Whether it was a trace or a span that the structs take; nothing was added if not."""
        for is_lone in (self._is_lone, not self._is_lone):
            try:
                found = (self._span if is_lone else self._trace)(element.text)
            except _UNUSUAL:
                continue
            self._is_lone = is_lone
            if isinstance(found, Trace):
                if len(found.spans) > _SPANS_A_LOOK:
                    return False
                self._add_trace(found, element.offset, lost)
            else:
                self._add_spans([found], found.traceID, {}, {}, element.offset, lost)
            return True
        return False

    def _large_trace(self, element: Element, lost: Lost) -> Iterator[Batch | Skipped]:
        try:
            trace = self._large(element.text)
        except _UNUSUAL:
            if len(element.text) > _PARSED_BYTES:
                lost(BROKEN_JSON)
            else:
                yield from self._unusual(element, lost)
            return
        yield from self._piecewise(trace.traceID, trace.spans, trace.processes or {}, element, lost)

    def _unusual(self, element: Element, lost: Lost) -> Iterator[Batch | Skipped]:
        """Anything else: damaged texts, wrong types, wrappers."""
        try:
            value = parse(element.text.decode("utf-8", "replace"))
        except RecursionError:
            lost(TOO_DEEP)
        except ValueError:
            lost(BROKEN_JSON)
        else:
            yield from self._value(value, element, lost)

    def _value(self, value: Any, element: Element, lost: Lost) -> Iterator[Batch | Skipped]:
        """Wrappers are taken off with a stack of our own, however many there are."""
        waiting = [value]
        while waiting:
            match waiting.pop():
                case {"spans": list(spans)} as trace:
                    name, processes = trace.get("traceID"), trace.get("processes")
                    if not isinstance(processes, dict):
                        processes = {}
                    yield from self._piecewise(name if isinstance(name, str) else None, spans, processes, element, lost)
                case {"spanID": _} as span:
                    yield from self._piecewise(None, [span], {}, element, lost)
                case {"_source": dict(inner)} | {"hits": (dict() | list()) as inner}:  # answers of Elasticsearch
                    waiting.append(inner)
                case {"data": (dict() | list()) as inner}:
                    waiting.append(inner)
                case list(values):
                    waiting.extend(reversed(values))
                case {"data": None}:
                    pass
                case _:
                    lost(NOT_JAEGER)

    def _piecewise(
        self, trace: str | None, spans: list, processes: dict[str, Any], element: Element, lost: Lost
    ) -> Iterator[Batch | Skipped]:
        """Span by span, so that one that cannot be read costs only itself."""
        texts = {name: p if isinstance(p, Raw) else Raw(_written(p)) for name, p in processes.items()}
        producers = self._producers_of(texts, element.offset, lost)
        for start in range(0, len(spans), _SPANS_A_LOOK):
            usable = []
            for span in spans[start : start + _SPANS_A_LOOK]:
                try:
                    usable.append(self._one_span(span, lost))
                except BadRecord as error:
                    lost(str(error))
                except RecursionError:
                    lost(TOO_DEEP)
            halves = _halves(usable, producers) if len(spans) <= _SPANS_A_LOOK else {}
            self._add_spans(usable, trace, producers, halves, element.offset, lost)
            yield from self._given()
            yield from self._rows.has_read(0)

    def _one_span(self, span: Any, lost: Lost) -> Span:
        if isinstance(span, Raw):
            try:
                return self._span(span)
            except _UNUSUAL:
                span = parse(bytes(span).decode("utf-8", "replace"))
        return rescued(span, Span, lost)

    def _add_trace(self, trace: Trace, offset: int, lost: Lost) -> None:
        producers = self._producers_of(trace.processes or {}, offset, lost)
        self._add_spans(trace.spans, trace.traceID, producers, _halves(trace.spans, producers), offset, lost)

    def _add_spans(
        self,
        spans: list[Span],
        trace: str | None,
        producers: dict[str, Producer],
        halves: dict[tuple[str, str | None], str],
        offset: int,
        lost: Lost,
    ) -> None:
        for span in spans:
            try:
                self._add_span(span, span.traceID or trace or "", producers, halves, offset, lost)
            except BadRecord as error:
                lost(str(error))
            except RecursionError:
                lost(TOO_DEEP)

    def _add_span(
        self,
        span: Span,
        trace: str,
        producers: dict[str, Producer],
        halves: dict[tuple[str, str | None], str],
        offset: int,
        lost: Lost,
    ) -> None:
        parent = parent_of(span, trace)
        ids = padded_ids(trace, span.spanID, parent.spanID if parent else span.parentSpanID)
        tags = pairs_of(span.tags, span.tag)
        times = interval(span.startTime, span.duration, lost)
        producer = producers.get(span.processID or "")
        if producer is None:
            producer = self._producer(span.process, offset, lost) if bytes(span.process) else None
        if producer is None:
            lost(UNKNOWN_PROCESS)
            producer = self._rows.producer([], offset)
        if halves:
            ids = _in_halves(ids, span, producer.service_name, halves)
        self._rows.add_span(ids, span.operationName, times, producer, offset, tags)
        for reference in span.references or ():
            if reference is not parent or reference.refType != CHILD_OF:
                self._add_link(reference, trace, offset, lost)
        for log in span.logs or ():
            try:
                name, fields = event_of(pairs_of(log.fields, None))
                self._rows.add_event(name, micros(log.timestamp), offset, fields)
            except BadRecord:
                lost(BAD_EVENT)

    def _add_link(self, reference: Reference, trace: str, offset: int, lost: Lost) -> None:
        try:
            trace_id, span_id, _ = padded_ids(reference.traceID or trace, reference.spanID or "", None)
        except BadRecord:
            lost(BAD_LINK)
            return
        kind: list[Pair] = [("opentracing.ref_type", reference.refType.lower())] if reference.refType else []
        self._rows.add_link(trace_id, span_id, offset, kind)

    def _producers_of(self, processes: dict[str, Raw], offset: int, lost: Lost) -> dict[str, Producer]:
        found = {name: self._producer(text, offset, lost) for name, text in processes.items()}
        return {name: producer for name, producer in found.items() if producer}

    def _producer(self, text: Raw, offset: int, lost: Lost) -> Producer | None:
        written = bytes(text)
        known = self._producers.get(written)
        if known is None:
            try:
                process = self._process_of(written, lost)
            except (BadRecord, ValueError, RecursionError):
                lost(BAD_PROCESS)
                return None
            known = self._rows.producer(resource_of(process), offset)
            if len(self._producers) < _PROCESSES:
                self._producers[written] = known
        return known

    def _process_of(self, written: bytes, lost: Lost) -> Process:
        try:
            return self._process(written)
        except _UNUSUAL:
            return rescued(parse(written.decode("utf-8", "replace")), Process, lost)


def _written(value: Any) -> bytes:
    return dump(value).encode("utf-8", "replace")


def _is(span: Span, kind: str) -> bool:
    return any(tag.key == "span.kind" and tag.value == kind for tag in span.tags or ())


def _halves(spans: list[Span], producers: dict[str, Producer]) -> dict[tuple[str, str | None], str]:
    """Of server spans with the id of a client span (Zipkin's clients do so): (id, service) → an id of their own.

    As jaeger's `SpanIDUniquifier`, which the API applies and exports do not.
    """
    if len({span.spanID for span in spans}) == len(spans):
        return {}
    clients = {span.spanID for span in spans if _is(span, "client")}
    services = {
        (span.spanID, producers[span.processID or ""].service_name)
        for span in spans
        if span.spanID in clients and span.processID in producers and _is(span, "server")
    }
    return {(span, service): derived_id(span.rjust(16, "0").lower(), service) for span, service in services}


def _in_halves(
    ids: tuple[str, str, str | None], span: Span, service: str | None, halves: dict[tuple[str, str | None], str]
) -> tuple[str, str, str | None]:
    """A server's half becomes a child of the client's; what the server's service did within it is its child."""
    trace_id, span_id, parent = ids
    own = halves.get((span.spanID, service))
    if own and _is(span, "server"):
        return trace_id, own, span_id
    within = {half: key for key, half in halves.items() if key[1] == service}
    for half, key in within.items():
        if parent == key[0].rjust(16, "0").lower():
            return trace_id, span_id, half
    return ids
