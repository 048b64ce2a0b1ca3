"""OTLP as protobuf: single messages, and what the collector's file exporter writes with `format: proto`.

Streams resource by resource, whatever the size of the messages around them. Rows are those of OTLP/JSON for the same
telemetry; `source_offset` is that of the frame, in unframed files of the resource's element. Whole frames of spans are
read by a kernel once it is compiled (`protobuf_compiled_spans`), all else resource by resource here.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

from deep_code_reasoning.sources.decompression import Packing
from deep_code_reasoning.sources.filling import PADDING
from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import DOCUMENT_TOO_LARGE, EvidenceStream

if TYPE_CHECKING:
    from deep_code_reasoning.sources.otlp.protobuf_records import Outcome

NOT_PROTOBUF = "bytes that are not an OTLP message (broken off or damaged)"
_READ_AHEAD = 4 << 20
_WINDOW = 16 << 20  # what the kernel is given at a time
_SEARCH = 1 << 20
_LOOK_BACK = 64
_ALWAYS = (b"\x12", Packing.ZSTD.value)  # the tag of every record, where it is not compressed
_NOT_ZERO = re.compile(rb"[^\0]")
_PREFIX = 32  # bytes that hold any frame's length and the start of what is in it


class OtlpProtobuf:
    name = "otlp-protobuf"
    accepts = "OTLP protobuf traces, logs and metrics (collector file exporter with format proto, or single messages)"

    def claims(self, sample: Sample) -> int:
        if sample.head[:1] in (b"{", b"[", b"") or not any(part in sample.head for part in _ALWAYS):
            return 0
        from deep_code_reasoning.sources.otlp.protobuf_framing import framing_of

        return framing_of(sample.head)[1]

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        yield from _Reading(stream).run()


READER = OtlpProtobuf()


class _Reading:
    """One pass over a source. `data` lies at offset `base` of the stream; all places here are offsets."""

    def __init__(self, stream: EvidenceStream) -> None:
        from deep_code_reasoning.sources.otlp.protobuf_compiled_spans import CompiledFrames
        from deep_code_reasoning.sources.otlp.protobuf_framing import framing_of
        from deep_code_reasoning.sources.otlp.protobuf_records import Records

        try:
            head = stream.head()
        except OSError:
            head = b""
        self._framing = framing_of(head)[0]
        self._records = Records()
        self._frames = CompiledFrames(stream.kernels, self._framing, stream.limits.document_bytes, self._records)
        self._chunks = stream.chunks()
        self._limit = stream.limits.document_bytes
        self._data, self._base = b"", 0
        self._text, self._text_base = b"", 0  # what the kernel reads
        self._failure: Skipped | None = None
        self._searched = 0  # no frame to go on with starts before: searched, or read
        self._begun = -1

    def run(self) -> Iterator[Batch | Skipped]:
        offset = 0
        while self._available(offset, _PREFIX):
            read = self._compiled if self._frames.has_turn(offset) else self._frame
            offset = yield from read(offset)
        yield from self._records.batches(final=True)
        if self._failure:
            yield self._failure

    def _compiled(self, offset: int) -> Generator[Batch | Skipped, None, int]:
        """As many frames as the kernel reads. What takes the place of padding is read with what comes next."""
        if self._frames.wants_more or offset + len(PADDING) >= self._text_base + len(self._text):
            is_end = self._available(offset, _WINDOW) < _WINDOW
            self._text = self._data + PADDING if is_end else self._data
            self._text_base = self._base
        yield from self._frames.read(self._text, offset - self._text_base, self._text_base)
        if self._frames.begun >= 0:
            self._begun = self._text_base + self._frames.begun
        return self._text_base + self._frames.reached

    def _available(self, offset: int, size: int) -> int:
        """How many of the `size` bytes at `offset` there are; forgets what lies before."""
        have = self._base + len(self._data) - offset
        if have >= size:
            return size
        kept = min(_LOOK_BACK, max(offset - self._base, 0)) if have >= 0 else 0
        parts = [self._data[offset - self._base - kept :]] if have >= 0 else []
        while have < size + _READ_AHEAD and (chunk := self._next_chunk()):
            have += len(chunk)
            if have > 0:
                parts.append(chunk if have >= len(chunk) or parts else chunk[-have:])
        self._data, self._base = b"".join(parts), offset - kept
        return min(max(have, 0), size)

    def _next_chunk(self) -> bytes:
        chunk = next(self._chunks, b"") if self._failure is None else b""
        if isinstance(chunk, Skipped):
            self._failure = chunk
            return b""
        return chunk

    def _frame(self, offset: int) -> Generator[Batch | Skipped, None, int]:
        """One frame, or unframed element; returns where the file goes on."""
        from deep_code_reasoning.sources.otlp.protobuf_framing import ZSTD
        from deep_code_reasoning.sources.otlp.protobuf_wire import Damage

        self._searched = max(self._searched, self._begun + 1)
        self._begun = offset
        have = self._available(offset, _PREFIX)
        at = offset - self._base
        try:
            size, begin = self._framing.prefix(self._data, at, at + have)
        except Damage:
            yield Skipped(None, offset, NOT_PROTOBUF)
            return self._next_frame(offset + 1, offset)
        content = self._data[begin : begin + len(ZSTD)]
        begin += self._base
        if size is None:
            end, outcome = yield from self._element(offset, offset, None)
        elif not size:
            return self._behind_zeros(offset)
        else:
            end = begin + size
            read = self._packed if content == ZSTD else self._message
            outcome = yield from read(begin, end, offset)
        if outcome.broken is not None:
            yield Skipped(None, outcome.broken, NOT_PROTOBUF)
        elif outcome.is_clean:
            return end
        sound = min(max(outcome.sound, offset), end)
        if self._available(sound, end - sound + _PREFIX) >= end - sound:
            at = end - self._base
            if at == len(self._data) or self._framing.look(self._data, at, len(self._data)):
                return end  # the damage lies within
        return self._next_frame(max(sound, offset + 1), offset)

    def _behind_zeros(self, offset: int) -> int:
        """Past messages without content, whose lengths are zero, as far as they are in memory."""
        at = offset - self._base
        found = _NOT_ZERO.search(self._data, at)
        zeros = (found.start() if found else len(self._data)) - at
        return offset + (zeros if self._framing.name == "VARINT" else max(4, zeros // 4 * 4))

    def _message(self, at: int, end: int, document: int) -> Generator[Batch | Skipped, None, Outcome]:
        """A frame's message."""
        from deep_code_reasoning.sources.otlp.protobuf_records import Outcome

        sound, is_clean = -1, True
        while at < end:
            at, outcome = yield from self._element(at, document, end)
            sound = max(sound, outcome.sound) if is_clean else sound
            is_clean = is_clean and outcome.is_clean
            if outcome.broken is not None:
                return Outcome(outcome.broken, sound, is_clean)
        return Outcome(None, sound, is_clean)

    def _element(
        self, offset: int, document: int, limit: int | None
    ) -> Generator[Batch | Skipped, None, tuple[int, Outcome]]:
        """One Resource* message; unknown fields are passed over. Returns its end, and how it went.

        `limit`: where the message around it ends.
        """
        from deep_code_reasoning.sources.otlp.protobuf_records import Outcome
        from deep_code_reasoning.sources.otlp.protobuf_wire import LEN, Damage, fields, varint

        have = self._available(offset, _PREFIX)
        at = offset - self._base
        stop = at + have if limit is None else min(at + have, limit - self._base)
        try:
            tag, behind = varint(self._data, at, stop)
            if tag & 7 != LEN:
                behind = next(fields(self._data, at, stop)).after
                return self._base + behind, Outcome(offset if tag >> 3 == 1 else None, -1, True)
            size, behind = varint(self._data, behind, stop)
        except Damage:
            return offset + 1, Outcome(offset, -1, True)
        begin = self._base + behind
        end = begin + size
        room = size if limit is None else min(size, limit - begin)
        if tag >> 3 != 1:
            is_whole = room == size < _SEARCH and tag >> 3 and self._available(offset, end - offset) == end - offset
            return end, Outcome(None if is_whole else offset, -1, True)
        if room > self._limit:
            yield Skipped(None, offset, DOCUMENT_TOO_LARGE)
            return end, Outcome(None, -1, True)
        have = self._available(begin, room)
        at = begin - self._base
        broken, sound, is_clean = yield from self._records.add(self._data, at, at + have, document, self._base)
        if have < size and broken is None:
            broken = at + have
        return end, Outcome(
            None if broken is None else broken + self._base, sound + self._base if sound >= 0 else -1, is_clean
        )

    def _packed(self, at: int, end: int, document: int) -> Generator[Batch | Skipped, None, Outcome]:
        """A message that was compressed for itself. Its records have no offsets of their own."""
        from deep_code_reasoning.sources.otlp.protobuf_framing import JSON_REQUEST, unpacked
        from deep_code_reasoning.sources.otlp.protobuf_records import Outcome
        from deep_code_reasoning.sources.otlp.protobuf_wire import LEN, Damage, fields

        if end - at > self._limit:
            yield Skipped(None, document, DOCUMENT_TOO_LARGE)
            return Outcome(None, -1, True)
        have = self._available(at, end - at)
        place = at - self._base
        content, failure = unpacked(self._data[place : place + have], self._limit)
        if failure:
            yield Skipped(None, document, failure)
        if JSON_REQUEST.match(content):
            if not self._records.add_json(content, document):
                yield Skipped(None, document, NOT_PROTOBUF)
            yield from self._records.batches(final=False)
        else:
            try:
                for number, wire, begin, after, whole in fields(content, 0, len(content)):
                    if number == 1 and wire == LEN:
                        outcome = yield from self._records.add(content, begin, after, document, None)
                        if (outcome.broken is not None or not whole) and not failure:
                            yield Skipped(None, document, NOT_PROTOBUF)
            except Damage:
                if not failure:
                    yield Skipped(None, document, NOT_PROTOBUF)
        return Outcome(at + have if have < end - at else None, -1, True)

    def _next_frame(self, offset: int, failed: int) -> int:
        """The next place around `offset`, but not `failed`, where a frame surely starts, or the end of the file.

        The frame before may have taken the first bytes of this one.
        """
        offset = max(offset - _LOOK_BACK, self._searched, self._base)
        while True:
            have = self._available(offset, _SEARCH)
            found = self._framing.next_frame(self._data, offset - self._base, len(self._data), failed - self._base)
            if found is not None:
                self._searched = self._base + found + 1
                return self._base + found
            end = self._base + len(self._data)
            if have < _SEARCH:
                return end
            offset = end - _SEARCH // 2
