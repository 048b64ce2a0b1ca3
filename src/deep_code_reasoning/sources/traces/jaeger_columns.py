"""The Jaeger kernel's memory: what it is called with, and the batches that become of what it wrote."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from deep_code_reasoning.kernels.columns import Columns, room, view_array, zeros
from deep_code_reasoning.sources.otlp import span_layout as spans
from deep_code_reasoning.sources.otlp.field_columns import named
from deep_code_reasoning.sources.otlp.span_columns import batch_of, owned, producer_columns
from deep_code_reasoning.sources.otlp.traces import KINDS, STATUSES
from deep_code_reasoning.sources.reader import Batch
from deep_code_reasoning.sources.traces import jaeger_layout as layout

if TYPE_CHECKING:
    from deep_code_reasoning.kernels.pages import UsedPages
    from deep_code_reasoning.sources.filling import Text
    from deep_code_reasoning.sources.otlp.resources import Producer

# The least bytes of input that a span, event, attribute or process is usually written in. Where they take less, the
# kernel says that it is full.
_SPAN_BYTES, _EVENT_BYTES, _ATTRIBUTE_BYTES, _PROCESS_BYTES = 64, 24, 20, 16

_SPAN_TEXTS = [
    *("trace_id", "span_id", "parent_span_id", "name", "status_message", "scope_name"),
    *spans.promoted_texts("spans"),
]
_EVENT_TEXTS = ["name", *spans.promoted_texts("events")]
_LINK_TEXTS = ["trace_id", "span_id"]


class Ids:
    """The span ids of a trace, for the kernel to see whether one comes twice; kept from call to call."""

    def __init__(self) -> None:
        self.ids = zeros(layout.ID_SLOTS, np.uint64)
        self.generations = zeros(layout.ID_SLOTS, np.int64)
        self.generation = 0


class JaegerColumns:
    """Room for what `size` bytes of input hold: `arguments` for the kernel's call, then `batches`."""

    def __init__(self, size: int, ids: Ids, memory: UsedPages | None = None) -> None:
        self.state = np.zeros(layout.STATE_SIZE, np.int64)
        self.state[layout.GENERATION] = ids.generation
        attributes = size // _ATTRIBUTE_BYTES + 1
        numbers = spans.SPAN_NUMBERS + len(spans.WHOLE_NUMBERS)
        self._spans = Columns(size // _SPAN_BYTES + 1, numbers, len(_SPAN_TEXTS), attributes, memory)
        self._events = Columns(size // _EVENT_BYTES + 1, spans.OFFSET + 1, len(_EVENT_TEXTS), attributes, memory)
        self._links = Columns(size // _SPAN_BYTES + 1, spans.OFFSET + 1, len(_LINK_TEXTS), attributes, memory)
        self._processes = zeros((size // _PROCESS_BYTES + 1, layout.TRACE_BEGIN + 1), np.int64)
        self._side = room(2 * size + len(layout.CONSTANTS) + 64, np.uint8, memory)
        self._side[: len(layout.CONSTANTS)] = np.frombuffer(layout.CONSTANTS, np.uint8)
        self.state[spans.SIDE] = len(layout.CONSTANTS)
        self._ids = ids

    @property
    def arguments(self) -> tuple[np.ndarray, ...]:
        """Those of the kernel behind `text` and `end`."""
        return (
            self.state,
            layout.member_table(),
            layout.value_table(),
            layout.tag_table("spans"),
            layout.tag_table("events"),
            *self._spans.arrays,
            *self._events.arrays,
            *self._links.arrays,
            self._processes,
            self._ids.ids,
            self._ids.generations,
            self._side,
        )

    @property
    def rows(self) -> int:
        return int(self.state[spans.ROWS])

    def processes(self, text: Text) -> list[bytes]:
        """Those of every trace, in their order."""
        places = self._processes[: self.state[layout.PROCESSES], layout.VALUE_BEGIN : layout.VALUE_END + 1]
        return [text[begin:end] for begin, end in places.tolist()]

    def trace_of(self, process: int) -> int:
        """Where the trace of a process begins in the input."""
        return int(self._processes[process, layout.TRACE_BEGIN])

    def batches(self, text: Text, base: int, first: int, producers: list[Producer]) -> Iterator[Batch]:
        """The rows written; `text` is the input at stream offset `base`, `first` the number of the first span."""
        side = self._side[: self.state[spans.SIDE]]
        buffers = [pa.py_buffer(text), pa.py_buffer(side)]
        yield Batch("spans", self._span_batch(base, first, producers, buffers))
        if events := int(self.state[spans.EVENTS]):
            yield Batch("events", self._event_batch(events, base, first, buffers))
        if links := int(self.state[spans.LINKS]):
            yield Batch("links", self._link_batch(links, base, first, buffers))

    def _span_batch(self, base: int, first: int, producers: list[Producer], buffers: list[pa.Buffer]) -> pa.RecordBatch:
        rows, table = self.rows, self._spans
        numbers = table.numbers[:, :rows]
        filled = table.filled(rows)
        start = spans.NAME * table.capacity
        names = table.texts[start : start + rows]
        names[table.present[:rows, spans.NAME] == 0] = 0  # a span without a name has an empty one
        columns = {
            "span_number": pa.array(np.arange(first, first + rows)),
            "kind": named(numbers[spans.KIND], KINDS),
            "status_code": named(numbers[spans.STATUS], STATUSES),
            "start_time_unix_nano": pa.array(numbers[spans.START]),
            "duration_nano": pa.array(numbers[spans.DURATION]),
            **producer_columns(producers, numbers[spans.RESOURCE_SLOT]),
            "source_offset": pa.array(numbers[spans.OFFSET] + base),
            **{name: filled.text(column, buffers) for column, name in enumerate(_SPAN_TEXTS)},
            "attributes": table.attributes(rows, int(self.state[spans.ATTRIBUTES]), buffers),
        }
        for column, (name, bits) in enumerate(spans.WHOLE_NUMBERS.items(), spans.SPAN_NUMBERS):
            columns[name] = filled.whole_number(column, pa.int32() if bits == 32 else pa.int64())
        columns["name"] = view_array(names, buffers)
        return batch_of(columns)

    def _event_batch(self, rows: int, base: int, first: int, buffers: list[pa.Buffer]) -> pa.RecordBatch:
        filled = self._events.filled(rows)
        texts = {name: filled.text(column, buffers) for column, name in enumerate(_EVENT_TEXTS) if column}
        names = view_array(self._events.texts[:rows], buffers)
        attributes = self._events.attributes(rows, int(self.state[spans.EVENT_ATTRIBUTES]), buffers)
        ownership = owned(self._events.numbers[:, :rows], base, first)
        return batch_of({"name": names, **ownership, **texts, "attributes": attributes})

    def _link_batch(self, rows: int, base: int, first: int, buffers: list[pa.Buffer]) -> pa.RecordBatch:
        ownership = owned(self._links.numbers[:, :rows], base, first)
        del ownership["time_unix_nano"]
        filled = self._links.filled(rows)
        texts = {name: filled.text(column, buffers) for column, name in enumerate(_LINK_TEXTS)}
        attributes = self._links.attributes(rows, int(self.state[spans.LINK_ATTRIBUTES]), buffers)
        return batch_of({**ownership, **texts, "attributes": attributes})
