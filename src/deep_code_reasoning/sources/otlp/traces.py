"""OTLP spans, with their events and links, to rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from msgspec import Raw, Struct

from deep_code_reasoning.sources.arrow_tables import BATCH_ROWS, SCHEMAS, array_of
from deep_code_reasoning.sources.otlp.attribute_columns import AttributeColumns, Attributes
from deep_code_reasoning.sources.otlp.attribute_lists import Written, read
from deep_code_reasoning.sources.otlp.field_columns import Bad, enums, ids, named, times, written
from deep_code_reasoning.sources.otlp.resources import Producer, Resources
from deep_code_reasoning.sources.otlp.values import BAD_TIME, Scope, parent_id, span_id, trace_id
from deep_code_reasoning.sources.reader import Batch

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
    attributes: Written = Raw()


class Link(Struct, gc=False, frozen=True):
    traceId: str | None = None
    spanId: str | None = None
    attributes: Written = Raw()


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
    attributes: Written = Raw()
    events: list[Event] | None = None
    links: list[Link] | None = None
    status: Status | None = None


class ScopeSpans(Struct, gc=False, frozen=True):
    spans: list[Span]
    scope: Scope | None = None


class ResourceSpans(Struct, gc=False, frozen=True):
    scopeSpans: list[ScopeSpans]
    resource: Raw = Raw()


_INTEGERS = {"http_response_status_code": 32, "server_port": 32, "code_line_number": 32, "thread_id": 64}
_AT_ONCE = 512  # spans: their objects are still in the processor's cache when they have become columns
_TOGETHER = 4_096  # spans: enough for steps that cost the same however many there are

Lost = Callable[[str], None]


class _Group(NamedTuple):
    """Spans of one scope of a message. `lost` is told why one cannot be used."""

    spans: list[Span]
    producer: Producer
    scope: str | None
    offset: int
    lost: Lost


class Traces:
    """Turns messages of one source into rows of `spans`, `events` and `links`; spans count from 0."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._groups: list[_Group] = []
        self._taken: list[_Taken] = []
        self._waiting = 0  # spans in `_groups`
        self._ready: dict[str, list[pa.RecordBatch]] = {"spans": [], "events": [], "links": []}
        self._span_attributes = AttributeColumns("spans", _INTEGERS)
        self._event_attributes = AttributeColumns("events", {})
        self._count = 0

    def add(self, message: ResourceSpans, offset: int, lost: Lost) -> None:
        """Adds every span of the message; `lost` is called, by `batches` at the latest, why one is left out."""
        producer = self._resources.producer(message.resource, offset)
        for group in message.scopeSpans:
            scope = (group.scope.name or None) if group.scope else None
            for first in range(0, len(group.spans), _AT_ONCE):
                some = group.spans[first : first + _AT_ONCE]
                self._groups.append(_Group(some, producer, scope, offset, lost))
                self._waiting += len(some)
                if self._waiting >= _AT_ONCE:
                    self._take()

    def take_numbers(self, count: int) -> int:
        """Reserves the numbers of spans that another road reads; the first of them."""
        self._settle()
        first = self._count
        self._count += count
        return first

    def batches(self, *, final: bool) -> Iterator[Batch]:
        """What is ready; everything when `final`."""
        if final:
            self._settle()
        if final or any(sum(map(len, batches)) >= BATCH_ROWS for batches in self._ready.values()):
            for table, batches in self._ready.items():
                if batches:
                    yield Batch(table, batches[0] if len(batches) == 1 else pa.concat_batches(batches))
                    batches.clear()

    def _take(self) -> None:
        self._taken.append(_Taken(self._groups))
        self._groups, self._waiting = [], 0
        if sum(len(taken) for taken in self._taken) >= _TOGETHER:
            self._settle()

    def _settle(self) -> None:
        """Makes rows of what was added."""
        if self._groups:
            self._taken.append(_Taken(self._groups))
            self._groups, self._waiting = [], 0
        if not self._taken:
            return
        spans = _Spans(self._taken)
        self._taken = []
        if not len(spans):
            return
        numbers = pa.array(np.arange(self._count, self._count + len(spans)))
        self._keep("spans", {"span_number": numbers}, spans.columns(), self._span_attributes.of(spans.attributes))
        self._keep_events(spans)
        self._keep_links(spans)
        self._count += len(spans)

    def _keep(self, table: str, *columns: dict[str, pa.Array]) -> None:
        of = {name: array for some in columns for name, array in some.items()}
        names = SCHEMAS[table].names
        self._ready[table].append(pa.RecordBatch.from_arrays([of[name] for name in names], names=names))

    def _keep_events(self, spans: _Spans) -> None:
        owned = spans.events
        attributes, bad = spans.attributes_of(owned)
        moments = times(written([event.timeUnixNano for _, event in owned]), bad)
        if bad:
            for place, reason in bad.items():
                spans.lost(owned[place][0], BAD_EVENT if reason == BAD_TIME else reason)
            good = np.array([place not in bad for place in range(len(owned))])
            owned, moments = [one for place, one in enumerate(owned) if good[place]], moments[good]
            attributes = attributes.of_records(good)
        if owned:
            columns = {
                "name": array_of([event.name or "" for _, event in owned]),
                "time_unix_nano": pa.array(moments),
            }
            self._keep("events", self._of_owners(spans, owned), columns, self._event_attributes.of(attributes))

    def _keep_links(self, spans: _Spans) -> None:
        owned = spans.links
        attributes, bad = spans.attributes_of(owned)
        for place, reason in bad.items():
            spans.lost(owned[place][0], reason)
        misread: Bad = {}
        found = _link_ids(owned, misread)
        for place in misread.keys() - bad.keys():
            spans.lost(owned[place][0], BAD_LINK)
        if bad or misread:
            good = np.array([place not in bad and place not in misread for place in range(len(owned))])
            owned = [one for place, one in enumerate(owned) if good[place]]
            attributes, found = attributes.of_records(good), _link_ids(owned, misread)
        if owned:
            self._keep("links", self._of_owners(spans, owned), found, {"attributes": attributes.listed()})

    def _of_owners(self, spans: _Spans, owned: Sequence[tuple[int, Event | Link]]) -> dict[str, pa.Array]:
        owners = np.array([owner for owner, _ in owned])
        return {
            "span_number": pa.array(spans.numbers[owners] + self._count),
            "source_offset": pa.array(spans.offsets[owners]),
        }


class _Taken:
    """What some spans hold, in columns as it is written: the objects it was in are not needed any more."""

    def __init__(self, groups: list[_Group]) -> None:
        spans = [span for group in groups for span in group.spans]
        self.groups = [group._replace(spans=[]) for group in groups]
        self.sizes = [len(group.spans) for group in groups]
        self.bad: Bad = {}
        statuses = [span.status for span in spans]
        codes = [status.code or 0 if status else 0 for status in statuses]
        self.statuses = enums(codes, _STATUS_NAMES, len(STATUSES), self.bad)
        self.kinds = enums([span.kind for span in spans], _KIND_NAMES, len(KINDS), self.bad)
        self.texts = [
            written([span.startTimeUnixNano for span in spans]),
            written([span.endTimeUnixNano for span in spans]),
            array_of([span.traceId for span in spans]),
            array_of([span.spanId for span in spans]),
            array_of([span.parentSpanId or None for span in spans]),
            array_of([span.name or "" for span in spans]),
            array_of([status.message or None if status else None for status in statuses]),
        ]
        self.attributes, unread = read([span.attributes for span in spans], self._lost)
        self.bad.update(unread)
        self.events = [(owner, event) for owner, span in enumerate(spans) if span.events for event in span.events]
        self.links = [(owner, link) for owner, span in enumerate(spans) if span.links for link in span.links]

    def __len__(self) -> int:
        return len(self.kinds)

    def _lost(self, place: int, reason: str) -> None:
        self.groups[np.searchsorted(np.cumsum(self.sizes), place, "right")].lost(reason)


class _Spans:
    """Spans in columns, without those that cannot be used, which are told.

    A place counts all of them, a number in `numbers` those that are used.
    """

    def __init__(self, taken: list[_Taken]) -> None:
        self._groups = [group for one in taken for group in one.groups]
        self._group_of = np.repeat(np.arange(len(self._groups)), [size for one in taken for size in one.sizes])
        self.offsets = np.array([group.offset for group in self._groups], np.int64)[self._group_of]
        first = np.cumsum([0, *map(len, taken)]).tolist()
        bad: Bad = {}
        start, end, trace, span, parent, name, message = map(
            pa.concat_arrays, zip(*(one.texts for one in taken), strict=True)
        )
        self._starts, self._ends = times(start, bad), times(end, bad)
        for at, one in zip(first, taken, strict=False):
            for place, reason in one.bad.items():
                bad.setdefault(at + place, reason)
        self._texts = {
            "trace_id": ids(trace, 32, trace_id, bad),
            "span_id": ids(span, 16, span_id, bad),
            "parent_span_id": ids(parent, 16, parent_id, bad),
            "name": name,
            "status_message": message,
        }
        self._kinds = np.concatenate([one.kinds for one in taken])
        self._statuses = np.concatenate([one.statuses for one in taken])
        self.attributes = Attributes.together([one.attributes for one in taken])
        is_used = np.ones(len(self._group_of), bool)
        if bad:
            for place in sorted(bad):
                self.lost(place, bad[place])
                is_used[place] = False
            self._leave_out(is_used)
        self.numbers = np.cumsum(is_used) - 1
        self.events = [(at + o, event) for at, one in zip(first, taken, strict=False) for o, event in one.events]
        self.links = [(at + o, link) for at, one in zip(first, taken, strict=False) for o, link in one.links]
        if bad:
            self.events = [one for one in self.events if one[0] not in bad]
            self.links = [one for one in self.links if one[0] not in bad]
        self._places = np.flatnonzero(is_used)

    def __len__(self) -> int:
        return len(self._places)

    def lost(self, place: int, reason: str) -> None:
        self._groups[self._group_of[place]].lost(reason)

    def attributes_of(self, owned: Sequence[tuple[int, Event | Link]]) -> tuple[Attributes, Bad]:
        """As `read` gives them; what is lost of them is told of the span."""
        return read([one.attributes for _, one in owned], lambda place, reason: self.lost(owned[place][0], reason))

    def columns(self) -> dict[str, pa.Array]:
        """All but their numbers and attributes; spans that end before they start are told."""
        durations = np.where(self._ends > 0, self._ends - self._starts, 0)
        for number in np.flatnonzero(durations < 0).tolist():
            self.lost(self._places[number], ENDS_BEFORE_START)
        group_of = self._group_of[self._places]
        producers = [group.producer for group in self._groups]
        return {
            **self._texts,
            "kind": named(self._kinds, KINDS),
            "status_code": named(self._statuses, STATUSES),
            "start_time_unix_nano": pa.array(self._starts),
            "duration_nano": pa.array(np.maximum(durations, 0)),
            "service_name": named(group_of, [producer.service_name for producer in producers]),
            "host": named(group_of, [producer.host for producer in producers]),
            "resource_number": pa.array(np.array([producer.number for producer in producers])[group_of]),
            "scope_name": named(group_of, [group.scope for group in self._groups]),
            "source_offset": pa.array(self.offsets[self._places]),
        }

    def _leave_out(self, is_used: np.ndarray) -> None:
        self._texts = {name: texts.filter(pa.array(is_used)) for name, texts in self._texts.items()}
        self._starts, self._ends = self._starts[is_used], self._ends[is_used]
        self._kinds, self._statuses = self._kinds[is_used], self._statuses[is_used]
        self.attributes = self.attributes.of_records(is_used)


def _link_ids(owned: list[tuple[int, Link]], bad: Bad) -> dict[str, pa.Array]:
    return {
        "trace_id": ids(array_of([link.traceId or "" for _, link in owned]), 32, trace_id, bad),
        "span_id": ids(array_of([link.spanId or "" for _, link in owned]), 16, span_id, bad),
    }
