"""Traces that are cut, damaged, huge or written to harm: whole ones are kept, what is lost is told with its byte."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deep_code_reasoning.sources.json_documents import BROKEN_JSON
from deep_code_reasoning.sources.stream import DOCUMENT_TOO_LARGE, Limits
from sources.reading import read_bytes


def trace(number: int, **more: object) -> dict:
    span = {"traceID": f"{number:x}", "spanID": "1", "operationName": "é", "startTime": 1, "duration": 1}
    spans = [{**span, "processID": "p1", "tags": [], **more}]
    return {"traceID": f"{number:x}", "spans": spans, "processes": {"p1": {"serviceName": "cart"}}}


def document(count: int, indent: int | None = None) -> bytes:
    return json.dumps({"data": [trace(n + 1) for n in range(count)]}, ensure_ascii=False, indent=indent).encode()


def starts(text: bytes) -> list[int]:
    """Where each trace of `document` starts."""
    found, at = [], text.find(b"[")
    while (at := text.find(b"{", at)) >= 0:
        found.append(at)
        decoded = text[at:].decode()
        at += len(decoded[: json.JSONDecoder().raw_decode(decoded)[1]].encode())
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 12), st.sampled_from([None, 1]), st.data())
def test_a_cut_keeps_the_whole_traces_before_it(
    tmp_path: Path, count: int, indent: int | None, data: st.DataObject
) -> None:
    text = document(count, indent)
    begins = starts(text)
    cut = data.draw(st.integers(begins[0] + 130, len(text) - 3))
    whole = sum(1 for begin, end in zip(begins, [*begins[1:], len(text)], strict=True) if end <= cut or not end)
    reading = read_bytes(text[:cut], tmp_path)
    assert whole <= len(reading.rows.get("spans", ())) <= whole + 1
    assert [row["source_offset"] for row in reading.rows.get("spans", ())] == begins[: reading.count("spans")]
    assert reading.reasons
    assert set(reading.reasons) == {BROKEN_JSON}
    assert all(skip.offset >= begins[whole] for skip in reading.skipped)


def test_damage_costs_the_trace_it_is_in(tmp_path: Path) -> None:
    text = document(9)
    begins = starts(text)
    damaged = bytearray(text)
    damaged[begins[4] + 40 : begins[4] + 60] = b'}]"{' * 5
    reading = read_bytes(bytes(damaged), tmp_path)
    found = {row["source_offset"] for row in reading.rows["spans"]}
    assert found >= {begin for number, begin in enumerate(begins) if number != 4}
    assert reading.skipped[0].offset == begins[4]


def test_nul_bytes_between_traces(tmp_path: Path) -> None:
    text = document(2).replace(b"}}}, {", b"}}}, \0\0\0\0{")
    reading = read_bytes(b"\0" * 20 + text + b"\0" * 4096, tmp_path)
    assert (reading.count("spans"), reading.skipped) == (2, [])


def test_nul_bytes_in_a_string(tmp_path: Path) -> None:
    reading = read_bytes(document(3).replace("é".encode(), b"a\0b"), tmp_path)
    assert [row["name"] for row in reading.rows["spans"]] == ["a\0b"] * 3


@pytest.mark.parametrize("depth", [500, 10_000, 100_000])
def test_deep_nesting(depth: int, tmp_path: Path) -> None:
    """In a tag, which costs its trace at most; instead of a trace; around everything."""
    text = document(3)
    deep = b"[" * depth + b"]" * depth
    begins = starts(text)
    tagged = text[: begins[1]] + text[begins[1] :].replace(b"[]", b'[{"key":"k","value":' + deep + b"}]", 1)
    reading = read_bytes(tagged, tmp_path)
    assert reading.count("spans") + len(reading.skipped) == 3
    assert reading.count("spans") >= 2
    assert read_bytes(text[: begins[1]] + deep + b"," + text[begins[1] :], tmp_path).count("spans") == 3
    around = read_bytes(
        text[:-2] + b"," + b'{"data":[' * depth + json.dumps(trace(9)).encode() + b"]}" * depth, tmp_path
    )
    assert around.count("spans") >= 3


@pytest.mark.parametrize("wrong", [None, 7, "text", True, [], {}, [7], {"a": 1}, 1.5, -1, 10**30])
@pytest.mark.parametrize(
    "member", ["startTime", "duration", "tags", "logs", "references", "operationName", "processID"]
)
def test_wrong_types_cost_the_member_or_the_span(member: str, wrong: object, tmp_path: Path) -> None:
    traces = [trace(1), trace(2, **{member: wrong}), trace(3)]
    reading = read_bytes(json.dumps({"data": traces}).encode(), tmp_path)
    kept = [row["trace_id"][-1] for row in reading.rows["spans"]]
    assert kept in (["1", "2", "3"], ["1", "3"])
    assert "2" in kept or reading.skipped, "what is left out is told"


@pytest.mark.parametrize(("micros", "kept"), [(0, True), (9_223_372_036_854_775, True), (9_223_372_036_854_776, False)])
def test_the_first_and_the_last_time(micros: int, kept: bool, tmp_path: Path) -> None:
    reading = read_bytes(json.dumps({"data": [trace(1, startTime=micros, duration=0)]}).encode(), tmp_path)
    assert (reading.count("spans"), len(reading.skipped)) == (int(kept), int(not kept))


def test_a_span_that_lasts_beyond_2262(tmp_path: Path) -> None:
    reading = read_bytes(json.dumps(trace(1, startTime=9_223_372_036_854_000, duration=10**6)).encode(), tmp_path)
    assert reading.only("spans")["duration_nano"] == 0
    assert reading.reasons == ["span whose duration cannot be read (kept with duration 0)"]


def test_repeated_spans_are_kept(tmp_path: Path) -> None:
    """Which of them are repetitions is for the store to tell."""
    twice = trace(1)
    twice["spans"] *= 2
    assert read_bytes(json.dumps(twice).encode(), tmp_path).count("spans") == 2


@pytest.mark.parametrize("bad", ["", "0", "xyz", "0" * 16, "1" * 17, "é", "../../etc"])
def test_ids_that_are_none(bad: str, tmp_path: Path) -> None:
    reading = read_bytes(json.dumps({"data": [trace(1), trace(2, spanID=bad)]}).encode(), tmp_path)
    assert (reading.count("spans"), reading.reasons) == (1, ["span id that is not 8 bytes in hex or base64"])


@pytest.mark.parametrize("size", [21 << 20, 40 << 20])
def test_a_trace_larger_than_allowed_costs_itself(size: int, tmp_path: Path) -> None:
    """However much of it lies in the window."""
    large = trace(2, operationName="x" * size)
    text = json.dumps({"data": [trace(1), large, trace(3)]}).encode()
    reading = read_bytes(text, tmp_path, limits=Limits(document_bytes=20 << 20))
    assert [row["trace_id"][-1] for row in reading.rows["spans"]] == ["1", "3"]
    assert (reading.skipped[0].offset, reading.skipped[0].reason) == (starts(text)[1], DOCUMENT_TOO_LARGE)


def test_a_large_trace_whose_middle_is_broken(tmp_path: Path) -> None:
    """Above 8 MiB spans are decoded one by one: one of another form costs itself."""
    large = trace(1)
    span = large["spans"][0]
    large["spans"] = [{**span, "spanID": f"{n + 1:x}", "operationName": "x" * 1_000} for n in range(9_000)]
    large["spans"][4_500] = {"spanID": 7}
    reading = read_bytes(json.dumps({"data": [large]}).encode(), tmp_path)
    assert (reading.count("spans"), len(reading.skipped)) == (8_999, 2)


def test_zipkin_spans_are_read_around_damage(tmp_path: Path) -> None:
    spans = [
        {"traceId": "8448eb211c80319c", "id": f"{n + 1:x}", "name": "é", "timestamp": 1, "localEndpoint": {}}
        for n in range(9)
    ]
    lines = [json.dumps(span, ensure_ascii=False).encode() for span in spans]
    text = b"[" + b",".join([*lines[:4], lines[4][:50], *lines[5:]]) + b"]"
    reading = read_bytes(text, tmp_path)
    assert (reading.count("spans"), reading.reasons) == (8, [BROKEN_JSON])
    assert reading.skipped[0].offset == 1 + sum(map(len, lines[:4])) + 4


def test_zipkin_shared_spans_in_every_order(tmp_path: Path) -> None:
    """The halves may lie far apart; the tree is the same."""
    common = {"traceId": "8448eb211c80319c", "timestamp": 1, "duration": 1}
    web, cart = {"localEndpoint": {"serviceName": "web"}}, {"localEndpoint": {"serviceName": "cart"}}
    call = {**common, "id": "1", "kind": "CLIENT", "name": "call", **web}
    serve = {**common, "id": "1", "kind": "SERVER", "shared": True, "name": "serve", **cart}
    query = {**common, "id": "2", "parentId": "1", "name": "query", **cart}
    for order in ([call, serve, query], [query, serve, call], [serve, query, call]):
        rows = {row["name"]: row for row in read_bytes(json.dumps(order).encode(), tmp_path).rows["spans"]}
        assert rows["call"]["parent_span_id"] is None
        assert rows["serve"]["parent_span_id"] == rows["call"]["span_id"] != rows["serve"]["span_id"]
        assert rows["query"]["parent_span_id"] == rows["serve"]["span_id"]
