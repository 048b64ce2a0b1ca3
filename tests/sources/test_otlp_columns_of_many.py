"""Fields and attributes of many records at once are what they are of each record by itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from deep_code_reasoning.sources.arrow_tables import array_of
from deep_code_reasoning.sources.otlp.attribute_columns import AttributeColumns, Attributes
from deep_code_reasoning.sources.otlp.field_columns import Bad, enums, ids, named, times, written
from deep_code_reasoning.sources.otlp.resources import Resources
from deep_code_reasoning.sources.otlp.traces import ResourceSpans, ScopeSpans, Span, Traces
from deep_code_reasoning.sources.otlp.values import (
    AnyValue,
    BadRecord,
    KeyValue,
    enum_number,
    nanos,
    parent_id,
    span_id,
    trace_id,
)
from deep_code_reasoning.sources.semantic_conventions import Promotion, promoted

BITS = {"http_response_status_code": 32, "server_port": 32, "code_line_number": 32, "thread_id": 64}

_NAMES = [name for names in promoted("spans").values() for name in names]
_TEXTS = st.sampled_from(
    ["", "GET", "200", " 7 ", "1_000", "-3", str(2**31), str(2**63), "٣", "Zoë", "\ud800"]
) | st.text(max_size=5)
_VALUES = st.one_of(
    st.none(),
    st.builds(AnyValue, stringValue=_TEXTS),
    st.builds(AnyValue, intValue=st.integers(-(2**63), 2**63 - 1) | st.sampled_from(["7", "007", ""])),
    st.builds(AnyValue, boolValue=st.booleans()),
    st.builds(AnyValue, doubleValue=st.sampled_from([Raw(b"1.50"), Raw(b'"NaN"'), Raw(b"null"), Raw(b"-1e-7")])),
    st.builds(AnyValue, arrayValue=st.just(Raw(b'{"values":[{"intValue":"1"},{"stringValue":"a"}]}'))),
    st.builds(AnyValue, intValue=st.just("5"), boolValue=st.booleans(), bytesValue=st.just("AA==")),
    st.just(AnyValue()),
)
_KEYS = st.sampled_from([*_NAMES, "app.id"]) | st.sampled_from(["server.port", "net.peer.port", "thread.id", "app.id"])
_LISTS = st.lists(st.lists(st.builds(KeyValue, key=_KEYS, value=_VALUES), max_size=6), max_size=6)


def one_by_one(lists: list[list[KeyValue]]) -> dict[str, list[Any]]:
    names = list(promoted("spans"))
    promotion = Promotion("spans", names, BITS)
    found: dict[str, list[Any]] = {name: [] for name in [*names, "attributes"]}
    for attributes in lists:
        row: list[Any] = [None] * len(names)
        keys: list[str] = []
        values: list[str | None] = []
        promotion.place(row, attributes, keys, values)
        for name, value in zip(names, row, strict=True):
            found[name].append(shown(value))
        found["attributes"].append([{"key": k, "value": shown(v)} for k, v in zip(keys, values, strict=True)])
    return found


def shown(value: Any) -> Any:
    """As a column can hold it."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


@given(_LISTS)
def test_attributes_get_their_columns_as_if_alone(lists: list[list[KeyValue]]) -> None:
    columns = AttributeColumns("spans", BITS).of(Attributes.of(lists))
    for column in columns.values():
        column.validate(full=True)
    assert {name: column.to_pylist() for name, column in columns.items()} == one_by_one(lists)


@given(_LISTS)
def test_attributes_without_columns_are_listed_in_their_order(lists: list[list[KeyValue]]) -> None:
    half = len(lists) // 2
    attributes = Attributes.together([Attributes.of(lists[:half]), Attributes.of(lists[half:])])
    found = [[pair["key"] for pair in pairs] for pairs in attributes.listed().to_pylist()]
    assert found == [[one.key for one in some] for some in lists]


def alone(read: Callable[[Any], Any], values: list[Any]) -> tuple[list[Any], Bad]:
    found, bad = [], {}
    for place, value in enumerate(values):
        try:
            found.append(None if value is None else read(value))
        except BadRecord as error:
            found.append(None)
            bad[place] = str(error)
    return found, bad


_IDS = st.one_of(
    st.none(),
    st.text("0123456789abcdef", min_size=32, max_size=32),
    st.text("0123456789abcdef", min_size=16, max_size=16),
    st.text("0aAfF +/=é", max_size=33),
    st.sampled_from(["0" * 32, "0" * 16, "ab" * 15 + "  ", "AB" * 16, "", "q83vASNFZ4k=", "W47/95gDgQPSaYsgDGT29w=="]),
)


@given(st.lists(_IDS, max_size=5), st.sampled_from([(32, trace_id), (16, span_id), (16, parent_id)]))
def test_ids(texts: list[str | None], kind: tuple[int, Callable[[str], str | None]]) -> None:
    bad: Bad = {}
    size, read = kind
    assert (ids(array_of(texts), size, read, bad).to_pylist(), bad) == alone(read, texts)


_TIMES = st.one_of(
    st.none(),
    st.integers(-2, 2**64),
    st.integers(0, 2**64).map(str),
    st.sampled_from(["", "0", "007", "0x1F", " 5", "+5", "1_0", "1e3", "٣", "-1"]),
)


@given(st.lists(_TIMES, max_size=5))
def test_times(values: list[str | int | None]) -> None:
    bad: Bad = {}
    found = times(written(values), bad).tolist()
    expected, expected_bad = alone(nanos, values)
    assert (found, bad) == ([one or 0 for one in expected], expected_bad)


@given(st.lists(st.none() | st.integers(-2, 9) | st.sampled_from(["", "OK", "2", "9", "-1", "what"]), max_size=6))
def test_enums(values: list[str | int | None]) -> None:
    bad: Bad = {}
    found = enums(values, {"OK": 1}, 3, bad).tolist()
    expected, expected_bad = alone(lambda value: enum_number(value, {"OK": 1}), values)
    assert (found, bad) == ([one if one in (1, 2) else 0 for one in expected], expected_bad)


@given(st.lists(st.none() | st.text(max_size=2), min_size=1, max_size=5), st.data())
def test_codes_stand_for_names(names: list[str | None], data: st.DataObject) -> None:
    import numpy as np

    codes = data.draw(st.lists(st.integers(0, len(names) - 1), max_size=6))
    assert named(np.array(codes, np.int64), names).to_pylist() == [names[code] for code in codes]


@pytest.mark.parametrize("size", [1, 255, 256, 257, 5_000])
def test_spans_that_cannot_be_used_leave_the_others_their_numbers_events_and_links(size: int) -> None:
    """However many are looked at together."""
    spans = [json_span(number) for number in range(size)]
    lost: list[str] = []
    traces = Traces(Resources())
    half = size // 2
    for offset, some in ((0, spans[:half]), (99, spans[half:])):
        traces.add(ResourceSpans([ScopeSpans(some)]), offset, lost.append)
    rows: dict[str, list[dict[str, Any]]] = {"spans": [], "events": [], "links": []}
    for batch in traces.batches(final=True):
        rows[batch.table] += batch.rows.to_pylist()
    good = [number for number in range(size) if number % 7 != 3]
    assert [row["span_number"] for row in rows["spans"]] == list(range(len(good)))
    assert [row["name"] for row in rows["spans"]] == [str(number) for number in good]
    assert [row["source_offset"] for row in rows["spans"]] == [0 if number < half else 99 for number in good]
    assert [row["attributes"] for row in rows["spans"]] == [[{"key": "n", "value": str(n)}] * (n % 3) for n in good]
    for table in ("events", "links"):
        owners = [rows["spans"][row["span_number"]]["name"] for row in rows[table]]
        assert owners == [str(number) for number in good if number % 5 == 0]
    assert len(lost) == size - len(good) + 2 * len(rows["events"])


def json_span(number: int) -> Span:
    """Every seventh has no trace id; every fifth an event and a link, and one of each that cannot be used."""
    import msgspec

    with_more = number % 5 == 0
    written = {
        "traceId": "0" * 32 if number % 7 == 3 else f"{number + 1:032x}",
        "spanId": f"{number + 1:016x}",
        "startTimeUnixNano": str(number),
        "name": str(number),
        "attributes": [{"key": "n", "value": {"intValue": str(number)}}] * (number % 3),
        "events": [{"timeUnixNano": "never"}, {"timeUnixNano": "1"}] if with_more else None,
        "links": [{"traceId": "ab" * 16, "spanId": "cd" * 8}, {"traceId": "?"}] if with_more else None,
    }
    return msgspec.json.decode(json.dumps(written), type=Span)
