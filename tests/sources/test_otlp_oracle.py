"""The OTLP reader against opentelemetry-proto's own JSON parser, on random valid messages in every spelling."""

import base64
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from deep_code_reasoning.kernels.cache import Kernels
from sources.reading import Reading, read_bytes

KINDS = ["unspecified", "internal", "server", "client", "producer", "consumer"]
STATUS = ["unset", "ok", "error"]
UNPROMOTED = st.sampled_from(["a", "b", "tier", "möglich", "k" * 40])

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
nanos = st.integers(1, 2**63 - 1)
int64 = st.integers(-(2**63), 2**63 - 1)


def as_written(number: int) -> st.SearchStrategy[Any]:
    return st.sampled_from([number, str(number)])


def hex_id(size: int) -> st.SearchStrategy[str]:
    return st.binary(min_size=size, max_size=size).filter(any).map(bytes.hex)


scalars = st.one_of(
    text.map(lambda value: {"stringValue": value}),
    int64.flatmap(as_written).map(lambda value: {"intValue": value}),
    st.booleans().map(lambda value: {"boolValue": value}),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda value: {"doubleValue": value}),
    st.sampled_from(["NaN", "Infinity", "-Infinity"]).map(lambda value: {"doubleValue": value}),
    st.binary(max_size=6).map(lambda value: {"bytesValue": base64.b64encode(value).decode()}),
    st.just({}),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: {"arrayValue": {"values": items}}),
        st.dictionaries(text, inner, max_size=3).map(
            lambda items: {"kvlistValue": {"values": [{"key": k, "value": v} for k, v in items.items()]}}
        ),
    ),
    max_leaves=6,
)
attributes = st.dictionaries(UNPROMOTED, values, max_size=4).map(
    lambda items: [{"key": key, "value": value} for key, value in items.items()]
)


@st.composite
def spans(draw: st.DrawFn) -> dict[str, Any]:
    start, end = sorted((draw(nanos), draw(nanos)))
    span = {
        "traceId": draw(hex_id(16)),
        "spanId": draw(hex_id(8)),
        "name": draw(text),
        "startTimeUnixNano": draw(as_written(start)),
        "endTimeUnixNano": draw(as_written(end)),
    }
    optional = {
        "parentSpanId": st.one_of(st.just(""), hex_id(8)),
        "kind": st.sampled_from([*range(6), *(f"SPAN_KIND_{kind.upper()}" for kind in KINDS)]),
        "attributes": attributes,
        "status": st.sampled_from([{}, {"code": 2, "message": "m"}, {"code": "STATUS_CODE_OK"}]),
        "events": st.lists(
            st.fixed_dictionaries({"timeUnixNano": nanos.flatmap(as_written), "name": text}), max_size=2
        ),
        "links": st.lists(st.fixed_dictionaries({"traceId": hex_id(16), "spanId": hex_id(8)}), max_size=2),
    }
    return span | {key: draw(strategy) for key, strategy in optional.items() if draw(st.booleans())}


requests = st.fixed_dictionaries(
    {
        "resourceSpans": st.lists(
            st.fixed_dictionaries(
                {
                    "resource": st.fixed_dictionaries({"attributes": attributes}),
                    "scopeSpans": st.lists(st.fixed_dictionaries({"spans": st.lists(spans(), max_size=3)}), max_size=2),
                }
            ),
            max_size=2,
        )
    }
)


def oracle(request: dict[str, Any]) -> ExportTraceServiceRequest:
    """The SDK's parser wants bytes in base64 where OTLP/JSON has hex; all else it reads as it is."""

    def in_base64(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {k: in_base64(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [in_base64(item) for item in value]
        if key in ("traceId", "spanId", "parentSpanId"):
            return base64.b64encode(bytes.fromhex(value)).decode()
        return value

    return json_format.ParseDict(in_base64(request), ExportTraceServiceRequest())


def shown(value: AnyValue) -> Any:
    """An attribute's text, as the schema has it, from the SDK's message; numbers stay numbers for comparison."""
    match value.WhichOneof("value"):
        case "string_value":
            return value.string_value
        case "int_value":
            return value.int_value
        case "bool_value":
            return "true" if value.bool_value else "false"
        case "double_value":
            return value.double_value
        case "bytes_value":
            return base64.b64encode(value.bytes_value).decode()
        case "array_value" | "kvlist_value":
            return nested(value)
    return None


def nested(value: AnyValue) -> Any:
    match value.WhichOneof("value"):
        case "array_value":
            return [nested(item) for item in value.array_value.values]
        case "kvlist_value":
            return {pair.key: nested(pair.value) for pair in value.kvlist_value.values}
        case "bool_value":
            return value.bool_value
        case "double_value" if str(value.double_value) in ("nan", "inf", "-inf"):
            return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value.double_value)]
    return shown(value)


def agrees(found: str | None, expected: Any) -> bool:
    if isinstance(expected, bool | str) or expected is None:
        return found == expected
    if isinstance(expected, list | dict):
        return json.loads(found or "") == expected
    if isinstance(expected, int):
        return found == str(expected)
    return found is not None and (float(found) == expected or (found == "NaN" and expected != expected))


def compare(reading: Reading, message: ExportTraceServiceRequest) -> None:
    expected = [span for resource in message.resource_spans for scope in resource.scope_spans for span in scope.spans]
    found = reading.rows.get("spans", [])
    assert len(found) == len(expected)
    for row, span in zip(found, expected, strict=True):
        assert row["trace_id"] == span.trace_id.hex()
        assert row["span_id"] == span.span_id.hex()
        assert row["parent_span_id"] == (span.parent_span_id.hex() if any(span.parent_span_id) else None)
        assert row["name"] == span.name
        assert row["kind"] == KINDS[span.kind]
        assert row["status_code"] == STATUS[span.status.code]
        assert (row["status_message"] or "") == span.status.message
        assert row["start_time_unix_nano"] == span.start_time_unix_nano
        assert row["duration_nano"] == span.end_time_unix_nano - span.start_time_unix_nano
        pairs = {pair.key: shown(pair.value) for pair in span.attributes}
        assert set(row["attributes"]) == set(pairs)
        assert all(agrees(row["attributes"][key], value) for key, value in pairs.items())
    assert reading.count("events") == sum(len(span.events) for span in expected)
    assert reading.count("links") == sum(len(span.links) for span in expected)


def to_snake(value: Any) -> Any:
    if isinstance(value, dict):
        return {"".join(f"_{c.lower()}" if c.isupper() else c for c in k): to_snake(v) for k, v in value.items()}
    return [to_snake(item) for item in value] if isinstance(value, list) else value


FORMS = {
    "line": lambda request: json.dumps(request, ensure_ascii=False),
    "ascii": json.dumps,
    "pretty": lambda request: json.dumps(request, indent=2),
    "array": lambda request: json.dumps([request]),
    "snake": lambda request: json.dumps(to_snake(request)),
}


@pytest.mark.parametrize("compiled", [False, True], ids=["plain", "compiled"])
@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(request_=requests)
def test_spans_are_those_of_the_sdk(form: str, compiled: bool, kernels: Kernels, request_: dict[str, Any]) -> None:
    if not request_["resourceSpans"]:
        return
    with tempfile.TemporaryDirectory() as folder:
        reading = read_bytes(FORMS[form](request_).encode(), Path(folder), kernels=kernels if compiled else None)
    assert reading.reader == "otlp-json"
    assert not reading.skipped
    compare(reading, oracle(request_))
