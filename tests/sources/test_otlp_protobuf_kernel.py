"""The compiled road of OTLP protobuf against the plain one: the same rows and the same reports, whatever the bytes."""

from collections import Counter
from itertools import permutations
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from deep_code_reasoning.kernels.cache import Kernels
from deep_code_reasoning.sources.otlp import protobuf
from deep_code_reasoning.sources.reader import Batch, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream, Limits
from sources.test_otlp_oracle import attributes, oracle, requests, text, values
from sources.test_otlp_protobuf import field, framed, messages, span, spans_request, varint

MANY = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
PROMOTED = ["http.route", "server.port", "net.peer.port", "net.host.port", "http.response.status_code"]
PROMOTED += ["thread.id", "exception.type"]
TIME = b"\x39" + (7).to_bytes(8, "little")
IDS = field(1, bytes(range(16))) + field(2, bytes(range(8)))

FRAMINGS = {
    "none": b"".join,
    "four bytes": lambda parts: framed(*parts),
    "varint": lambda parts: b"".join(varint(len(part)) + part for part in parts),
}

promoted = st.fixed_dictionaries(
    {
        "key": st.sampled_from(PROMOTED),
        "value": st.one_of(
            values,
            st.integers(-(2**31), 2**40).map(lambda number: {"intValue": number}),
            st.sampled_from(["200", "-7", "007", " 8", "-0", "", "9" * 19]).map(lambda text: {"stringValue": text}),
        ),
    }
)


@st.composite
def span_messages(draw: st.DrawFn) -> Any:
    """Spans as `requests` has them, with scopes, promoted attributes, and attributes of events and links."""
    request = draw(requests.filter(lambda request: request["resourceSpans"]))
    for scope in (scope for resource in request["resourceSpans"] for scope in resource["scopeSpans"]):
        if draw(st.booleans()):
            scope["scope"] = {"name": draw(text), "version": "2"}
        for one in scope["spans"]:
            one["attributes"] = one.get("attributes", []) + draw(st.lists(promoted, max_size=2))
            for holder in [*one.get("events", ()), *one.get("links", ())]:
                holder["attributes"] = draw(attributes) + draw(st.lists(promoted, max_size=1))
    return oracle(request)


def encoded(numbers: st.SearchStrategy[int], contents: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Fields in a row, of all wire types, whether a message has such a field or not."""
    whole = st.builds(field, numbers, contents)
    number = st.sampled_from([0, 1, 2, 5, 6, 127, 128, 2**31, 2**32 + 3, 2**63 - 1, 2**63, 2**64 - 1])
    loose = st.one_of(
        st.builds(lambda n, value: varint(n << 3) + varint(value), numbers, number),
        st.builds(lambda n, value: varint(n << 3 | 1) + value.to_bytes(8, "little"), numbers, number),
        st.builds(lambda n, value: varint(n << 3 | 5) + value, numbers, st.binary(min_size=4, max_size=4)),
        st.builds(lambda n: varint(n << 3 | 3) + varint(n << 3 | 4), numbers),
    )
    return st.lists(st.one_of(whole, whole, loose), max_size=4).map(b"".join)


texts = st.sampled_from(
    [b"", b"k", b"http.route", b"server.port", b"200", b"long enough not to be inlined", "é".encode(), b"\xff"]
)
any_values = encoded(st.sampled_from([1, 1, 2, 3, 4, 5, 6, 7, 8]), texts)
pairs = st.one_of(
    st.builds(lambda key, value: field(1, key) + field(2, value), texts, any_values),
    encoded(st.sampled_from([1, 2, 2, 3]), st.one_of(texts, any_values)),
)
ids = st.sampled_from([b"", bytes(8), bytes(16), b"\1" * 8, b"\1" * 16, b"\1" * 9])
inner = encoded(st.integers(1, 6), st.one_of(texts, ids, pairs))
span_fields = encoded(st.sampled_from([*range(1, 17), 9, 9, 11, 13, 15, 99]), st.one_of(texts, ids, pairs, inner))
several = st.lists(st.one_of(span_messages(), messages).map(lambda message: message.SerializeToString()), max_size=4)


class Read:
    """What came of some bytes. `by_kernel`: how many of the spans the kernel wrote."""

    def __init__(self, data: bytes, folder: Path, kernels: Kernels, limits: Limits | None = None) -> None:
        path = folder / "evidence"
        path.write_bytes(data)
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.skipped: Counter[Skipped] = Counter()
        self.by_kernel = 0
        for part in protobuf.READER.read(EvidenceStream(path, limits=limits, kernels=kernels)):
            if not isinstance(part, Batch):
                self.skipped[part] += 1
                continue
            part.rows.validate(full=True)
            self.rows.setdefault(part.table, []).extend(part.rows.to_pylist())
            if part.table == "spans" and part.rows.schema.field("trace_id").type == pa.string_view():
                self.by_kernel += part.rows.num_rows

    @property
    def spans(self) -> list[str]:
        """With their events and links in place of their number, which says how they were read; NULLs left out."""
        found = {row.pop("span_number"): row | {"of": []} for row in map(_filled, self.rows.get("spans", ()))}
        for table in ("events", "links"):
            for row in map(_filled, self.rows.get(table, ())):
                found[row.pop("span_number")]["of"].append((table, row))
        return sorted(repr(sorted(row.items())) for row in found.values())

    @property
    def others(self) -> dict[str, list[dict[str, Any]]]:
        return {table: rows for table, rows in self.rows.items() if table not in ("spans", "events", "links")}


def _filled(row: dict[str, Any]) -> dict[str, Any]:
    return dict(sorted((name, value) for name, value in row.items() if value is not None))


def check(data: bytes, folder: Path, kernels: Kernels, limits: Limits | None = None) -> Read:
    plain, compiled = Read(data, folder, Kernels(None), limits), Read(data, folder, kernels, limits)
    assert compiled.spans == plain.spans
    assert compiled.others == plain.others
    assert compiled.skipped == plain.skipped
    assert plain.by_kernel == 0
    return compiled


@MANY
@given(parts=several, framing=st.sampled_from(sorted(FRAMINGS)))
def test_rows_are_those_of_the_plain_road(parts: list[bytes], framing: str, tmp_path: Path, kernels: Kernels) -> None:
    check(FRAMINGS[framing]([spans_request(1), *parts]), tmp_path, kernels)


@pytest.mark.parametrize(
    "names", [*permutations(["server.address", "net.peer.name", "net.peer.port", "net.host.port"])]
)
def test_names_old_and_new_of_one_column_are_the_kernels(
    names: tuple[str, ...], tmp_path: Path, kernels: Kernels
) -> None:
    pairs = [
        {"key": name, "value": {"stringValue": name} if "port" not in name else {"intValue": str(len(name))}}
        for name in (*names, names[0])
    ]
    extra = {"attributes": [*pairs, {"key": "load", "value": {"doubleValue": 0.5}}]}
    extra["events"] = [{"timeUnixNano": "5", "name": "e", "attributes": extra["attributes"]}]
    read = check(framed(spans_request(1, 2, **extra)), tmp_path, kernels)
    assert read.by_kernel == 2
    assert [row["server_address"] for row in read.rows["spans"]] == ["server.address"] * 2


@settings(MANY, max_examples=250)
@given(data=st.data())
def test_also_of_mutated_bytes(data: st.DataObject, tmp_path: Path, kernels: Kernels) -> None:
    framing = FRAMINGS[data.draw(st.sampled_from(sorted(FRAMINGS)))]
    content = bytearray(framing([spans_request(1), *data.draw(several), spans_request(2, 3), spans_request(4)]))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(len(content), start + data.draw(st.sampled_from([1, 20])))))
        content[start:end] = data.draw(st.binary(max_size=8))
    check(bytes(content), tmp_path, kernels)


@MANY
@given(cut=st.integers(0, 900))
def test_also_of_truncated_files(cut: int, tmp_path: Path, kernels: Kernels) -> None:
    content = framed(*(spans_request(*range(n, n + 3)) for n in range(1, 20, 3)))
    check(content[: len(content) - cut], tmp_path, kernels)


@settings(MANY, max_examples=400)
@given(more=st.binary(max_size=24))
@example(more=field(4, bytes(8)))
@example(more=field(4, b"\1" * 8) + field(4, b""))
@example(more=field(5, "é".encode()[:1]))
@example(more=field(15, b"\x18\x02") + field(15, field(2, b"boom")))
@example(more=b"\x30\x82\x80\x80\x80\x10")
@example(more=field(9, field(1, b"k") + field(2, b"\x18" + b"\xff" * 9 + b"\x01")))
@example(more=field(9, field(1, b"k") + field(2, b"\x18" + b"\x80" * 9 + b"\x01")))
@example(more=field(9, field(2, field(5, field(1, b"\xff"))) + field(1, b"k")))
def test_whatever_fields_a_span_has(more: bytes, tmp_path: Path, kernels: Kernels) -> None:
    content = field(1, field(2, field(2, IDS + TIME + more)))
    check(framed(spans_request(1), content, spans_request(2)), tmp_path, kernels)


@settings(MANY, max_examples=600)
@given(spans=st.lists(span_fields, max_size=3), scope=texts, resource=pairs)
def test_whatever_an_exporter_makes_of_them(
    spans: list[bytes], scope: bytes, resource: bytes, tmp_path: Path, kernels: Kernels
) -> None:
    records = b"".join(field(2, IDS + TIME + fields) for fields in spans)
    content = field(1, field(1, field(1, resource)) + field(2, field(1, field(1, scope)) + records))
    check(framed(spans_request(1), content, spans_request(2)), tmp_path, kernels)


def test_the_kernel_reads_what_sdks_write(tmp_path: Path, kernels: Kernels) -> None:
    keys = {
        "stringValue": "möglich",
        "intValue": "-9223372036854775808",
        "boolValue": True,
        "doubleValue": 0.1,
        "arrayValue": {"values": [{"stringValue": "a"}, {"intValue": "1"}]},
        "bytesValue": "AAE=",
    }
    pairs = [{"key": key, "value": {key: value}} for key, value in keys.items()]
    extra = {
        "attributes": pairs,
        "events": [{"timeUnixNano": "5", "name": "exception", "attributes": pairs}],
        "links": [{"traceId": "1" * 32, "spanId": "2" * 16, "attributes": pairs}],
        "status": {"code": 2, "message": "lease expired"},
    }
    read = check(framed(spans_request(1, 2, 3, **extra), spans_request(4)), tmp_path, kernels)
    assert read.by_kernel == 4
    assert {pair["key"]: pair["value"] for pair in read.rows["spans"][0]["attributes"]} == {
        "stringValue": "möglich",
        "intValue": "-9223372036854775808",
        "boolValue": "true",
        "doubleValue": "0.1",
        "arrayValue": '["a",1]',
        "bytesValue": "AAE=",
    }


def test_one_odd_span_does_not_cost_its_frame(tmp_path: Path, kernels: Kernels) -> None:
    odd = oracle(
        {"resourceSpans": [{"scopeSpans": [{"spans": [span(1), span(2, endTimeUnixNano="5"), span(3)]}]}]}
    ).SerializeToString()
    read = check(framed(odd), tmp_path, kernels)
    assert (read.by_kernel, len(read.spans)) == (2, 3)


def test_a_damaged_frame_does_not_cost_those_around_it(tmp_path: Path, kernels: Kernels) -> None:
    frames = [framed(spans_request(n)) for n in range(1, 40)]
    frames[20] = frames[20].replace(b"\x03pay", b"\x7fpay")
    read = check(b"".join(frames), tmp_path, kernels)
    assert (read.by_kernel, sum(read.skipped.values())) == (38, 1)


def test_resources_without_spans_are_kept(tmp_path: Path, kernels: Kernels) -> None:
    name = field(1, field(1, b"service.name") + field(2, field(1, b"pay")))
    read = check(framed(field(1, field(1, name)), spans_request(1)), tmp_path, kernels)
    assert [row["service_name"] for row in read.rows["resources"]] == ["pay", None]


@pytest.mark.parametrize("framing", FRAMINGS)
def test_files_larger_than_the_window(framing: str, tmp_path: Path, kernels: Kernels) -> None:
    request = spans_request(*range(1, 2001), attributes=[{"key": "k", "value": {"stringValue": "v" * 60}}])
    count = (40 << 20) // len(request)
    path = tmp_path / "evidence"
    path.write_bytes(FRAMINGS[framing]([request] * count))
    batches = [part for part in protobuf.READER.read(EvidenceStream(path, kernels=kernels)) if isinstance(part, Batch)]
    spans = [part.rows for part in batches if part.table == "spans"]
    assert sum(rows.num_rows for rows in spans) == 2000 * count
    assert all(rows.schema.field("trace_id").type == pa.string_view() for rows in spans)
    numbers = [number for rows in spans for number in rows["span_number"].to_pylist()]
    assert numbers == list(range(2000 * count))


def test_a_resource_larger_than_allowed(tmp_path: Path, kernels: Kernels) -> None:
    large = spans_request(2, attributes=[{"key": "k", "value": {"stringValue": "x" * 100_000}}])
    check(framed(spans_request(1), large, spans_request(3)), tmp_path, kernels, Limits(document_bytes=50_000))
