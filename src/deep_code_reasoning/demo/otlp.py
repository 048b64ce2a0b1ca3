"""OTLP/JSON as text: what the OpenTelemetry collector's file exporter writes.

Encoding rules of the OTLP specification ("JSON Protobuf Encoding"): lowerCamelCase keys, trace and span ids
in hex, 64-bit integers as strings, enums as numbers. Field order and the always present `parentSpanId`,
`status` and `traceId` are those of the collector's own marshaller. Spans, the bulk of the output, are
rendered from templates compiled once; %-formats because JSON is full of braces.
"""
# ruff: noqa: UP031

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from json import JSONEncoder

SCHEMA_URL = "https://opentelemetry.io/schemas/1.37.0"
CUMULATIVE = 2
_SAMPLED, _PARENT_KNOWN, _PARENT_REMOTE = 0x001, 0x100, 0x200

quote = JSONEncoder(ensure_ascii=False).encode
"""JSON string literal of a text, as the Go encoder writes it (no ASCII escapes)."""

Value = str | bool | int | float | tuple[str, ...]


class Hole(Enum):
    """A value that a template leaves open. A TEXT must need no JSON escape (ids, paths, numbers)."""

    TEXT = '{"stringValue":"%s"}'
    INT = '{"intValue":"%d"}'
    DOUBLE = '{"doubleValue":%r}'


class Kind(Enum):
    """Span kinds by the numbers of the protocol."""

    INTERNAL = 1
    SERVER = 2
    CLIENT = 3
    PRODUCER = 4
    CONSUMER = 5


def any_value(value: Value) -> str:
    """AnyValue of a scalar, or of some texts."""
    if isinstance(value, tuple):
        return '{"arrayValue":{"values":[%s]}}' % ",".join(any_value(text) for text in value)
    if isinstance(value, bool):
        return '{"boolValue":%s}' % ("true" if value else "false")
    if isinstance(value, int):
        return '{"intValue":"%d"}' % value
    if isinstance(value, float):
        return '{"doubleValue":%r}' % value
    return '{"stringValue":%s}' % quote(value)


def attribute(key: str, value: Value) -> str:
    """One KeyValue."""
    return '{"key":"%s","value":%s}' % (key, any_value(value))


def attribute_list(attributes: Mapping[str, Value]) -> str:
    """KeyValues, without the brackets around them."""
    return ",".join(attribute(key, value) for key, value in attributes.items())


@dataclass(frozen=True, slots=True)
class SpanTemplate:
    """A kind of span, compiled to one %-format: ids, trace state, times, holes, extras, events and status
    stay open."""

    scope: str
    text: str

    @classmethod
    def compile(
        cls,
        scope: str,
        name: str,
        kind: Kind,
        attributes: Mapping[str, Value | Hole],
        *,
        root: bool = False,
    ) -> SpanTemplate:
        """Build a template; the holes are filled in the order in which `attributes` has them."""
        flags = _SAMPLED | _PARENT_KNOWN
        if kind in (Kind.SERVER, Kind.CONSUMER) and not root:
            flags |= _PARENT_REMOTE
        rendered = ",".join(
            '{"key":"%s","value":%s}' % (key, value.value)
            if isinstance(value, Hole)
            else attribute(key, value).replace("%", "%%")
            for key, value in attributes.items()
        )
        head = '{"traceId":"%s","spanId":"%s"%s,"parentSpanId":"%s",'
        fixed = '"flags":%d,"name":%s,"kind":%d,' % (flags, quote(name), kind.value)
        times = '"startTimeUnixNano":"%d","endTimeUnixNano":"%d","attributes":['
        return cls(scope, head + fixed.replace("%", "%%") + times + rendered + '%s]%s,"status":%s}')


def event(time_ns: int, name: str, attributes: Mapping[str, Value]) -> str:
    """One span event."""
    return '{"timeUnixNano":"%d","name":"%s","attributes":[%s]}' % (
        time_ns,
        name,
        attribute_list(attributes),
    )


def link(trace_id: str, span_id: str) -> str:
    """One span link to a remote, sampled span."""
    return '{"traceId":"%s","spanId":"%s","flags":%d}' % (
        trace_id,
        span_id,
        _SAMPLED | _PARENT_KNOWN | _PARENT_REMOTE,
    )


def status_error(message: str) -> str:
    """The status of a failed span."""
    return '{"message":%s,"code":2}' % quote(message) if message else '{"code":2}'


SEVERITY = {"DEBUG": 5, "INFO": 9, "WARN": 13, "ERROR": 17}


def log_record(
    time_ns: int,
    observed_ns: int,
    severity: str,
    body: str,
    attributes: Mapping[str, Value],
    trace_id: str = "",
    span_id: str = "",
    *,
    sampled: bool = True,
) -> str:
    """One log record; empty ids mean a record outside any trace, `sampled` whether that trace is kept."""
    return (
        '{"timeUnixNano":"%d","observedTimeUnixNano":"%d","severityNumber":%d,"severityText":"%s",'
        '"body":{"stringValue":%s},"attributes":[%s]%s,"traceId":"%s","spanId":"%s"}'
        % (
            time_ns,
            observed_ns,
            SEVERITY[severity],
            severity,
            quote(body),
            attribute_list(attributes),
            ',"flags":1' if trace_id and sampled else "",
            trace_id,
            span_id,
        )
    )


def number_point(start_ns: int, time_ns: int, value: int | float, attributes: Mapping[str, Value]) -> str:
    """One data point of a sum or a gauge; `start_ns` 0 is left out."""
    start = '"startTimeUnixNano":"%d",' % start_ns if start_ns else ""
    number = '"asInt":"%d"' % value if isinstance(value, int) else '"asDouble":%r' % value
    return '{"attributes":[%s],%s"timeUnixNano":"%d",%s}' % (
        attribute_list(attributes),
        start,
        time_ns,
        number,
    )


def histogram_point(
    start_ns: int,
    time_ns: int,
    attributes: Mapping[str, Value],
    bounds: Sequence[float],
    counts: Sequence[int],
    total: float,
    extremes: tuple[float, float],
) -> str:
    """One data point of a histogram with explicit bounds."""
    return (
        '{"attributes":[%s],"startTimeUnixNano":"%d","timeUnixNano":"%d","count":"%d","sum":%r,'
        '"bucketCounts":[%s],"explicitBounds":[%s],"min":%r,"max":%r}'
        % (
            attribute_list(attributes),
            start_ns,
            time_ns,
            sum(counts),
            total,
            ",".join('"%d"' % count for count in counts),
            ",".join("%g" % bound for bound in bounds),
            extremes[0],
            extremes[1],
        )
    )


def gauge(name: str, unit: str, points: Iterable[str]) -> str:
    """A gauge metric."""
    return '{"name":"%s","unit":"%s","gauge":{"dataPoints":[%s]}}' % (name, unit, ",".join(points))


def counter(name: str, unit: str, points: Iterable[str], *, monotonic: bool = True) -> str:
    """A cumulative sum."""
    return '{"name":"%s","unit":"%s","sum":{"dataPoints":[%s],"aggregationTemporality":%d,"isMonotonic":%s}}' % (
        name,
        unit,
        ",".join(points),
        CUMULATIVE,
        "true" if monotonic else "false",
    )


def histogram(name: str, unit: str, points: Iterable[str]) -> str:
    """A cumulative histogram."""
    return '{"name":"%s","unit":"%s","histogram":{"dataPoints":[%s],"aggregationTemporality":%d}}' % (
        name,
        unit,
        ",".join(points),
        CUMULATIVE,
    )
