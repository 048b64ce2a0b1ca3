"""OTLP/JSON: traces, logs and metrics as the OpenTelemetry collector's file exporter writes them, and near it.

One `Export*ServiceRequest` a line, whole-file documents (pretty-printed too) and arrays of requests; the signals may
be mixed in one file. Two roads to the same rows: msgspec structs for what has OTLP's form (measured twice as fast as
orjson and dictionaries), and `lenient` for what has nearly that form.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.sources.otlp.salvage import REQUEST, requests, whole_records
from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream, Line

if TYPE_CHECKING:
    from deep_code_reasoning.sources.otlp.json_parts import Part, Piece
    from deep_code_reasoning.sources.otlp.json_sharing import Sharing

BROKEN_JSON = "not well-formed JSON (broken off or damaged)"
TOO_DEEP = "JSON nested too deeply"
NOT_OTLP = "JSON that is not an OTLP request"

_LARGE_BYTES = 8 << 20  # above this a request is decoded resource by resource, to hold few objects at a time
_WORTH_BYTES = 48 << 20  # left, for which helpers are started: starting one takes as long as reading a third of it
_MOST_HELPERS = 3  # that this process, which takes in what they read, can keep up with
_SHARED_BYTES = 1 << 30  # left: above it the kernel is there sooner if its compiler has a core for itself
_START = re.compile(
    rb'\s*(?:\[\s*)?\{\s*(?:"[^"]{0,80}"\s*:\s*"[^"]{0,200}"\s*,\s*){0,4}"resource_?(?:spans|logs|metrics)"',
    re.IGNORECASE,
)


class OtlpJson:
    name = "otlp-json"
    accepts = "OTLP/JSON traces, logs and metrics (OpenTelemetry collector file exporter, or one JSON document)"

    def claims(self, sample: Sample) -> int:
        if _START.match(sample.head):
            return 95
        return 70 if REQUEST.search(sample.head) else 0

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        yield from _Reading(stream).run(stream)


READER = OtlpJson()
_place = attrgetter("offset")


def read_piece(piece: Piece) -> Part:
    """Some requests, apart from those around them."""
    return _Reading(None).read_piece(piece)


@cache
def _decoders() -> tuple[Any, Any, dict[Any, Any]]:
    """Of a request, of one whose messages stay text, and of each message."""
    import msgspec

    from deep_code_reasoning.sources.otlp.logs import ResourceLogs
    from deep_code_reasoning.sources.otlp.metrics import ResourceMetrics
    from deep_code_reasoning.sources.otlp.traces import ResourceSpans

    messages = {"resourceSpans": ResourceSpans, "resourceLogs": ResourceLogs, "resourceMetrics": ResourceMetrics}
    request = msgspec.defstruct("Request", [(key, list[kind] | None, None) for key, kind in messages.items()], gc=False)
    large = msgspec.defstruct("LargeRequest", [(key, list[msgspec.Raw] | None, None) for key in messages], gc=False)
    one = {kind: msgspec.json.Decoder(kind).decode for kind in messages.values()}
    return msgspec.json.Decoder(request).decode, msgspec.json.Decoder(large).decode, one


class _Reading:
    """The state of one pass over a source."""

    def __init__(self, stream: EvidenceStream | None) -> None:
        import msgspec

        from deep_code_reasoning.sources.arrow_tables import BATCH_INPUT_BYTES
        from deep_code_reasoning.sources.otlp.logs import Logs, ResourceLogs
        from deep_code_reasoning.sources.otlp.metrics import Metrics, ResourceMetrics
        from deep_code_reasoning.sources.otlp.resources import Resources
        from deep_code_reasoning.sources.otlp.traces import ResourceSpans, Traces

        self._stream = stream
        self._flush_bytes = BATCH_INPUT_BYTES
        self._resources = Resources()
        self._signals: dict[str, tuple[Any, type[msgspec.Struct]]] = {
            "resourceSpans": (Traces(self._resources), ResourceSpans),
            "resourceLogs": (Logs(self._resources), ResourceLogs),
            "resourceMetrics": (Metrics(self._resources), ResourceMetrics),
        }
        self._decode, self._decode_large, self._decode_one = _decoders()
        self._unusual = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
        self._skipped: list[Skipped] = []
        self._pending_bytes = 0
        self._sharing: Sharing | None = None

    def run(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        from deep_code_reasoning.sources.otlp.compiled_spans import CompiledSpans, PlainRoad
        from deep_code_reasoning.sources.window import Window

        window = Window(stream)
        limit = stream.limits.document_bytes
        road = PlainRoad(self._request, self._shared, self._settled)
        spans = CompiledSpans(window, self._resources, self._signals["resourceSpans"][0].take_numbers, road, limit)
        try:
            yield from spans.read(stream.kernels)
        finally:
            if self._sharing:
                self._sharing.close()
        if window.failure:
            yield window.failure
        yield from self._ready(final=True)

    def read_piece(self, piece: Piece) -> Part:
        """What these requests hold; for a reading that reads nothing else."""
        from deep_code_reasoning.sources.otlp.json_parts import Part

        parts = [part for line in piece for part in self._request(line.data, line.number, line.offset)]
        parts += self._ready(final=True)
        batches = [part for part in parts if isinstance(part, Batch) and part.table != "resources"]
        return Part(batches, [part for part in parts if isinstance(part, Skipped)], self._resources.written)

    def _shared(self, text: bytes, line: int, offset: int) -> Iterator[Batch | Skipped]:
        """As `_request`, of which helpers do their part; rows come later, at the latest with `_settled`."""
        if self._sharing is None and (helpers := self._helpers()):
            from deep_code_reasoning.sources.otlp.json_sharing import Sharing

            yield from self._ready(final=True, resources=False)
            self._sharing = Sharing(read_piece, helpers)
        if self._sharing is None:
            yield from self._request(text, line, offset)
        elif len(text) > _LARGE_BYTES:
            yield from self._settled()
            yield from self._request(text, line, offset)
        else:
            for part in self._sharing.add(Line(line, offset, text)):
                yield from self._joined(part)

    def _helpers(self) -> int:
        """How many are worth their start, and the time they take from the compiler of the kernel."""
        stream = self._stream
        if stream is None or stream.cores < 2 or os.name != "posix":
            return 0
        left = stream.size - stream.bytes_read
        return min(stream.cores - 1, _MOST_HELPERS) if _WORTH_BYTES <= left <= _SHARED_BYTES else 0

    def _settled(self) -> Iterator[Batch | Skipped]:
        for part in self._sharing.finish() if self._sharing else ():
            yield from self._joined(part)

    def _joined(self, part: Part) -> Iterator[Batch | Skipped]:
        from deep_code_reasoning.sources.otlp.json_parts import joined

        signals = {"spans": self._signals["resourceSpans"][0], "logs": self._signals["resourceLogs"][0]}
        return joined(part, self._resources, {table: signal.take_numbers for table, signal in signals.items()})

    def _request(self, text: bytes, line: int, offset: int) -> Iterator[Batch | Skipped]:
        """One request; its rows are given away once enough of them have come together."""
        if len(text) > _LARGE_BYTES:
            yield from self._large(text, line, offset)
        else:
            self._document(text, line, offset)
        self._pending_bytes += len(text)
        full = self._pending_bytes >= self._flush_bytes
        yield from self._ready(final=full)
        if full:
            self._pending_bytes = 0

    def _ready(self, *, final: bool, resources: bool = True) -> Iterator[Batch | Skipped]:
        for signal, _ in self._signals.values():
            yield from signal.batches(final=final)
        if self._skipped:
            yield from sorted(self._skipped, key=_place)  # those of spans are found when these become rows
            self._skipped = []
        if final and resources and len(self._resources.rows):
            yield self._resources.rows.take()

    def _document(self, text: bytes, line: int, offset: int) -> None:
        try:
            request = self._decode(text)
        except self._unusual:
            self._unusual_document(text, line, offset)
            return
        if self._is_empty(request):
            self._unusual_document(text, line, offset)
            return
        lost = self._losing(line, offset)
        for key, (signal, _) in self._signals.items():
            for message in getattr(request, key) or ():
                signal.add(message, offset, lost)

    def _large(self, text: bytes, line: int, offset: int) -> Iterator[Batch | Skipped]:
        """As `_document`, holding the objects of one resource at a time."""
        try:
            request = self._decode_large(text)
        except self._unusual:
            request = None
        if request is None or self._is_empty(request):
            self._unusual_document(text, line, offset)
            return
        lost = self._losing(line, offset)
        for key, (signal, kind) in self._signals.items():
            for raw in getattr(request, key) or ():
                try:
                    signal.add(self._decode_one[kind](raw), offset, lost)
                except self._unusual:
                    self._unusual_document(b'{"%s":[%s]}' % (key.encode(), bytes(raw)), line, offset)
                yield from self._ready(final=False)

    def _is_empty(self, request: Any) -> bool:
        return all(getattr(request, key) is None for key in self._signals)

    def _unusual_document(self, text: bytes, line: int, offset: int) -> None:
        """Anything that the fast decoder does not take: other spellings, arrays of requests, broken text."""
        from deep_code_reasoning.sources.otlp.values import parse

        try:
            value = parse(text.decode("utf-8", "replace"))
        except RecursionError:
            self._skipped.append(Skipped(line, offset, TOO_DEEP))
            return
        except ValueError:
            self._broken(text, line, offset)
            return
        self._value(value, line, offset)

    def _broken(self, text: bytes, line: int, offset: int) -> None:
        """Records the break once for each broken piece, and keeps the whole records around it."""
        from deep_code_reasoning.sources.otlp.values import parse

        for start, piece in requests(text):
            saved = piece
            try:
                parse(piece.decode("utf-8", "replace"))
            except RecursionError:
                self._skipped.append(Skipped(line, offset + start, TOO_DEEP))
                continue
            except ValueError:
                self._skipped.append(Skipped(line, offset + start, BROKEN_JSON))
                saved = whole_records(piece)
            if saved:
                try:
                    value = parse(saved.decode("utf-8", "replace"))
                except (ValueError, RecursionError):
                    continue
                self._value(value, line, offset + start)

    def _value(self, value: Any, line: int, offset: int) -> None:
        from deep_code_reasoning.sources.otlp.lenient import lenient
        from deep_code_reasoning.sources.otlp.values import BadRecord

        lost = self._losing(line, offset)
        for request in value if isinstance(value, list) else [value]:
            known = False
            for key, (signal, kind) in self._signals.items():
                snake = key.replace("S", "_s").replace("L", "_l").replace("M", "_m")
                messages = request.get(key, request.get(snake)) if isinstance(request, dict) else None
                known = known or isinstance(messages, list)
                for message in messages if isinstance(messages, list) else ():
                    try:
                        signal.add(lenient(message, kind, lost), offset, lost)
                    except BadRecord as error:
                        lost(str(error))
                    except RecursionError:
                        lost(TOO_DEEP)
            if not known and request != {}:
                lost(NOT_OTLP)

    def _losing(self, line: int, offset: int) -> Callable[[str], None]:
        return lambda reason: self._skipped.append(Skipped(line, offset, reason))
