"""The benchmark's spans as the collector writes them: OTLP/JSON lines, length-delimited protobuf, compressed JSON."""

from __future__ import annotations

import gzip
import json
import shutil
import struct
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from evidence_traces import REQUEST_ID, Shape, Span, Value, requests, resource

SCOPE = "io.opentelemetry.shop"


def write_json(path: Path, size: int) -> int:
    """At least `size` bytes of spans, a request a line. Number of spans."""
    return _write(path, size, lambda request: _request_json(request) + b"\n")


def write_protobuf(path: Path, size: int) -> int:
    """At least `size` bytes, each request behind its length as four bytes, big-endian. Number of spans."""
    return _write(path, size, _framed)


def compress(source: Path, target: Path) -> None:
    """`source` as `.gz` or `.zst` by the name of `target`, at the usual levels of both tools' streams."""
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd

    with source.open("rb") as plain, target.open("wb") as packed:
        if target.suffix == ".zst":
            stream = zstd.ZstdFile(packed, "wb", level=3)
        else:
            stream = gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1, mtime=0)
        with stream:
            shutil.copyfileobj(plain, stream, 1 << 20)


def _write(path: Path, size: int, encoded: Callable[[list[list[Span]]], bytes]) -> int:
    spans = written = 0
    with path.open("wb") as file:
        for request in requests():
            written += file.write(encoded(request))
            spans += sum(map(len, request))
            if written >= size:
                return spans
    raise AssertionError("requests() has no end")


# -- JSON


def _request_json(request: list[list[Span]]) -> bytes:
    groups = (
        _head_json(service) + b",".join(map(_span_json, spans)) + b"]}]}"
        for service, spans in enumerate(request)
        if spans
    )
    return b'{"resourceSpans":[' + b",".join(groups) + b"]}"


@cache
def _head_json(service: int) -> bytes:
    resources = _dumped({"attributes": [_pair(*item) for item in resource(service)]})
    scope = _dumped({"name": SCOPE, "version": "2.1"})
    return f'{{"resource":{resources},"scopeSpans":[{{"scope":{scope},"spans":['.encode()


def _span_json(span: Span) -> bytes:
    values: list[Any] = [span.trace_id, span.span_id, span.parent_id, span.start, span.end, span.request_id]
    if span.shape.exception:
        values.append(span.end - 1000)
    if span.shape.linked:
        values += [span.link[:32], span.link[32:]]
    return (_span_template(span.shape) % tuple(values)).encode()


@cache
def _span_template(shape: Shape) -> str:
    def fixed(value: Any) -> str:
        return _dumped(value).replace("%", "%%")

    attributes = "".join(fixed(_pair(*item)) + "," for item in shape.attributes)
    text = (
        '{"traceId":"%s","spanId":"%s","parentSpanId":"%s","flags":257,"name":'
        + fixed(shape.name)
        + f',"kind":{shape.kind},"startTimeUnixNano":"%d","endTimeUnixNano":"%d","attributes":[{attributes}'
        + '{"key":"' + REQUEST_ID + '","value":{"stringValue":"%s"}}]'
    )  # fmt: skip
    if shape.exception:
        error = fixed([_pair(*item) for item in shape.exception])
        text += ',"events":[{"timeUnixNano":"%d","name":"exception","attributes":' + error + "}]"
    if shape.linked:
        text += ',"links":[{"traceId":"%s","spanId":"%s","flags":257}]'
    return text + ',"status":' + fixed({"message": "lease expired", "code": 2} if shape.failed else {}) + "}"


def _dumped(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _pair(key: str, value: Value) -> dict[str, Any]:
    """Of the JSON mapping: 64-bit integers are strings."""
    match value:
        case bool():
            return {"key": key, "value": {"boolValue": value}}
        case int():
            return {"key": key, "value": {"intValue": str(value)}}
        case float():
            return {"key": key, "value": {"doubleValue": value}}
    return {"key": key, "value": {"stringValue": value}}


# -- protobuf (opentelemetry/proto/trace/v1/trace.proto), written out: a template a shape, as for JSON


def _framed(request: list[list[Span]]) -> bytes:
    groups = []
    for service, spans in enumerate(request):
        if spans:
            scope = _field(1, _field(1, SCOPE.encode()) + _field(2, b"2.1"))
            described = _field(1, b"".join(_field(1, _key_value(*item)) for item in resource(service)))
            groups.append(_field(1, described + _field(2, scope + b"".join(_field(2, _span(one)) for one in spans))))
    body = b"".join(groups)
    return struct.pack(">I", len(body)) + body


def _span(span: Span) -> bytes:
    named, rest = _constant_parts(span.shape)
    trace, own = bytes.fromhex(span.trace_id), bytes.fromhex(span.span_id)
    parent = b"\x22\x08" + bytes.fromhex(span.parent_id) if span.parent_id else b""
    request_id = _field(9, _key_value(REQUEST_ID, span.request_id))
    times = b"\x39" + struct.pack("<Q", span.start) + b"\x41" + struct.pack("<Q", span.end)
    parts = [b"\x0a\x10", trace, b"\x12\x08", own, parent, named, times, rest, request_id]
    if span.shape.exception:
        error = b"".join(_field(3, _key_value(*item)) for item in span.shape.exception)
        parts.append(_field(11, b"\x09" + struct.pack("<Q", span.end - 1000) + _field(2, b"exception") + error))
    if span.shape.linked:
        linked = bytes.fromhex(span.link)
        parts.append(_field(13, _field(1, linked[:16]) + _field(2, linked[16:])))
    return b"".join(parts)


@cache
def _constant_parts(shape: Shape) -> tuple[bytes, bytes]:
    attributes = b"".join(_field(9, _key_value(*item)) for item in shape.attributes)
    status = _field(2, b"lease expired") + b"\x18\x02" if shape.failed else b""
    return _field(5, shape.name.encode()) + b"\x30" + _varint(shape.kind), attributes + _field(15, status)


def _key_value(key: str, value: Value) -> bytes:
    match value:
        case bool():
            encoded = b"\x10" + _varint(value)
        case int():
            encoded = b"\x18" + _varint(value)
        case float():
            encoded = b"\x21" + struct.pack("<d", value)
        case _:
            encoded = _field(1, value.encode())
    return _field(1, key.encode()) + _field(2, encoded)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
