"""The benchmark's spans as one Jaeger JSON document, as its UI and API hand it out."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from evidence_traces import KINDS, REQUEST_ID, SERVICES, Shape, Span, Value, resource, traces


def write(path: Path, size: int) -> int:
    """At least `size` bytes in one document. Number of spans."""
    spans = written = 0
    separator = b""
    with path.open("wb") as file:
        file.write(b'{"data":[')
        for trace in traces():
            written += file.write(separator + _trace(trace))
            separator = b","
            spans += len(trace)
            if written >= size:
                file.write(b'],"total":0,"limit":0,"offset":0,"errors":null}')
                return spans
    raise AssertionError("traces() has no end")


def _trace(spans: list[Span]) -> bytes:
    processes = ",".join(_process(service) for service in sorted({span.shape.service for span in spans}))
    body = ",".join(map(_span, spans))
    return f'{{"traceID":"{spans[0].trace_id}","spans":[{body}],"processes":{{{processes}}},"warnings":null}}'.encode()


@cache
def _process(service: int) -> str:
    tags = [_tag(*item) for item in resource(service) if item[0] != "service.name"]
    return f'"p{service + 1}":' + _dumped({"serviceName": SERVICES[service], "tags": tags})


def _span(span: Span) -> str:
    parent = ""
    if span.parent_id:
        parent = f'{{"refType":"CHILD_OF","traceID":"{span.trace_id}","spanID":"{span.parent_id}"}}'
    if span.shape.linked:
        follows = f'{{"refType":"FOLLOWS_FROM","traceID":"{span.link[:32]}","spanID":"{span.link[32:]}"}}'
        parent = f"{parent},{follows}" if parent else follows
    values: list[Any] = [span.trace_id, span.span_id, parent, span.start // 1000, (span.end - span.start) // 1000]
    values.append(span.request_id)
    if span.shape.exception:
        values.append(span.end // 1000 - 1)
    return _template(span.shape) % tuple(values)


@cache
def _template(shape: Shape) -> str:
    def fixed(value: Any) -> str:
        return _dumped(value).replace("%", "%%")

    kind: tuple[tuple[str, Value], ...] = (("span.kind", KINDS[shape.kind]), ("otel.scope.name", "shop"))
    error: tuple[tuple[str, Value], ...] = (("otel.status_code", "ERROR"), ("error", True)) if shape.failed else ()
    tags = "".join(fixed(_tag(*item)) + "," for item in (*shape.attributes, *kind, *error))
    logs = ""
    if shape.exception:
        fields = fixed([_tag("event", "exception"), *(_tag(*item) for item in shape.exception)])
        logs = '{"timestamp":%d,"fields":' + fields + "}"
    return (
        '{"traceID":"%s","spanID":"%s","flags":1,"operationName":' + fixed(shape.name) + ',"references":[%s],'
        f'"startTime":%d,"duration":%d,"tags":[{tags}'
        '{"key":"' + REQUEST_ID + '","type":"string","value":"%s"}],'
        f'"logs":[{logs}],"processID":"p{shape.service + 1}","warnings":null}}'
    )


def _tag(key: str, value: Value) -> dict[str, Any]:
    match value:
        case bool():
            kind = "bool"
        case int():
            kind = "int64"
        case float():
            kind = "float64"
        case _:
            kind = "string"
    return {"key": key, "type": kind, "value": value}


def _dumped(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
