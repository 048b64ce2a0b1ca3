"""The spans kernel's memory: what it is called with, and the batches that become of what it wrote."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
from msgspec import Raw

from deep_code_reasoning.kernels.columns import Columns, room, view_array, zeros
from deep_code_reasoning.sources.otlp import span_layout as layout
from deep_code_reasoning.sources.otlp.field_columns import named
from deep_code_reasoning.sources.otlp.traces import KINDS, STATUSES
from deep_code_reasoning.sources.otlp.values import scope_name, text_of_compound
from deep_code_reasoning.sources.reader import Batch

if TYPE_CHECKING:
    from deep_code_reasoning.kernels.pages import UsedPages
    from deep_code_reasoning.sources.filling import Text
    from deep_code_reasoning.sources.otlp.resources import Producer, Resources

# The least bytes of input that a row, attribute ... can be written in: so there is always room for all of them.
_SPAN_BYTES, _ATTRIBUTE_BYTES, _ELEMENT_BYTES, _REWRITE_BYTES = 64, 8, 3, 24

_SPAN_TEXTS = ["trace_id", "span_id", "parent_span_id", "name", "status_message", *layout.promoted_texts("spans")]
_EVENT_TEXTS = ["name", *layout.promoted_texts("events")]
_LINK_TEXTS = ["trace_id", "span_id"]


class ForeignSpan(NamedTuple):
    """A span for the plain road, wrapped as a request of its own, and where its document starts in the input."""

    request: bytes
    document: int


class Carried(NamedTuple):
    """A resource or scope as written before the input at hand. Settled: it was read, or spans were given without it."""

    text: bytes
    is_settled: bool


class SpanColumns:
    """Room for what `size` bytes of input hold: `arguments` for the kernel's call, then `batches`.

    Of `memory`, where rows of an earlier window may have been: the kernel sets whatever of a row is looked at.
    """

    def __init__(self, size: int, memory: UsedPages | None = None) -> None:
        self.state = np.zeros(layout.STATE_SIZE, np.int64)
        self._size = size
        elements, attributes = size // _ELEMENT_BYTES + 2, size // _ATTRIBUTE_BYTES + 1
        numbers = layout.SPAN_NUMBERS + len(layout.WHOLE_NUMBERS)
        self._spans = Columns(size // _SPAN_BYTES + 1, numbers, len(_SPAN_TEXTS), attributes, memory)
        self._events = Columns(elements, layout.OFFSET + 1, len(_EVENT_TEXTS), attributes, memory)
        self._links = Columns(size // _SPAN_BYTES + 1, layout.OFFSET + 1, len(_LINK_TEXTS), attributes, memory)
        self._rewrites = room((size // _REWRITE_BYTES + 1, 5), np.int64, memory)
        self._foreign = zeros((elements, 5), np.int64)
        self._resources = zeros((elements, 3), np.int64)
        self._scopes = zeros((elements, 3), np.int64)
        self._side = room(size + 32, np.uint8, memory)
        self._carried = (b"{}", b"{}")

    @property
    def arguments(self) -> tuple[np.ndarray, ...]:
        """Those of the kernel behind `text` and `end`."""
        return (
            self.state,
            layout.member_table(),
            layout.promotion_table("spans", layout.SPAN_TEXTS),
            layout.promotion_table("events", layout.EVENT_TEXTS),
            _no_promotions(),
            *self._spans.arrays,
            *self._events.arrays,
            *self._links.arrays,
            self._rewrites,
            self._foreign,
            self._resources,
            self._scopes,
            self._side,
        )

    def take_back_document(self) -> None:
        """As if the last document had not been begun."""
        first, counters = layout.ROWS, layout.COUNTERS
        self.state[first : first + counters] = self.state[layout.AT_DOCUMENT : layout.AT_DOCUMENT + counters]
        self.state[layout.LEVEL] = layout.TOP
        self.state[layout.IN_ARRAY] = 0
        self.state[layout.POSITION] = self.state[layout.DOCUMENT]

    def carried(self, text: Text) -> tuple[Carried, Carried]:
        """The resource and the scope that the spans behind the last one belong to."""
        resource, scope = int(self.state[layout.RESOURCE]), int(self.state[layout.SCOPE])
        given = self._spans.numbers[:, : self.state[layout.ROWS]]
        return (
            Carried(
                self._text(text, self._resources, resource, 0),
                bool(self._resources[resource, 1]) or resource in given[layout.RESOURCE_SLOT],
            ),
            Carried(
                self._text(text, self._scopes, scope, 1),
                bool(self._scopes[scope, 1]) or scope in given[layout.SCOPE_SLOT],
            ),
        )

    def carry_on(self, state: np.ndarray, carried: tuple[Carried, Carried], document: int) -> None:
        """Goes on within a request: as slot 0, what was carried; `document` is where the request starts, below 0."""
        self._carried = carried[0].text, carried[1].text
        for name in (layout.LEVEL, layout.IS_FIRST, layout.IN_ARRAY):
            self.state[name] = state[name]
        self.state[layout.DOCUMENT] = document
        self.state[layout.RESOURCES] = self.state[layout.SCOPES] = 1
        self._resources[0] = -1, carried[0].is_settled, document
        self._scopes[0] = -1, carried[1].is_settled, document

    def foreign_spans(self, text: Text) -> Iterator[ForeignSpan]:
        """What the kernel passed over, with the resource and scope it belongs to."""
        for begin, end, resource, scope, document in self._foreign[: self.state[layout.FOREIGN_SPANS]].tolist():
            around = [self._text(text, self._resources, resource, 0), self._text(text, self._scopes, scope, 1)]
            request = b'{"resourceSpans":[{"resource":%s,"scopeSpans":[{"scope":%s,"spans":[%s]}]}]}'
            yield ForeignSpan(request % (*around, text[begin:end]), document)

    def batches(self, text: Text, base: int, first: int, resources: Resources) -> Iterator[Batch]:
        """The rows written; `text` is the input at stream offset `base`, `first` the number of the first span."""
        rows, events, links = (int(self.state[c]) for c in (layout.ROWS, layout.EVENTS, layout.LINKS))
        producers = self._producers(text, base, resources)
        if not rows:
            return
        buffers = self._buffers(text)
        yield Batch("spans", self._span_batch(rows, base, first, producers, self._scope_names(text), buffers))
        if events:
            yield Batch("events", self._event_batch(events, base, first, buffers))
        if links:
            yield Batch("links", self._link_batch(links, base, first, buffers))

    def _buffers(self, text: Text) -> list[pa.Buffer]:
        """The input, the side buffer, and the arrays and maps among attributes, written anew as JSON."""
        rewritten = bytearray()
        holders = (self._spans, self._events, self._links)
        for table, child, begin, end, is_map in self._rewrites[: self.state[layout.REWRITES]].tolist():
            written = text[begin:end].decode("utf-8", "replace")
            value = text_of_compound(written, "kvlistValue" if is_map else "arrayValue").encode("utf-8", "replace")
            holders[table].values[child] = _view(value, 2, len(rewritten))
            rewritten += value
        side = self._side[: self.state[layout.SIDE]]
        return [pa.py_buffer(text), pa.py_buffer(side), pa.py_buffer(bytes(rewritten))]

    def _producers(self, text: Text, base: int, resources: Resources) -> list[Producer]:
        count = int(self.state[layout.RESOURCES])
        is_within = self.state[layout.LEVEL] > layout.RESOURCE_LIST
        if is_within and not self.carried(text)[0].is_settled:
            count -= 1  # of the last it is not yet known what it is, and nothing is given for it
        return [
            resources.producer(Raw(self._written(text, begin, end, 0)), base + document)
            for begin, end, document in self._resources[:count].tolist()
        ]

    def _scope_names(self, text: Text) -> list[str | None]:
        places = self._scopes[: self.state[layout.SCOPES], :2].tolist()
        written = [self._written(text, begin, end, 1) for begin, end in places]
        names = {scope: scope_name(scope) for scope in set(written)}
        return [names[scope] for scope in written]

    def _text(self, text: Text, slots: np.ndarray, slot: int, which: int) -> bytes:
        """A resource (0) or scope (1) as it is written."""
        begin, end = slots[slot, :2].tolist()
        return self._written(text, begin, end, which)

    def _written(self, text: Text, begin: int, end: int, which: int) -> bytes:
        if begin < 0:
            return self._carried[which]
        return text[begin:end] if end else b"{}"

    def _span_batch(
        self,
        rows: int,
        base: int,
        first: int,
        producers: list[Producer],
        scopes: list[str | None],
        buffers: list[pa.Buffer],
    ) -> pa.RecordBatch:
        spans = self._spans
        numbers = spans.numbers[:, :rows]
        filled = spans.filled(rows)
        columns = {
            "span_number": pa.array(np.arange(first, first + rows)),
            "kind": named(numbers[layout.KIND], KINDS),
            "status_code": named(numbers[layout.STATUS], STATUSES),
            "start_time_unix_nano": pa.array(numbers[layout.START]),
            "duration_nano": pa.array(numbers[layout.DURATION]),
            **producer_columns(producers, numbers[layout.RESOURCE_SLOT]),
            "scope_name": named(numbers[layout.SCOPE_SLOT], scopes),
            "source_offset": pa.array(numbers[layout.OFFSET] + base),
            **{name: filled.text(column, buffers) for column, name in enumerate(_SPAN_TEXTS)},
            "attributes": spans.attributes(rows, int(self.state[layout.ATTRIBUTES]), buffers),
        }
        for column, (name, bits) in enumerate(layout.WHOLE_NUMBERS.items(), layout.SPAN_NUMBERS):
            columns[name] = filled.whole_number(column, pa.int32() if bits == 32 else pa.int64())
        columns["name"] = self._names(rows, buffers)
        return batch_of(columns)

    def _names(self, rows: int, buffers: list[pa.Buffer]) -> pa.Array:
        """A span without a name has an empty one, as an empty view is."""
        spans, start = self._spans, layout.NAME * self._spans.capacity
        views = spans.texts[start : start + rows]
        views[spans.present[:rows, layout.NAME] == 0] = 0
        return view_array(views, buffers)

    def _event_batch(self, rows: int, base: int, first: int, buffers: list[pa.Buffer]) -> pa.RecordBatch:
        numbers = self._events.numbers[:, :rows]
        filled = self._events.filled(rows)
        texts = {name: filled.text(column, buffers) for column, name in enumerate(_EVENT_TEXTS) if column}
        names = view_array(self._events.texts[:rows], buffers)
        attributes = self._events.attributes(rows, int(self.state[layout.EVENT_ATTRIBUTES]), buffers)
        return batch_of({"name": names, **owned(numbers, base, first), **texts, "attributes": attributes})

    def _link_batch(self, rows: int, base: int, first: int, buffers: list[pa.Buffer]) -> pa.RecordBatch:
        links = owned(self._links.numbers[:, :rows], base, first)
        del links["time_unix_nano"]
        filled = self._links.filled(rows)
        texts = {name: filled.text(column, buffers) for column, name in enumerate(_LINK_TEXTS)}
        attributes = self._links.attributes(rows, int(self.state[layout.LINK_ATTRIBUTES]), buffers)
        return batch_of({**links, **texts, "attributes": attributes})


def owned(numbers: np.ndarray, base: int, first: int) -> dict[str, pa.Array]:
    return {
        "span_number": pa.array(numbers[layout.OWNER] + first),
        "time_unix_nano": pa.array(numbers[layout.TIME]),
        "source_offset": pa.array(numbers[layout.OFFSET] + base),
    }


def batch_of(columns: dict[str, pa.Array]) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))


def producer_columns(producers: list[Producer], slots: np.ndarray) -> dict[str, pa.Array]:
    """What each row takes from its producer, that of its slot."""
    places = {producer: place for place, producer in enumerate(dict.fromkeys(producers))}
    codes = np.array([places[producer] for producer in producers], np.int32).take(slots)
    return {
        "service_name": named(codes, [producer.service_name for producer in places]),
        "host": named(codes, [producer.host for producer in places]),
        "resource_number": pa.array(np.array([producer.number for producer in places], np.int64).take(codes)),
    }


def _view(value: bytes, buffer: int, offset: int) -> tuple[int, int]:
    padded = value[:12].ljust(12, b"\0")
    head = len(value) | int.from_bytes(padded[:4], "little") << 32
    if len(value) <= 12:
        return head, int.from_bytes(padded[4:], "little")
    return head, buffer | offset << 32


def _no_promotions() -> np.ndarray:
    from deep_code_reasoning.kernels.name_table import name_table

    return name_table({})
