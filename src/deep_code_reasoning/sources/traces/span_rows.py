"""Rows of `spans`, `events` and `links` on their way to batches, for formats whose attributes are plain texts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from msgspec import Raw

from deep_code_reasoning.sources.arrow_tables import BATCH_ROWS, Rows, columns
from deep_code_reasoning.sources.otlp.resources import Producer, Resources
from deep_code_reasoning.sources.otlp.traces import ENDS_BEFORE_START
from deep_code_reasoning.sources.otlp.values import BadRecord
from deep_code_reasoning.sources.reader import Batch
from deep_code_reasoning.sources.traces.plain_values import micros
from deep_code_reasoning.sources.traces.rescue import Lost
from deep_code_reasoning.sources.traces.span_tags import SPAN_COLUMNS, Pairs, SpanTags, Tags

BAD_DURATION = "span whose duration cannot be read (kept with duration 0)"

_FIXED = SPAN_COLUMNS.index("source_offset") + 1  # the columns in front of the promoted ones
_BLANK = [None] * (len(SPAN_COLUMNS) - _FIXED)
_LATEST = 2**63 - 1
_FULL_BYTES = 32 << 20  # of evidence, after which rows are given away however few


class SpanRows:
    """Spans of one source, counted from 0; events and links belong to the span added last."""

    def __init__(self) -> None:
        self._resources = Resources()
        self._spans, self._events, self._links = Rows("spans"), Rows("events"), Rows("links")
        self._span_tags, self._event_tags = SpanTags(), Tags("events", columns("events"), {})
        self._number = -1
        self._pending_bytes = 0

    def producer(self, attributes: Pairs, offset: int) -> Producer:
        """The producer with these resource attributes."""
        pairs = [{"key": key, "value": {"stringValue": text}} for key, text in attributes]
        return self._resources.producer(Raw(json.dumps({"attributes": pairs}).encode()), offset)

    def take_numbers(self, count: int) -> int:
        """Reserves the numbers of spans that another road reads; the first of them."""
        first = self._number + 1
        self._number += count
        return first

    def add_span(
        self,
        ids: tuple[str, str, str | None],
        name: str | None,
        times: tuple[int, int],
        producer: Producer,
        offset: int,
        tags: Pairs,
        kind: str = "unspecified",
    ) -> None:
        """`ids`: trace, span, parent; `times`: start and duration in nanoseconds."""
        self._number += 1
        row: list[Any] = [
            self._number,
            *ids,
            name or "",
            kind,
            "unset",
            None,
            *times,
            producer.service_name,
            producer.host,
            producer.number,
            None,
            offset,
            *_BLANK,
        ]
        rows = self._spans
        self._span_tags.place(row, tags, rows.keys, rows.values)
        rows.add(row)

    def add_event(self, name: str | None, nanos: int, offset: int, tags: Pairs) -> None:
        row = [self._number, name or "", nanos, offset, None, None, None]
        self._event_tags.place(row, tags, self._events.keys, self._events.values)
        self._events.add(row)

    def add_link(self, trace_id: str, span_id: str, offset: int, tags: Pairs) -> None:
        for key, text in tags:
            self._links.keys.append(key)
            self._links.values.append(text)
        self._links.add([self._number, trace_id, span_id, offset])

    def has_read(self, size: int) -> Iterator[Batch]:
        """After so many more bytes of evidence: what is ready to be given away."""
        self._pending_bytes += size
        if self._pending_bytes >= _FULL_BYTES:
            self._pending_bytes = 0
            yield from self.batches()
        elif max(len(self._spans), len(self._events), len(self._links)) >= BATCH_ROWS:
            yield from self.batches()

    def batches(self) -> Iterator[Batch]:
        """Everything so far."""
        rows = (self._spans, self._events, self._links, self._resources.rows)
        yield from (table.take() for table in rows if len(table))


def interval(start: Any, duration: Any, lost: Lost) -> tuple[int, int]:
    """Start and duration in nanoseconds, of microseconds. Raises BadRecord where the start cannot be read."""
    began = micros(start)
    try:
        lasted = micros(duration)
    except BadRecord:
        is_negative = str(duration)[:1] == "-"
        lost(ENDS_BEFORE_START if is_negative else BAD_DURATION)
        return began, 0
    if began + lasted > _LATEST:
        lost(BAD_DURATION)
        return began, 0
    return began, lasted
