"""OTLP's protobuf messages as the structs that the OTLP/JSON reader makes, so both become rows in one way.

Source: opentelemetry-proto, `common.proto`, `trace.proto`, `logs.proto`, `metrics.proto`; `Rule`s by field number. A
value becomes the text that a column holds at once.
"""

from __future__ import annotations

import base64
import json
import math
import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from deep_code_reasoning.sources.otlp.logs import LogRecord
from deep_code_reasoning.sources.otlp.metrics import Buckets, Metric, Point, Points, Quantile
from deep_code_reasoning.sources.otlp.protobuf_wire import (
    I64,
    LEN,
    VARINT,
    Damage,
    How,
    Rule,
    Rules,
    decoded,
    tag,
    varint,
)
from deep_code_reasoning.sources.otlp.traces import Event, Link, Span, Status
from deep_code_reasoning.sources.otlp.values import AnyValue, KeyValue, Scope, dump

VALUE_DEPTH = 64  # a value nested deeper is kept as its bytes, in base64

_KNOWN, _LONGEST_KNOWN = 16_384, 256  # attributes that are remembered, and their bytes

Read = Callable[[bytes, int, int], Any]


def _text(data: bytes, at: int, end: int) -> str:
    return data[at:end].decode("utf-8", "replace")


def _id(data: bytes, at: int, end: int) -> str:
    """Hex. An id of a wrong length gets colons, so that nobody takes it for base64."""
    return data[at:end].hex() if end - at in (0, 8, 16) else data[at:end].hex(":")


def _base64(data: bytes, at: int, end: int) -> str:
    return base64.b64encode(data[at:end]).decode()


def _unsigned(data: bytes, at: int, end: int) -> int:
    return varint(data, at, end)[0]


def _signed(data: bytes, at: int, end: int) -> int:
    number = varint(data, at, end)[0]
    return number - (1 << 64) if number >> 63 else number


def _enum(data: bytes, at: int, end: int) -> int:
    """The low 32 bits, signed."""
    return ((varint(data, at, end)[0] + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)


def _zigzag(data: bytes, at: int, end: int) -> int:
    number = varint(data, at, end)[0] & 0xFFFFFFFF
    return number >> 1 ^ -(number & 1)


def _boolean(data: bytes, at: int, end: int) -> bool:
    return varint(data, at, end)[0] != 0


def _fixed(data: bytes, at: int, end: int) -> int:
    return int.from_bytes(data[at:end], "little")


def _fixed_signed(data: bytes, at: int, end: int) -> int:
    return int.from_bytes(data[at:end], "little", signed=True)


def _double(data: bytes, at: int, end: int) -> float:
    return struct.unpack_from("<d", data, at)[0]


def _packed(form: str) -> Read:
    def read(data: bytes, at: int, end: int) -> list[Any]:
        count, rest = divmod(end - at, 8)
        if rest:
            raise Damage(at)
        return list(struct.unpack_from(f"<{count}{form}", data, at))

    return read


def _packed_varints(data: bytes, at: int, end: int) -> list[int]:
    numbers = []
    while at < end:
        number, at = varint(data, at, end)
        numbers.append(number)
    return numbers


def _message(kind: Callable[..., Any], rules: Rules, required: dict[str, Any] | None = None) -> Read:
    """`required`: proto3's defaults of the fields that the struct must have."""

    def read(data: bytes, at: int, end: int) -> Any:
        found = decoded(data, at, end, rules)
        return kind(**(required | found if required else found))

    return read


_VALUE: dict[int, str] = {
    tag(1, LEN): "string",
    tag(2, VARINT): "bool",
    tag(3, VARINT): "int",
    tag(4, I64): "double",
    tag(5, LEN): "array",
    tag(6, LEN): "map",
    tag(7, LEN): "bytes",
}
_NO_VALUE = object()


def _place(data: bytes, at: int, end: int) -> tuple[bytes, int, int]:
    return data, at, end


_ONE_OF = tuple(_VALUE.values())
_VALUE_RULES = {
    number: Rule(
        name,
        _place,
        How.MERGE if name in ("array", "map") else How.SET,
        tuple(other for other in _ONE_OF if other != name),
    )
    for number, name in _VALUE.items()
}
_ELEMENTS = {tag(1, LEN): Rule("values", _place, How.APPEND)}
_PAIR = {tag(1, LEN): Rule("key", _text), tag(2, LEN): Rule("value", _place, How.MERGE)}


def _plain(data: bytes, at: int, end: int, depth: int = 0) -> Any:
    """An AnyValue as JSON has it without its type wrappers; _NO_VALUE where nothing is set."""
    if depth > VALUE_DEPTH:
        return _base64(data, at, end)
    for kind, place in decoded(data, at, end, _VALUE_RULES).items():
        match kind:
            case "string":
                return _text(*place)
            case "int":
                return _signed(*place)
            case "bool":
                return _boolean(*place)
            case "bytes":
                return _base64(*place)
            case "double":
                return json_number(_double(*place))
            case "array":
                elements = decoded(*place, _ELEMENTS).get("values", ())
                return [_or_none(_plain(*element, depth + 1)) for element in elements]
            case "map":
                pairs = [decoded(*pair, _PAIR) for pair in decoded(*place, _ELEMENTS).get("values", ())]
                return {
                    pair.get("key", ""): _or_none(_plain(*pair["value"], depth + 1)) if "value" in pair else None
                    for pair in pairs
                }
    return _NO_VALUE


def _or_none(value: Any) -> Any:
    return None if value is _NO_VALUE else value


def json_number(value: float) -> float | str:
    """As proto3's JSON writes it."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def any_value(data: bytes, at: int, end: int) -> AnyValue:
    """With its text as a string, whatever it is."""
    value = _plain(data, at, end)
    if value is _NO_VALUE:
        return AnyValue()
    return AnyValue(stringValue=value if isinstance(value, str) else dump(value))


_KEY_VALUE = {tag(1, LEN): Rule("key", _text), tag(2, LEN): Rule("value", any_value, How.MERGE)}


def key_value(data: bytes, at: int, end: int) -> KeyValue:
    """Most attributes of a file come again and again."""
    encoded = data[at:end]
    try:
        return _known_key_value(encoded) if end - at <= _LONGEST_KNOWN else _key_value(encoded)
    except Damage as damage:
        raise Damage(at + damage.position) from None


def _key_value(encoded: bytes) -> KeyValue:
    """Most are a short key and a short string, in this order: one look at each of their lengths."""
    size = len(encoded)
    if 6 <= size < 0x80 and encoded[0] == 0x0A:
        value = 2 + encoded[1]
        left = size - value
        if left >= 4 and encoded[value : value + 4] == bytes((0x12, left - 2, 0x0A, left - 4)):
            return KeyValue(_text(encoded, 2, value), AnyValue(_text(encoded, value + 4, size)))
    found = decoded(encoded, 0, size, _KEY_VALUE)
    return KeyValue(found.get("key", ""), found.get("value"))


_known_key_value = lru_cache(_KNOWN)(_key_value)


def _attributes(number: int) -> Rules:
    return {tag(number, LEN): Rule("attributes", key_value, How.APPEND)}


scope = _message(Scope, {tag(1, LEN): Rule("name", _text)})

_event = _message(
    Event, {tag(1, I64): Rule("timeUnixNano", _fixed), tag(2, LEN): Rule("name", _text), **_attributes(3)}
)
_link = _message(Link, {tag(1, LEN): Rule("traceId", _id), tag(2, LEN): Rule("spanId", _id), **_attributes(4)})
_status = _message(Status, {tag(2, LEN): Rule("message", _text), tag(3, VARINT): Rule("code", _enum)})
span = _message(
    Span,
    {
        tag(1, LEN): Rule("traceId", _id),
        tag(2, LEN): Rule("spanId", _id),
        tag(4, LEN): Rule("parentSpanId", _id),
        tag(5, LEN): Rule("name", _text),
        tag(6, VARINT): Rule("kind", _enum),
        tag(7, I64): Rule("startTimeUnixNano", _fixed),
        tag(8, I64): Rule("endTimeUnixNano", _fixed),
        **_attributes(9),
        tag(11, LEN): Rule("events", _event, How.APPEND),
        tag(13, LEN): Rule("links", _link, How.APPEND),
        tag(15, LEN): Rule("status", _status, How.MERGE),
    },
    {"traceId": "", "spanId": "", "startTimeUnixNano": 0},
)
log_record = _message(
    LogRecord,
    {
        tag(1, I64): Rule("timeUnixNano", _fixed),
        tag(2, VARINT): Rule("severityNumber", _enum),
        tag(3, LEN): Rule("severityText", _text),
        tag(5, LEN): Rule("body", any_value, How.MERGE),
        **_attributes(6),
        tag(9, LEN): Rule("traceId", _id),
        tag(10, LEN): Rule("spanId", _id),
        tag(11, I64): Rule("observedTimeUnixNano", _fixed),
        tag(12, LEN): Rule("eventName", _text),
    },
    {"timeUnixNano": 0},
)

_FIXED_COUNTS = {
    tag(6, I64): Rule("bucketCounts", _fixed, How.APPEND),
    tag(6, LEN): Rule("bucketCounts", _packed("Q"), How.EXTEND),
}
_BOUNDS = {
    tag(7, I64): Rule("explicitBounds", _double, How.APPEND),
    tag(7, LEN): Rule("explicitBounds", _packed("d"), How.EXTEND),
}
_quantile = _message(Quantile, {tag(1, I64): Rule("quantile", _double), tag(2, I64): Rule("value", _double)})
_buckets = _message(
    Buckets,
    {
        tag(1, VARINT): Rule("offset", _zigzag),
        tag(2, VARINT): Rule("bucketCounts", _unsigned, How.APPEND),
        tag(2, LEN): Rule("bucketCounts", _packed_varints, How.EXTEND),
    },
)
_TIMES = {tag(2, I64): Rule("startTimeUnixNano", _fixed), tag(3, I64): Rule("timeUnixNano", _fixed)}
_TOTALS = {**_TIMES, tag(4, I64): Rule("count", _fixed), tag(5, I64): Rule("sum", _double)}
_NUMBER_POINT = {
    **_TIMES,
    tag(4, I64): Rule("asDouble", _double, others=("asInt",)),
    tag(6, I64): Rule("asInt", _fixed_signed, others=("asDouble",)),
    **_attributes(7),
    tag(8, VARINT): Rule("flags", _unsigned),
}
_HISTOGRAM_POINT = {
    **_TOTALS,
    **_FIXED_COUNTS,
    **_BOUNDS,
    **_attributes(9),
    tag(10, VARINT): Rule("flags", _unsigned),
    tag(11, I64): Rule("min", _double),
    tag(12, I64): Rule("max", _double),
}
_EXPONENTIAL_POINT = {
    **_attributes(1),
    **_TOTALS,
    tag(6, VARINT): Rule("scale", _zigzag),
    tag(7, I64): Rule("zeroCount", _fixed),
    tag(8, LEN): Rule("positive", _buckets, How.MERGE),
    tag(9, LEN): Rule("negative", _buckets, How.MERGE),
    tag(10, VARINT): Rule("flags", _unsigned),
    tag(12, I64): Rule("min", _double),
    tag(13, I64): Rule("max", _double),
}
_SUMMARY_POINT = {
    **_TOTALS,
    tag(6, LEN): Rule("quantileValues", _quantile, How.APPEND),
    **_attributes(7),
    tag(8, VARINT): Rule("flags", _unsigned),
}


def _points(point: Rules) -> Read:
    rules = {
        tag(1, LEN): Rule("dataPoints", _message(Point, point, {"timeUnixNano": 0}), How.APPEND),
        tag(2, VARINT): Rule("aggregationTemporality", _enum),
        tag(3, VARINT): Rule("isMonotonic", _boolean),
    }
    return _message(Points, rules, {"dataPoints": []})


POINTS = {
    5: ("gauge", _points(_NUMBER_POINT)),
    7: ("sum", _points(_NUMBER_POINT)),
    9: ("histogram", _points(_HISTOGRAM_POINT)),
    10: ("exponentialHistogram", _points(_EXPONENTIAL_POINT)),
    11: ("summary", _points(_SUMMARY_POINT)),
}
_FORMS = tuple(name for name, _ in POINTS.values())
metric = _message(
    Metric,
    {
        tag(1, LEN): Rule("name", _text),
        tag(3, LEN): Rule("unit", _text),
        **{
            tag(number, LEN): Rule(name, read, How.MERGE, tuple(form for form in _FORMS if form != name))
            for number, (name, read) in POINTS.items()
        },
    },
)


def resource_json(data: bytes, at: int, end: int) -> bytes:
    """A Resource as OTLP/JSON, its attributes as texts: what `Resources` takes. Raises Damage."""
    attributes = decoded(data, at, end, _attributes(1)).get("attributes", [])
    pairs = [
        {"key": pair.key, "value": {"stringValue": pair.value.stringValue} if pair.value else {}} for pair in attributes
    ]
    return json.dumps({"attributes": pairs}).encode()
