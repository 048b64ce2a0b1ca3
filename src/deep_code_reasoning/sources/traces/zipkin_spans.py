"""Zipkin's v2 spans to rows.

Source: zipkin-api `zipkin2-api.yaml`; annotations with attributes as OpenTelemetry's specification writes them ("Zipkin
exporter", Events). A span without kind is local or incomplete, so its kind stays unspecified.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from deep_code_reasoning.sources.json_documents import BROKEN_JSON
from deep_code_reasoning.sources.otlp.json import TOO_DEEP
from deep_code_reasoning.sources.otlp.resources import Producer
from deep_code_reasoning.sources.otlp.traces import BAD_EVENT
from deep_code_reasoning.sources.otlp.values import BadRecord, WrittenNumber, parse
from deep_code_reasoning.sources.reader import Batch, Skipped
from deep_code_reasoning.sources.traces.json_elements import Element
from deep_code_reasoning.sources.traces.plain_values import derived_id, micros, padded_ids, text_of_plain
from deep_code_reasoning.sources.traces.rescue import Lost, rescued
from deep_code_reasoning.sources.traces.shared_spans import SharedSpans, is_second_half, service_of
from deep_code_reasoning.sources.traces.span_rows import SpanRows, interval

NOT_ZIPKIN = "JSON that is not a Zipkin span"

_KINDS = {"CLIENT": "client", "SERVER": "server", "PRODUCER": "producer", "CONSUMER": "consumer"}
_WITH_ATTRIBUTES = re.compile(r'("(?:[^"\\]|\\.)*+")\s*:\s*(\{.*\})', re.DOTALL)
_PRODUCERS = 100_000
_UNUSUAL = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class Endpoint(Struct, gc=False, frozen=True):
    serviceName: str | None = None
    ipv4: str | None = None
    ipv6: str | None = None
    port: Any = None


class Annotation(Struct, gc=False, frozen=True):
    timestamp: Any = None
    value: Any = None


class Span(Struct, gc=False, frozen=True):
    traceId: str
    id: str
    parentId: str | None = None
    name: str | None = None
    kind: str | None = None
    timestamp: Any = None
    duration: Any = None
    localEndpoint: Endpoint | None = None
    remoteEndpoint: Endpoint | None = None
    annotations: list[Annotation] | None = None
    tags: dict[str, Any] | None = None
    shared: Any = None


_NOWHERE = Endpoint()


class ZipkinSpans:
    """One pass over a source. `shared`: the spans that two services share, from a pass before."""

    def __init__(self, shared: SharedSpans) -> None:
        self._shared = shared
        self._rows = SpanRows()
        self._producers: dict[tuple[str | None, str | None], Producer] = {}
        self._decode = msgspec.json.Decoder(Span, float_hook=WrittenNumber).decode
        self._skipped: list[Skipped] = []

    def element(self, element: Element) -> Iterator[Batch | Skipped]:
        def lost(reason: str) -> None:
            self._skipped.append(Skipped(element.line, element.offset, reason))

        try:
            span = _span(element.text, self._decode, lost)
            self._add(span, element.offset, lost)
        except BadRecord as error:
            lost(str(error))
        except RecursionError:
            lost(TOO_DEEP)
        yield from self._skipped
        self._skipped = []
        yield from self._rows.has_read(len(element.text))

    def finish(self) -> Iterator[Batch]:
        yield from self._rows.batches()

    def _add(self, span: Span, offset: int, lost: Lost) -> None:
        ids = trace, own, parent = padded_ids(span.traceId, span.id, span.parentId)
        tags = [(key, text_of_plain(value)) for key, value in (span.tags or {}).items()]
        tags += _peer(span.remoteEndpoint)
        times = interval(span.timestamp, span.duration, lost)
        service = service_of(span.localEndpoint)
        if self._shared.has_half(trace, own, service) and is_second_half(span):
            ids = trace, derived_id(own, service), own
        elif parent and self._shared.has_half(trace, parent, service):
            ids = trace, own, derived_id(parent, service)
        producer = self._producer(span.localEndpoint, offset)
        kind = _KINDS.get((span.kind or "").upper(), "unspecified")
        self._rows.add_span(ids, span.name, times, producer, offset, tags, kind)
        for annotation in span.annotations or ():
            try:
                name, attributes = _event(text_of_plain(annotation.value) or "")
                self._rows.add_event(name, micros(annotation.timestamp), offset, attributes)
            except BadRecord:
                lost(BAD_EVENT)

    def _producer(self, endpoint: Endpoint | None, offset: int) -> Producer:
        key = (service_of(endpoint), (endpoint.ipv4 or endpoint.ipv6) if endpoint else None)
        known = self._producers.get(key)
        if known is None:
            pairs = [(name, text) for name, text in zip(("service.name", "host.ip"), key, strict=True) if text]
            known = self._rows.producer(pairs, offset)
            if len(self._producers) < _PRODUCERS:
                self._producers[key] = known
        return known


def _span(text: bytes, decode: Any, lost: Lost) -> Span:
    """Raises BadRecord."""
    try:
        return decode(text)
    except _UNUSUAL:
        pass
    try:
        value = parse(text.decode("utf-8", "replace"))
    except ValueError:
        raise BadRecord(BROKEN_JSON) from None
    if not isinstance(value, dict) or "traceId" not in value or "id" not in value:
        raise BadRecord(NOT_ZIPKIN)
    return rescued(value, Span, lost)


def _peer(endpoint: Endpoint | None) -> list[tuple[str, str | None]]:
    if not endpoint:
        return []
    address, port = endpoint.ipv4 or endpoint.ipv6, text_of_plain(endpoint.port)
    pairs = [("peer.service", endpoint.serviceName), ("network.peer.address", address), ("network.peer.port", port)]
    return [(key, text) for key, text in pairs if text]


def _event(value: str) -> tuple[str, list[tuple[str, str | None]]]:
    """An annotation's event: `"name": {attributes}` is how OpenTelemetry's exporters write one with attributes."""
    found = _WITH_ATTRIBUTES.fullmatch(value) if value[:1] == '"' else None
    if found:
        try:
            name, attributes = parse(found[1]), parse(found[2])
            return name, [(key, text_of_plain(content)) for key, content in attributes.items()]
        except (ValueError, RecursionError):
            pass
    return value, []
