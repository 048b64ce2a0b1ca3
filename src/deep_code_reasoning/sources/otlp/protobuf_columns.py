"""The protobuf spans kernel's memory. What the kernel left as bytes is decoded here, before any row is given away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
from msgspec import Raw

from deep_code_reasoning.kernels.columns import Columns, room
from deep_code_reasoning.sources.otlp import protobuf_messages as messages
from deep_code_reasoning.sources.otlp import span_layout as layout
from deep_code_reasoning.sources.otlp.protobuf_span_layout import COMPOUND, DOUBLE, STATE_SIZE
from deep_code_reasoning.sources.otlp.protobuf_wire import Damage
from deep_code_reasoning.sources.otlp.span_columns import SpanColumns
from deep_code_reasoning.sources.otlp.traces import Span
from deep_code_reasoning.sources.otlp.values import Scope

if TYPE_CHECKING:
    from deep_code_reasoning.kernels.pages import UsedPages
    from deep_code_reasoning.sources.filling import Text
    from deep_code_reasoning.sources.otlp.protobuf_records import Records
    from deep_code_reasoning.sources.otlp.resources import Producer, Resources
    from deep_code_reasoning.sources.reader import Batch

# Room for a row, attribute ... is that for one in so many bytes of input; the kernel stops where it is used up.
_SPAN_BYTES, _ATTRIBUTE_BYTES, _ELEMENT_BYTES, _DOUBLE_BYTES = 40, 8, 16, 16
_REWRITTEN = 2  # the buffer of what is decoded here, behind the input and the side buffer


class DecodedSpan(NamedTuple):
    """A span that the kernel passed over, its resource and scope, and where its frame starts."""

    span: Span
    resource: Raw
    scope: Scope | None
    document: int


class ProtobufSpanColumns(SpanColumns):
    """Room for what `size` bytes hold, read from position `at` on. `prepare` comes before all that gives rows."""

    def __init__(self, size: int, at: int, memory: UsedPages | None = None) -> None:
        super().__init__(0)
        elements, attributes = size // _ELEMENT_BYTES + 16, size // _ATTRIBUTE_BYTES + 1
        spans, events, links = self._spans, self._events, self._links
        self.state = np.zeros(STATE_SIZE, np.int64)
        self.state[layout.POSITION], self.state[layout.DOCUMENT] = at, -1
        self._size = size
        self._spans = _larger(spans, size // _SPAN_BYTES + 1, attributes, memory)
        self._events = _larger(events, elements, attributes, memory)
        self._links = _larger(links, elements, attributes, memory)
        self._rewrites = room((size // _DOUBLE_BYTES + 1, 5), np.int64, memory)
        self._foreign = np.zeros((elements, 5), np.int64)
        self._resources = np.zeros((elements, 3), np.int64)
        self._scopes = np.zeros((elements, 2), np.int64)
        self._side = room(2 * size + 64, np.uint8, memory)
        self._described: list[Raw] = []
        self._named: list[Scope | None] = []
        self.foreign: list[DecodedSpan] = []
        self._rewritten = b""

    @property
    def arguments(self) -> tuple[np.ndarray, ...]:
        """Those of the kernel behind `text`, `end`, `framing` and `limit`."""
        state, _, *others = super().arguments
        return (state, *others)

    @property
    def rows(self) -> int:
        return int(self.state[layout.ROWS])

    @property
    def has_spans(self) -> bool:
        return bool(self.rows or self.state[layout.FOREIGN_SPANS])

    def prepare(self, text: bytes, records: Records) -> int | None:
        """Decodes what the kernel did not look into. The position of what must be read with the frame around it."""
        at = 0
        try:
            state = self.state
            for at, end, _ in self._resources[: state[layout.RESOURCES]].tolist():
                self._described.append(records.resource(text, at, end))
            for at, end in self._scopes[: state[layout.SCOPES]].tolist():
                self._named.append(records.scope(text, at, end))
            for at, end, resource, scope, document in self._foreign[: state[layout.FOREIGN_SPANS]].tolist():
                around = self._described[resource], self._named[scope]
                self.foreign.append(DecodedSpan(messages.span(text, at, end), *around, document))
            return self._rewrite(text)
        except Damage:
            return at

    def batches(self, text: Text, base: int, first: int, resources: Resources) -> Iterator[Batch]:
        if not self.rows:
            self._producers(text, base, resources)
        yield from super().batches(text, base, first, resources)

    def _rewrite(self, text: bytes) -> int | None:
        """Doubles, arrays, maps and bytes as the texts that columns hold, behind each other."""
        rewrites = self._rewrites[: self.state[layout.REWRITES]]
        places = rewrites[rewrites[:, 4] == DOUBLE, 2]
        octets = np.frombuffer(text, np.uint8)
        doubles = octets[places[:, None] + np.arange(8)].view("<f8").ravel() if len(places) else np.empty(0)
        texts = np.empty(len(rewrites), object)
        texts[rewrites[:, 4] == DOUBLE] = _written(doubles)
        known: dict[bytes, bytes] = {}
        for place in np.flatnonzero(rewrites[:, 4] == COMPOUND).tolist():
            _, _, begin, end, _ = rewrites[place].tolist()
            encoded = text[begin:end]
            if encoded not in known:
                try:
                    value = messages.any_value(encoded, 0, len(encoded)).stringValue
                except Damage:
                    return begin
                known[encoded] = (value or "").encode("utf-8", "replace")
            texts[place] = known[encoded]
        self._put(rewrites, texts.tolist())
        return None

    def _put(self, rewrites: np.ndarray, texts: list[bytes]) -> None:
        self._rewritten = b"".join(texts)
        if not texts:
            return
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        views = _views(np.frombuffer(self._rewritten + bytes(12), np.uint8), lengths)
        for table, holder in enumerate((self._spans, self._events, self._links)):
            chosen = rewrites[:, 0] == table
            holder.values[rewrites[chosen, 1]] = views[chosen]

    def _buffers(self, text: Text) -> list[pa.Buffer]:
        side = self._side[: self.state[layout.SIDE]]
        return [pa.py_buffer(text), pa.py_buffer(side), pa.py_buffer(self._rewritten)]

    def _producers(self, text: Text, base: int, resources: Resources) -> list[Producer]:
        documents = self._resources[: len(self._described), 2].tolist()
        return [
            resources.producer(described, base + document)
            for described, document in zip(self._described, documents, strict=True)
        ]

    def _scope_names(self, text: Text) -> list[str | None]:
        return [scope.name or None if scope else None for scope in self._named]


def _larger(like: Columns, capacity: int, attributes: int, memory: UsedPages | None) -> Columns:
    return Columns(capacity, like.numbers.shape[0], like.texts.shape[0] // like.capacity, attributes, memory)


def _written(doubles: np.ndarray) -> list[bytes]:
    """As `protobuf_messages.any_value` writes them.

    msgspec writes the digits of Python's `repr` five times as fast, but exponents in another way than it.
    """
    if not len(doubles):
        return []
    texts = msgspec.json.encode(doubles.tolist())[1:-1].split(b",")
    sizes = np.abs(doubles)
    for place in np.flatnonzero(~((sizes >= 1e-4) & (sizes < 1e16) | (sizes == 0))).tolist():
        value = messages.json_number(doubles[place].item())
        texts[place] = value.encode() if isinstance(value, str) else repr(value).encode()
    return texts


def _views(octets: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The Arrow string views of texts of these lengths behind each other in `octets`, which has 12 bytes more."""
    offsets = np.cumsum(lengths) - lengths
    heads = octets[offsets[:, None] + np.arange(12)]
    heads[np.arange(12) >= np.minimum(lengths, 12)[:, None]] = 0
    views = np.zeros((len(lengths), 16), np.uint8)
    views[:, 4:] = heads
    views[:, :4] = lengths.astype("<u4").view(np.uint8).reshape(-1, 4)
    words = views.view("<u8")
    is_long = lengths > 12
    words[is_long, 1] = np.uint64(_REWRITTEN) | offsets[is_long].astype(np.uint64) << np.uint64(32)
    return words
