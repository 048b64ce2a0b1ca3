"""The records of a ResourceSpans, ResourceLogs or ResourceMetrics to rows, whole ones also around damage."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Raw

from deep_code_reasoning.sources.arrow_tables import BATCH_INPUT_BYTES
from deep_code_reasoning.sources.otlp import protobuf_messages as messages
from deep_code_reasoning.sources.otlp.lenient import lenient
from deep_code_reasoning.sources.otlp.logs import Logs, ResourceLogs, ScopeLogs
from deep_code_reasoning.sources.otlp.metrics import Metrics, ResourceMetrics, ScopeMetrics
from deep_code_reasoning.sources.otlp.protobuf_signals import RECORDS, RESOURCE, SCOPE, SCOPES, Signal, signal_of
from deep_code_reasoning.sources.otlp.protobuf_span_layout import TOLD_TOGETHER
from deep_code_reasoning.sources.otlp.protobuf_wire import LEN, Damage, fields, merged
from deep_code_reasoning.sources.otlp.resources import Resources
from deep_code_reasoning.sources.otlp.traces import ResourceSpans, ScopeSpans, Traces
from deep_code_reasoning.sources.otlp.values import BadRecord, Scope, parse
from deep_code_reasoning.sources.reader import Batch, Skipped

if TYPE_CHECKING:
    from deep_code_reasoning.sources.otlp.protobuf_columns import ProtobufSpanColumns

BROKEN_RECORD = "OTLP record that is not well-formed protobuf"
UNTOLD = "OTLP record that does not tell whether it is a span, a log record or a metric"

_KNOWN_RESOURCES = 10_000

Place = tuple[int, int]


class Outcome(NamedTuple):
    """How reading went. `broken`: where the bytes no longer have OTLP's form; `sound`: the end of the last record
    that could be read, before any that could not; -1 for none; `is_clean`: no record was broken."""

    broken: int | None
    sound: int
    is_clean: bool


class Records:
    """The rows of one source."""

    def __init__(self) -> None:
        self._resources = Resources()
        self._traces, self._logs = Traces(self._resources), Logs(self._resources)
        self._metrics = Metrics(self._resources)
        self._json: dict[bytes, Raw] = {}
        self._scopes: dict[bytes, Scope | None] = {}
        self._last: Signal | None = None
        self._skipped: list[Skipped] = []
        self._pending_bytes = 0

    def batches(self, *, final: bool) -> Iterator[Batch | Skipped]:
        """What is ready; everything when `final`."""
        if self._pending_bytes >= BATCH_INPUT_BYTES:
            final = True
        if final:
            self._pending_bytes = 0
        for signal in (self._traces, self._logs, self._metrics):
            yield from signal.batches(final=final)
        yield from self._skipped
        self._skipped = []
        if final and len(self._resources.rows):
            yield self._resources.rows.take()

    def add(
        self, data: bytes, at: int, end: int, document: int, base: int | None
    ) -> Generator[Batch | Skipped, None, Outcome]:
        """One Resource* message.

        `document`: the offset that its rows get. `base`: the offset of `data`, None where that is no part of the file.
        """
        self._pending_bytes += end - at
        resource, scopes, broken = _parts(data, at, end, RESOURCE, SCOPES)
        try:
            raw = self.resource(*merged(data, resource)) if resource else Raw()
        except Damage as damage:
            raw, broken = Raw(), damage.position if broken is None else broken
        sound, is_clean, had_records = -1, True, False
        for begin, after in scopes:
            scope, records, damaged = _parts(data, begin, after, SCOPE, (RECORDS,))
            broken = damaged if damaged is not None else broken
            if broken is not None and records and records[-1][1] >= end:
                records.pop()  # the one that is cut off
            had_records = had_records or bool(records)
            for first in range(0, len(records), TOLD_TOGETHER):
                some = records[first : first + TOLD_TOGETHER]
                reached = self._add(data, some, scope, raw, document, base)
                sound = max(sound, reached) if is_clean else sound
                is_clean = is_clean and reached == some[-1][1]
                yield from self.batches(final=False)
        if not had_records:
            self._traces.add(ResourceSpans([], raw), document, self._losing(document))
        yield from self.batches(final=False)
        return Outcome(broken, sound, is_clean)

    def add_json(self, text: bytes, document: int) -> bool:
        """A whole OTLP/JSON request; False where it is none."""
        try:
            request = parse(text)
        except (ValueError, RecursionError):
            return False
        lost = self._losing(document)
        for signal, kind, names in (
            (self._traces, ResourceSpans, ("resourceSpans", "resource_spans")),
            (self._logs, ResourceLogs, ("resourceLogs", "resource_logs")),
            (self._metrics, ResourceMetrics, ("resourceMetrics", "resource_metrics")),
        ):
            for name in names:
                content = request.get(name) if isinstance(request, dict) else None
                for message in content if isinstance(content, list) else ():
                    try:
                        signal.add(lenient(message, kind, lost), document, lost)  # ty: ignore[invalid-argument-type]
                    except (BadRecord, RecursionError):
                        lost(BROKEN_RECORD)
        return isinstance(request, dict)

    def add_columns(self, columns: ProtobufSpanColumns, text: bytes, base: int) -> Iterator[Batch | Skipped]:
        """What the spans kernel read of `text`, which lies at offset `base`."""
        if columns.has_spans:
            self._last = Signal.SPANS
        first = self._traces.take_numbers(columns.rows)
        yield from columns.batches(text, base, first, self._resources)
        for span, resource, scope, document in columns.foreign:
            offset = base + document
            self._traces.add(ResourceSpans([ScopeSpans([span], scope)], resource), offset, self._losing(offset))
        yield from self.batches(final=False)

    def _add(
        self, data: bytes, records: list[Place], scope: list[Place], resource: Raw, document: int, base: int | None
    ) -> int:
        """Returns `Outcome.sound`."""

        def lose(position: int, reason: str) -> None:
            self._skipped.append(Skipped(None, document if base is None else base + position, reason))

        try:
            named = messages.scope(*merged(data, scope)) if scope else None
        except Damage as damage:
            named = None
            lose(damage.position, BROKEN_RECORD)
        read: dict[Signal | None, list[Any]] = {}
        sound, is_clean = -1, True
        told: Signal | None = None
        for begin, after in records:
            try:
                told = told or signal_of(data, begin, after)  # all of a scope are of one signal
                signal = told or self._last
                if signal is None:
                    lose(begin, UNTOLD)
                else:
                    self._last = signal
                    read.setdefault(signal, []).append(_READ[signal](data, begin, after))
                sound = after if is_clean else sound
            except Damage as damage:
                is_clean = False
                lose(min(max(damage.position, begin), after), BROKEN_RECORD)
        lost = self._losing(document)
        for signal, some in read.items():
            if signal is Signal.SPANS:
                self._traces.add(ResourceSpans([ScopeSpans(some, named)], resource), document, lost)
            elif signal is Signal.LOGS:
                self._logs.add(ResourceLogs([ScopeLogs(some, named)], resource), document, lost)
            else:
                self._metrics.add(ResourceMetrics([ScopeMetrics(some)], resource), document, lost)
        return sound

    def scope(self, data: bytes, at: int, end: int) -> Scope | None:
        """An InstrumentationScope; `end` 0: there is none. Raises Damage."""
        encoded = data[at:end]
        if encoded not in self._scopes:
            if len(self._scopes) >= _KNOWN_RESOURCES:
                self._scopes.clear()
            self._scopes[encoded] = messages.scope(data, at, end) if end else None
        return self._scopes[encoded]

    def resource(self, data: bytes, at: int, end: int) -> Raw:
        """A Resource as `Resources` takes it; `end` 0: there is none. Raises Damage."""
        if not end:
            return Raw()
        encoded = data[at:end]
        known = self._json.get(encoded)
        if known is None:
            known = Raw(messages.resource_json(data, at, end))
            if len(self._json) < _KNOWN_RESOURCES:
                self._json[encoded] = known
        return known

    def _losing(self, document: int) -> Callable[[str], None]:
        return lambda reason: self._skipped.append(Skipped(None, document, reason))


_READ = {Signal.SPANS: messages.span, Signal.LOGS: messages.log_record, Signal.METRICS: messages.metric}


def _parts(
    data: bytes, at: int, end: int, single: int, several: tuple[int, ...]
) -> tuple[list[Place], list[Place], int | None]:
    """The places of the message `single` and of the list `several`, and where the bytes are damaged or cut off."""
    found: tuple[list[Place], list[Place]] = [], []
    try:
        for number, wire, begin, after, whole in fields(data, at, end):
            if wire == LEN and number in several:
                found[1].append((begin, after))
            elif wire == LEN and number == single and whole:
                found[0].append((begin, after))
            if not whole:
                return *found, begin
    except Damage as damage:
        return *found, damage.position
    return *found, None
