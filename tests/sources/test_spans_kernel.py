"""The spans kernel against the plain road: the same rows from the same bytes, wherever the input is cut."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deep_code_reasoning.kernels.cache import Kernels
from deep_code_reasoning.sources import stream as streams
from deep_code_reasoning.sources import window as windows
from deep_code_reasoning.sources import window_documents
from deep_code_reasoning.sources.json_documents import BROKEN_JSON
from deep_code_reasoning.sources.otlp import compiled_spans
from deep_code_reasoning.sources.otlp.compiled_spans import BROKEN_RESOURCE, CompiledSpans
from deep_code_reasoning.sources.otlp.span_columns import SpanColumns
from sources.reading import Reading, read_bytes
from sources.test_otlp_oracle import requests, spans

FAST = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

PROMOTED = st.sampled_from(
    [
        *("http.request.method", "http.method", "http.response.status_code", "thread.id", "db.query.text"),
        *("server.port", "net.peer.port", "net.host.port", "server.address", "net.peer.name", "http.host"),
    ]
)
WORDS = st.sampled_from(["GET", "200", "-7", "99999999999", "1e3", " 5", "", "ä", 'a "quoted" \\ path', "tab\tline\n"])
RAW_VALUES = st.sampled_from(
    [
        *('{"intValue":200}', '{"intValue":"0200"}', '{"intValue":-0}', '{"intValue":12345678901234567890}'),
        *('{"stringValue":"\\ud83d\\ude00 \\u00e9"}', '{"stringValue":"\\ud83d"}', '{"stringValue":null}'),
        *('{"boolValue":"true"}', '{"doubleValue":1.50}', '{"doubleValue":"1.5"}', '{"bytesValue":"AQI="}'),
        *('{"arrayValue":{"values":[{"intValue":"1"},{"stringValue":"x"}]}}', '{"arrayValue":{}}', "{}", "null"),
        *('{"kvlistValue":{"values":[{"key":"a","value":{"boolValue":true}}]}}', '{"stringValue":"a","intValue":1}'),
    ]
)
MEMBERS = st.sampled_from(
    [
        *('"flags":257', '"traceState":"a=b"', '"droppedAttributesCount":0', '"unknown":{"a":[1,"}"]}', '"kind":9'),
        *('"kind":"SERVER"', '"kind":null', '"parentSpanId":"0000000000000000"', '"parentSpanId":null', '"name":""'),
        *('"endTimeUnixNano":0', '"endTimeUnixNano":1', '"status":{"code":1,"message":""}', '"status":{"code":7}'),
        *('"events":[{}]', '"events":[{"name":"e","timeUnixNano":"x"}]', '"links":[{"traceId":"","spanId":""}]'),
        *('"events":null', '"attributes":[{"value":{"stringValue":"v"},"key":"k"}]', '"status":{}'),
    ]
)


@st.composite
def written_spans(draw: st.DrawFn) -> str:
    """A span as text, with members and values that exporters, old and odd ones included, may write."""
    span = draw(spans())
    pairs = [f'{{"key":{json.dumps(k)},"value":{v}}}' for k, v in draw(st.dictionaries(PROMOTED, RAW_VALUES)).items()]
    words = [{"key": key, "value": {"stringValue": draw(WORDS)}} for key in draw(st.sets(PROMOTED, max_size=2))]
    pairs += [json.dumps(word, ensure_ascii=draw(st.booleans())) for word in words]
    odd = draw(st.lists(MEMBERS, max_size=1))
    for key in ("attributes", *json.loads(f"{{{','.join(odd)}}}")):  # of a repeated member nobody knows which counts
        span.pop(key, None)
    members = [f"{json.dumps(key)}:{json.dumps(value)}" for key, value in span.items()]
    members += odd if odd and "attributes" in odd[0] else [f'"attributes":[{",".join(pairs)}]', *odd]
    return "{" + ",".join(draw(st.permutations(members))) + "}"


@st.composite
def written_requests(draw: st.DrawFn) -> str:
    text = ",".join(draw(st.lists(written_spans(), max_size=3)))
    service = draw(st.sampled_from("abc"))
    resource = f'{{"attributes":[{{"key":"service.name","value":{{"stringValue":"{service}"}}}}]}}'
    return f'{{"resourceSpans":[{{"resource":{resource},"scopeSpans":[{{"scope":{{"name":"s"}},"spans":[{text}]}}]}}]}}'


def read(data: bytes, kernels: Kernels | None) -> Reading:
    with tempfile.TemporaryDirectory() as folder:
        return read_bytes(data, Path(folder), kernels=kernels)


def by_identity(rows: list[dict[str, Any]]) -> list[str]:
    """In an order that does not depend on the road: spans that the kernel passes over are numbered last."""
    hidden = {"span_number", "resource_number", "service_name", "host"}
    return sorted(json.dumps({k: v for k, v in row.items() if k not in hidden}, default=str) for row in rows)


def assert_equal(compiled: Reading, plain: Reading) -> None:
    assert sorted(compiled.skipped) == sorted(plain.skipped)
    for table in ("spans", "events", "links", "resources"):
        complete = [dict.fromkeys(columns(plain, compiled, table)) | row for row in compiled.rows.get(table, [])]
        expected = [dict.fromkeys(columns(plain, compiled, table)) | row for row in plain.rows.get(table, [])]
        assert by_identity(complete) == by_identity(expected)
    assert services(compiled) == services(plain)


def columns(one: Reading, other: Reading, table: str) -> list[str]:
    return sorted({name for reading in (one, other) for row in reading.rows.get(table, []) for name in row})


def services(reading: Reading) -> list[tuple]:
    return sorted((s["span_id"], s["service_name"] or "", s["host"] or "") for s in reading.rows.get("spans", []))


@FAST
@given(st.lists(requests, max_size=3))
def test_valid_requests_give_the_same_rows(kernels: Kernels, sent: list[dict[str, Any]]) -> None:
    data = "\n".join(json.dumps(request, ensure_ascii=False) for request in sent).encode()
    assert_equal(read(data, kernels), read(data, None))


@FAST
@given(st.lists(written_requests(), min_size=1, max_size=3))
def test_odd_spans_give_the_same_rows(kernels: Kernels, sent: list[str]) -> None:
    data = "\n".join(sent).encode("utf-8", "surrogatepass")
    assert_equal(read(data, kernels), read(data, None))


@FAST
@given(written_requests(), st.data())
def test_damaged_requests_crash_nothing(kernels: Kernels, sent: str, data: st.DataObject) -> None:
    text = bytearray(sent.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    del text[data.draw(st.integers(1, len(text))) :]
    whole = b'{"resourceSpans":[]}\n' + sent.encode()
    damaged = whole + b"\n" + bytes(text) + b"\n" + sent.encode()
    compiled, plain = read(damaged, kernels), read(damaged, None)
    assert compiled.count("spans") >= read(whole, None).count("spans")
    assert bool(compiled.skipped) >= bool(plain.count("spans") > compiled.count("spans"))


def test_a_resource_that_is_broken_off_does_not_reach_over_the_lines_behind_it(kernels: Kernels) -> None:
    """Whatever closes as many brackets as it left open, far behind: what lies between is no part of it."""
    span = '{"traceId":"00000000000000000000000000000001","spanId":"0000000000000001","startTimeUnixNano":1}'
    request = f'{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{span}]}}]}}]}}'
    broken_off, closing = '{"resourceSpans":[{"resource":{"attributes":[{"key":"a"', '}]},"scopeSpans":[]}]}'
    data = "\n".join([request, broken_off, request, closing, request]).encode()
    compiled = read(data, kernels)
    assert compiled.count("spans") == 3
    assert [(skipped.line, skipped.reason) for skipped in compiled.skipped] == [(2, BROKEN_JSON), (4, BROKEN_JSON)]


def test_a_resource_that_cannot_be_read_is_told_and_its_spans_kept(kernels: Kernels) -> None:
    resource = r'{"attributes":[{"key":"service.name","value":{"stringValue":"\q"}}]}'
    span = '{"traceId":"00000000000000000000000000000001","spanId":"0000000000000001","startTimeUnixNano":1}'
    scopes = f'"scopeSpans":[{{"spans":[{span}]}}]'
    compiled = read(f'{{"resourceSpans":[{{"resource":{resource},{scopes}}}]}}'.encode(), kernels)
    assert compiled.count("spans") == 1
    assert [(skipped.offset, skipped.reason) for skipped in compiled.skipped] == [(0, BROKEN_RESOURCE)]


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Windows so small that every request is cut, and goes on from span to span."""
    monkeypatch.setattr(streams, "CHUNK_BYTES", 97)
    monkeypatch.setattr(windows, "WINDOW_BYTES", 200)
    monkeypatch.setattr(compiled_spans, "REREAD_BYTES", 150)
    yield


@FAST
@given(st.lists(requests, max_size=3), st.sampled_from([None, 1]))
def test_requests_larger_than_the_window_give_the_same_rows(
    kernels: Kernels, narrow: None, sent: list[dict[str, Any]], indent: int | None
) -> None:
    data = "\n".join(json.dumps(request, indent=indent, sort_keys=True) for request in sent).encode()
    assert_equal(read(data, kernels), read(data, None))


def test_a_file_without_spans_does_not_ask_for_the_kernel() -> None:
    """It would be compiled beside the load, on the processor that the load needs."""

    class Unasked(Kernels):
        def find(self, kernel):
            raise AssertionError("asked for a kernel")

    points = '[{"timeUnixNano":"5","asDouble":1.5}]'
    metrics = (
        f'{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{"name":"g","gauge":{{"dataPoints":{points}}}}}]}}]}}]}}'
    )
    logs = '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"5","body":{"stringValue":"b"}}]}]}]}'
    reading = read(f"{metrics}\n{logs}\n".encode(), Unasked(None))
    assert (reading.count("metrics"), reading.count("logs")) == (1, 1)


def test_a_value_too_long_in_a_request_given_in_part_is_told_and_the_next_line_read(
    kernels: Kernels, narrow: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled_spans, "LONGEST_VALUE_BYTES", 500)
    span = '{"traceId":"%032x","spanId":"%016x","startTimeUnixNano":1,"name":"%s"}'
    few = ",".join(span % (1, number, "n") for number in range(1, 9))
    huge = span % (1, 9, "x" * 3_000)
    request = '{"resourceSpans":[{"scopeSpans":[{"spans":[%s]}]}]}'
    data = "\n".join([request % f"{few},{huge}", request % (span % (2, 1, "next"))]).encode()
    reading = read(data, kernels)
    assert [row["span_id"] for row in reading.rows["spans"]] == [f"{number:016x}" for number in (*range(1, 9), 1)]
    (skipped,) = reading.skipped
    assert (skipped.line, skipped.reason) == (1, compiled_spans.VALUE_TOO_LONG)


def test_a_resource_behind_spans_that_are_given_already_is_told(kernels: Kernels, narrow: None) -> None:
    span = f'{{"traceId":"{1:032x}","spanId":"{2:016x}","startTimeUnixNano":1}}'
    resource = '{"attributes":[{"key":"service.name","value":{"stringValue":"late"}}]}'
    spans = ",".join([span] * 20)
    data = f'{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{spans}]}}],"resource":{resource}}}]}}'.encode()
    reading = read(data, kernels)
    assert reading.count("spans") == 20
    assert len(reading.skipped) == 1


def test_a_resource_behind_its_spans_is_theirs(kernels: Kernels) -> None:
    span = f'{{"traceId":"{1:032x}","spanId":"{2:016x}","startTimeUnixNano":1}}'
    resource = '{"attributes":[{"key":"service.name","value":{"stringValue":"late"}}]}'
    data = f'{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{span}]}}],"resource":{resource}}}]}}'.encode()
    assert read(data, kernels).only("spans")["service_name"] == "late"


@pytest.mark.parametrize("names", [*permutations(["server.address", "net.peer.name", "net.peer.port", "http.host"])])
def test_names_old_and_new_of_one_column_do_not_go_the_plain_road(
    kernels: Kernels, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]
) -> None:
    """A migrating instrumentation sends both; the current name fills the column, the others stay attributes."""
    pairs = [{"key": name, "value": {"stringValue": "80" if "port" in name else name}} for name in (*names, names[0])]
    span = {"traceId": f"{1:032x}", "spanId": f"{2:016x}", "startTimeUnixNano": 1, "attributes": pairs}
    data = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span, span]}]}]}).encode()
    expected = read(data, None).rows["spans"]

    def refuse(*_: object) -> None:
        raise AssertionError("read by the plain road")

    monkeypatch.setattr(CompiledSpans, "_plain_documents", refuse)
    monkeypatch.setattr(SpanColumns, "foreign_spans", lambda *_: ())
    found = read(data, kernels).rows["spans"]
    assert [row["server_address"] for row in found] == ["server.address"] * 2
    assert [row["attributes"] for row in found] == [row["attributes"] for row in expected]


def test_a_file_is_read_by_the_plain_road_until_the_kernel_is_there(
    kernels: Kernels, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The compiler takes seconds; a load that began without the kernel takes it up when it is ready."""

    class Late(Kernels):
        asked = 0

        def find(self, kernel):
            self.asked += 1
            return kernels.find(kernel) if self.asked > 1 else None

    line = (
        '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"%032x","spanId":"%016x","startTimeUnixNano":1}]}]}]}\n'
    )
    lines = [line % (number, number) for number in range(1, 20_000)]
    late = Late(None)
    monkeypatch.setattr(window_documents, "WINDOW_BYTES", 1 << 20)
    with tempfile.TemporaryDirectory() as folder:
        reading = read_bytes("".join(lines).encode(), Path(folder), kernels=late)
    assert late.asked > 1
    assert sorted(span["span_number"] for span in reading.rows["spans"]) == list(range(len(lines)))
