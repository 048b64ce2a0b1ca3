"""Random traces, written as Jaeger's and Zipkin's JSON, read back as they were."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sources.reading import Reading, read_bytes

quick = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
KEYS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).map("app.".__add__)
VALUES = st.one_of(TEXTS, st.booleans(), st.integers(-(2**63), 2**63 - 1))
TAGS = st.dictionaries(KEYS, VALUES, max_size=4)
MICROS = st.integers(0, 9_000_000_000_000_000)


class Event(NamedTuple):
    time: int
    name: str
    tags: dict[str, Any]


class Span(NamedTuple):
    id: int
    parent: int | None  # index of a span before
    service: str
    name: str
    start: int
    duration: int
    kind: str
    failed: bool
    tags: dict[str, Any]
    events: list[Event]


EVENTS = st.builds(Event, MICROS, TEXTS.filter(lambda name: name != "error"), TAGS)


@st.composite
def traces(draw: st.DrawFn) -> list[tuple[int, list[Span]]]:
    found = []
    for trace in draw(st.lists(st.integers(1, 2**128 - 1), unique=True, min_size=1, max_size=4)):
        ids = draw(st.lists(st.integers(1, 2**64 - 1), unique=True, min_size=1, max_size=5))
        spans = [
            Span(
                number,
                draw(st.none() | st.integers(0, index - 1)) if index else None,
                draw(st.sampled_from(["cart", "email", "wäb"])),
                draw(TEXTS),
                draw(MICROS),
                draw(st.integers(0, 10**12)),
                draw(st.sampled_from(["client", "server", "producer", "consumer"])),
                draw(st.booleans()),
                draw(TAGS),
                draw(st.lists(EVENTS, max_size=2)),
            )
            for index, number in enumerate(ids)
        ]
        found.append((trace, spans))
    return found


def text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def expected(written: list[tuple[int, list[Span]]]) -> list[tuple]:
    return [
        (
            f"{trace:032x}",
            f"{span.id:016x}",
            None if span.parent is None else f"{spans[span.parent].id:016x}",
            span.service,
            span.name,
            span.start * 1000,
            span.duration * 1000,
            span.kind,
            "error" if span.failed else "unset",
            {key: text(value) for key, value in span.tags.items()},
            [(e.time * 1000, e.name, {key: text(value) for key, value in e.tags.items()}) for e in span.events],
        )
        for trace, spans in written
        for span in spans
    ]


def found(reading: Reading) -> list[tuple]:
    assert reading.skipped == []
    events: dict[int, list[tuple]] = {}
    for event in reading.rows.get("events", ()):
        row = (event["time_unix_nano"], event["name"], event["attributes"])
        events.setdefault(event["span_number"], []).append(row)
    names = "trace_id span_id parent_span_id service_name name start_time_unix_nano duration_nano kind status_code"
    return [
        (*(row[name] for name in names.split()), row["attributes"], events.get(row["span_number"], []))
        for row in reading.rows["spans"]
    ]


def tag(key: str, value: Any) -> dict[str, Any]:
    kind = "bool" if isinstance(value, bool) else "int64" if isinstance(value, int) else "string"
    return {"key": key, "type": kind, "value": value}


def jaeger(trace: int, spans: list[Span], bare: bool) -> dict[str, Any]:
    """`bare`: ids without leading zeros."""
    trace_id = f"{trace:x}" if bare else f"{trace:032x}"
    services = sorted({span.service for span in spans})

    def span_id(number: int) -> str:
        return f"{number:x}" if bare else f"{number:016x}"

    def written(span: Span) -> dict[str, Any]:
        parents = [] if span.parent is None else [spans[span.parent].id]
        tags = [tag(*item) for item in span.tags.items()] + [tag("span.kind", span.kind)]
        return {
            "traceID": trace_id,
            "spanID": span_id(span.id),
            "operationName": span.name,
            "references": [{"refType": "CHILD_OF", "traceID": trace_id, "spanID": span_id(p)} for p in parents],
            "startTime": span.start,
            "duration": span.duration,
            "tags": tags + ([tag("error", True)] if span.failed else []),
            "logs": [
                {"timestamp": e.time, "fields": [tag("event", e.name), *(tag(*item) for item in e.tags.items())]}
                for e in span.events
            ],
            "processID": f"p{services.index(span.service)}",
            "warnings": None,
        }

    processes = {f"p{number}": {"serviceName": name, "tags": []} for number, name in enumerate(services)}
    return {"traceID": trace_id, "spans": [written(span) for span in spans], "processes": processes}


def zipkin(trace: int, spans: list[Span]) -> list[dict[str, Any]]:
    def written(span: Span) -> dict[str, Any]:
        parent = {} if span.parent is None else {"parentId": f"{spans[span.parent].id:016x}"}
        tags = {key: text(value) for key, value in span.tags.items()} | ({"error": "true"} if span.failed else {})
        return parent | {
            "traceId": f"{trace:032x}",
            "id": f"{span.id:016x}",
            "kind": span.kind.upper(),
            "name": span.name,
            "timestamp": span.start,
            "duration": span.duration,
            "localEndpoint": {"serviceName": span.service},
            "annotations": [{"timestamp": e.time, "value": e.name} for e in span.events],
            "tags": tags,
        }

    return [written(span) for span in spans]


@quick
@given(
    traces(), st.booleans(), st.booleans(), st.sampled_from([None, 1, 4]), st.sampled_from(["data", "array", "lines"])
)
def test_jaeger(tmp_path: Path, written: list, bare: bool, ascii_only: bool, indent: int | None, shape: str) -> None:
    documents = [jaeger(trace, spans, bare) for trace, spans in written]

    def dumped(value: Any) -> bytes:
        return json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode()

    forms = {
        "data": lambda: dumped({"data": documents, "total": 0}),
        "array": lambda: dumped(documents),
        "lines": lambda: b"\n".join(map(dumped, documents)),
    }
    assert found(read_bytes(forms[shape](), tmp_path)) == expected(written)


@quick
@given(traces(), st.sampled_from(["spans", "traces", "lines"]), st.sampled_from([None, 2]))
def test_zipkin(tmp_path: Path, written: list, shape: str, indent: int | None) -> None:
    """Zipkin's annotations have no attributes."""
    written = [(t, [s._replace(events=[e._replace(tags={}) for e in s.events]) for s in spans]) for t, spans in written]
    documents = [zipkin(trace, spans) for trace, spans in written]
    forms = {
        "spans": lambda: json.dumps([span for spans in documents for span in spans], indent=indent),
        "traces": lambda: json.dumps(documents, indent=indent),
        "lines": lambda: "\n".join(json.dumps(spans) for spans in documents),
    }
    assert found(read_bytes(forms[shape]().encode(), tmp_path)) == expected(written)


@pytest.mark.parametrize("count", [4_096, 4_097, 9_000])
def test_a_trace_of_many_spans(count: int, tmp_path: Path) -> None:
    spans = [Span(n + 1, n - 1 if n else None, "cart", "x" * 900, n, 1, "client", False, {}, []) for n in range(count)]
    assert found(read_bytes(json.dumps({"data": [jaeger(1, spans, True)]}).encode(), tmp_path)) == expected(
        [(1, spans)]
    )
