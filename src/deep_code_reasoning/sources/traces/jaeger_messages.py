"""Jaeger's JSON as structs, and its spans' references as parent and links.

Source: jaeger `internal/uimodel` (what UI and API hand out) and `internal/storage/v1/elasticsearch/spanstore/dbmodel`
(what lies in Elasticsearch: the process within the span, tags also as fields of an object).
"""

from __future__ import annotations

from typing import Any

from msgspec import Raw, Struct

from deep_code_reasoning.sources.traces.plain_values import text_of_plain

Pair = tuple[str, str | None]

CHILD_OF = "CHILD_OF"
_NO_SERVICE = ("", "OTLPResourceNoServiceName")  # the collector's name for none
_HOST_NAME, _OLD_HOST_NAME = "host.name", "hostname"  # of Jaeger's own clients, as the collector's receiver renames it


class Tag(Struct, gc=False, frozen=True):
    key: str
    value: Any = None


class Log(Struct, gc=False, frozen=True):
    timestamp: Any = None
    fields: list[Tag] | None = None


class Reference(Struct, gc=False, frozen=True):
    refType: str | None = None
    traceID: str | None = None
    spanID: str | None = None


class Span(Struct, gc=False, frozen=True):
    spanID: str
    traceID: str | None = None
    parentSpanID: str | None = None
    operationName: str | None = None
    references: list[Reference] | None = None
    startTime: Any = None
    duration: Any = None
    tags: list[Tag] | None = None
    tag: dict[str, Any] | None = None
    logs: list[Log] | None = None
    processID: str | None = None
    process: Raw = Raw()


class Process(Struct, gc=False, frozen=True):
    serviceName: str | None = None
    tags: list[Tag] | None = None
    tag: dict[str, Any] | None = None


class Trace(Struct, gc=False, frozen=True):
    spans: list[Span]
    traceID: str | None = None
    processes: dict[str, Raw] | None = None


class LargeTrace(Struct, gc=False, frozen=True):
    """A trace whose spans are decoded one by one."""

    spans: list[Raw]
    traceID: str | None = None
    processes: dict[str, Raw] | None = None


def pairs_of(tags: list[Tag] | None, tag: dict[str, Any] | None) -> list[Pair]:
    """`tag` is Elasticsearch's form, with @ for the dots of the names."""
    pairs = [(t.key, t.value if type(t.value) is str else text_of_plain(t.value)) for t in tags or ()]
    if tag:
        pairs += [(key.replace("@", "."), text_of_plain(value)) for key, value in tag.items()]
    return pairs


def resource_of(process: Process) -> list[Pair]:
    """The process as attributes of an OpenTelemetry resource."""
    pairs = [pair for pair in pairs_of(process.tags, process.tag) if pair[0] != "service.name"]
    if not any(key == _HOST_NAME for key, _ in pairs):
        pairs = [(_HOST_NAME if key == _OLD_HOST_NAME else key, text) for key, text in pairs]
    if process.serviceName not in (None, *_NO_SERVICE):
        pairs.insert(0, ("service.name", process.serviceName))
    return pairs


def parent_of(span: Span, trace: str) -> Reference | None:
    """The reference to the parent: the first CHILD_OF within the trace, else the first of another type."""
    within = [r for r in span.references or () if r.spanID and (r.traceID or trace) == trace]
    return next((r for r in within if r.refType == CHILD_OF), within[0] if within else None)


def event_of(fields: list[Pair]) -> tuple[str | None, list[Pair]]:
    """The event's name and attributes; OpenTracing's error logs become exceptions.

    Source: OpenTracing semantic conventions 1.1, "Log fields table".
    """
    name = next((text for key, text in fields if key == "event"), None)
    rest = list(fields)
    if name is not None:
        rest.remove(("event", name))
    if name == "error" or any(key == "error.kind" for key, _ in rest):
        present = {key for key, _ in rest}
        names = {old: new for old, new in _OPEN_TRACING.items() if new not in present}
        rest = [(names.get(key, key), text) for key, text in rest]
    return name, rest


_OPEN_TRACING = {
    "error.kind": "exception.type",
    "message": "exception.message",
    "stack": "exception.stacktrace",
}
