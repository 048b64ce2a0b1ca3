"""Traces are claimed by the reader of their format, whatever stands around them."""

import json
import time

import pytest

from deep_code_reasoning.sources.detect import detect, readers
from sources.test_detect import sample

SPAN = {"traceID": "a1", "spanID": "1", "operationName": "x", "references": [], "startTime": 1, "duration": 1}
TRACE = {"traceID": "a1", "spans": [{**SPAN, "processID": "p1"}], "processes": {"p1": {"serviceName": "cart"}}}
ZIPKIN = {"traceId": "8448eb211c80319c", "id": "b7ad6b7169203331", "name": "get", "timestamp": 1790000000000000}
OTLP_SPAN = {"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "startTimeUnixNano": "1"}
OTLP = {"resource": {}, "scopeSpans": [{"spans": [OTLP_SPAN]}]}
LOCAL = {"localEndpoint": {"serviceName": "web"}}

CLAIMED = [
    ("jaeger-json", {"data": [TRACE], "total": 0, "limit": 0, "offset": 0, "errors": None}),
    ("jaeger-json", {"errors": None, "data": [TRACE]}),
    ("jaeger-json", [TRACE, TRACE]),
    ("jaeger-json", {**SPAN, "process": {"serviceName": "cart", "tags": []}}),
    ("zipkin-json", [ZIPKIN | LOCAL]),
    ("zipkin-json", [[ZIPKIN | LOCAL], [ZIPKIN | LOCAL]]),
    ("zipkin-json", [ZIPKIN | {"duration": 5}]),
    ("tempo-json", {"batches": [OTLP]}),
    ("tempo-json", {"trace": {"resourceSpans": [OTLP]}}),
    ("tempo-json", {"status": "complete", "trace": {"resourceSpans": [OTLP]}}),
    ("otlp-json", {"resourceSpans": [OTLP]}),
    ("otlp-json", [{"resourceSpans": [OTLP]}]),
]
LOG_OF_A_SPAN = {"ts": "2026-09-22T10:02:11Z", "msg": "x", "traceID": "a1", "spanID": "1", "level": "info"}


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(("name", "document"), CLAIMED)
def test_each_by_its_own_reader(name: str, document: object, indent: int | None) -> None:
    reader = detect(sample(json.dumps(document, indent=indent).encode()))
    assert reader
    assert reader.name == name


@pytest.mark.parametrize("name", ["jaeger-json", "zipkin-json", "tempo-json"])
@pytest.mark.parametrize(
    "text",
    [
        json.dumps(LOG_OF_A_SPAN).encode(),
        json.dumps({"data": [{"traceID": "a1", "duration": 4}]}).encode(),
        b'{"batches": [1, 2, 3]}',
        b'{"trace": "on", "spans": []}',
        b'[{"id": "1", "name": "a"}]',
        b'[{"traceId": "x y", "id": "1"}]',
        b"\x00" * 100,
    ],
)
def test_what_only_looks_like_traces(name: str, text: bytes) -> None:
    reader = detect(sample(text))
    assert reader is None or reader.name != name


def test_a_trace_behind_nul_bytes() -> None:
    reader = detect(sample(b"\0" * 512 + json.dumps({"data": [TRACE]}).encode()))
    assert reader
    assert reader.name == "jaeger-json"


@pytest.mark.parametrize(
    "text",
    [b" ", b"\0 ", b"{", b"[ ", b'{"trace":{', b'{"batches":', b'{ "traceID" : "a" ,', b'{"data" : ', b'"duration":1,'],
)
def test_claims_are_quick(text: bytes) -> None:
    """Whatever fills the 64 KiB that are looked at: no pattern goes back and forth over it."""
    looked_at = sample(b'[{"traceId":"1","id":"1",' + text * 65_536)
    filled = sample(text * 65_536)
    begun = time.process_time()
    for name in ("jaeger-json", "zipkin-json", "tempo-json"):
        (reader,) = (reader for reader in readers() if reader.name == name)
        assert 0 <= reader.claims(filled) <= 100
        assert 0 <= reader.claims(looked_at) <= 100
    assert time.process_time() - begun < 1
