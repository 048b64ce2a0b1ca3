"""OTLP protobuf against OTLP/JSON: opentelemetry-proto writes random messages in both forms, the rows must agree."""

import json
import struct
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from deep_code_reasoning.sources.otlp import json as otlp_json
from deep_code_reasoning.sources.otlp import protobuf
from deep_code_reasoning.sources.reader import Batch, Sample
from deep_code_reasoning.sources.stream import EvidenceStream, Limits
from sources.packed import zstd
from sources.reading import Reading
from sources.test_otlp_oracle import attributes, hex_id, nanos, oracle, requests, text, values

IDS = ("traceId", "spanId", "parentSpanId")

QUICK = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def read(reader: Any, data: bytes, folder: Path, limits: Limits | None = None) -> Reading:
    path = folder / "evidence"
    path.write_bytes(data)
    reading = Reading(reader.name, {}, [])
    for part in reader.read(EvidenceStream(path, limits=limits)):
        if isinstance(part, Batch):
            part.rows.validate(full=True)
            reading.rows.setdefault(part.table, []).extend(part.rows.to_pylist())
        else:
            reading.skipped.append(part)
    return reading


def binary(data: bytes, folder: Path, limits: Limits | None = None) -> Reading:
    return read(protobuf.READER, data, folder, limits)


def claim(data: bytes) -> int:
    return protobuf.READER.claims(Sample(Path("evidence"), data[:65_536], complete=len(data) <= 65_536))


def as_otlp_json(message: Any) -> bytes:
    """The SDK writes bytes in base64 where OTLP/JSON has hex."""
    import base64

    def in_hex(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {k: in_hex(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [in_hex(item) for item in value]
        return base64.b64decode(value).hex() if key in IDS else value

    return json.dumps(in_hex(json_format.MessageToDict(message))).encode()


def without_places(reading: Reading) -> dict[str, list[dict[str, Any]]]:
    return {
        table: [{name: value for name, value in row.items() if name != "source_offset"} for row in rows]
        for table, rows in reading.rows.items()
    }


def framed(*messages: bytes) -> bytes:
    return b"".join(len(message).to_bytes(4, "big") + message for message in messages)


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def telling_log(number: int = 1, body: str = "x") -> dict[str, Any]:
    return {"timeUnixNano": str(number), "body": {"stringValue": body}}


logs = st.fixed_dictionaries(
    {"timeUnixNano": nanos.map(str)},
    optional={
        "observedTimeUnixNano": nanos.map(str),
        "severityNumber": st.integers(0, 24),
        "severityText": text,
        "body": values,
        "attributes": attributes,
        "traceId": hex_id(16),
        "spanId": hex_id(8),
        "eventName": text,
        "flags": st.integers(0, 2**32 - 1),
    },
)
number = st.floats(allow_nan=False, allow_infinity=False)
count = st.integers(0, 2**64 - 1).map(str)
int32 = st.integers(-(2**20), 2**20)
moment = {"timeUnixNano": nanos.map(str), "attributes": attributes}
number_points = st.one_of(
    st.fixed_dictionaries({**moment, "asDouble": number}, optional={"startTimeUnixNano": nanos.map(str)}),
    st.fixed_dictionaries(
        {**moment, "asInt": st.integers(-(2**63), 2**63 - 1).map(str)}, optional={"flags": int32.map(abs)}
    ),
)
totals = {"count": count, "sum": number, "min": number, "max": number}
histogram_points = st.fixed_dictionaries(
    moment,
    optional={**totals, "bucketCounts": st.lists(count, max_size=4), "explicitBounds": st.lists(number, max_size=3)},
)
buckets = st.fixed_dictionaries({"offset": int32, "bucketCounts": st.lists(count, max_size=4)})
exponential_points = st.fixed_dictionaries(
    moment,
    optional={**totals, "scale": st.integers(-10, 20), "zeroCount": count, "positive": buckets, "negative": buckets},
)
summary_points = st.fixed_dictionaries(
    moment,
    optional={
        "count": count,
        "sum": number,
        "quantileValues": st.lists(st.fixed_dictionaries({"quantile": number, "value": number}), max_size=3),
    },
)


def a_few(points: st.SearchStrategy) -> st.SearchStrategy:
    return st.lists(points, min_size=1, max_size=2)


temporality = {"aggregationTemporality": st.integers(0, 2)}
forms = st.one_of(
    st.fixed_dictionaries({"gauge": st.fixed_dictionaries({"dataPoints": a_few(number_points)})}),
    st.fixed_dictionaries(
        {
            "sum": st.fixed_dictionaries(
                {"dataPoints": a_few(number_points), "isMonotonic": st.booleans(), **temporality}
            )
        }
    ),
    st.fixed_dictionaries({"histogram": st.fixed_dictionaries({"dataPoints": a_few(histogram_points), **temporality})}),
    st.fixed_dictionaries(
        {"exponentialHistogram": st.fixed_dictionaries({"dataPoints": a_few(exponential_points), **temporality})}
    ),
    st.fixed_dictionaries({"summary": st.fixed_dictionaries({"dataPoints": a_few(summary_points)})}),
)
metrics = st.builds(lambda names, form: names | form, st.fixed_dictionaries({"name": text, "unit": text}), forms)


def wrapped(signal: str, scopes: str, records: str, record: st.SearchStrategy) -> st.SearchStrategy[dict[str, Any]]:
    scope = st.fixed_dictionaries(
        {records: st.lists(record, max_size=3)}, optional={"scope": st.fixed_dictionaries({"name": text})}
    )
    resource = st.fixed_dictionaries(
        {scopes: st.lists(scope, max_size=2)},
        optional={"resource": st.fixed_dictionaries({"attributes": attributes}), "schemaUrl": text},
    )
    return st.fixed_dictionaries({signal: st.lists(resource, min_size=1, max_size=2)})


def parsed_logs(request: dict[str, Any]) -> ExportLogsServiceRequest:
    return json_format.Parse(json.dumps(in_base64(request)), ExportLogsServiceRequest())


def in_base64(value: Any, key: str = "") -> Any:
    import base64

    if isinstance(value, dict):
        return {k: in_base64(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [in_base64(item) for item in value]
    return base64.b64encode(bytes.fromhex(value)).decode() if key in IDS else value


messages = st.one_of(
    requests.filter(lambda request: request["resourceSpans"]).map(oracle),
    wrapped("resourceLogs", "scopeLogs", "logRecords", logs).map(parsed_logs),
    wrapped("resourceMetrics", "scopeMetrics", "metrics", metrics).map(
        lambda request: json_format.ParseDict(request, ExportMetricsServiceRequest())
    ),
)


@settings(QUICK, max_examples=150)
@given(message=messages)
def test_rows_are_those_of_otlp_json(message: Any, tmp_path: Path) -> None:
    expected = read(otlp_json.READER, as_otlp_json(message), tmp_path)
    found = binary(framed(message.SerializeToString()), tmp_path)
    assert without_places(found) == without_places(expected)
    assert found.reasons == expected.reasons


@QUICK
@given(several=st.lists(messages, min_size=1, max_size=4), form=st.sampled_from(["none", "four bytes", "varint"]))
def test_signals_may_be_mixed_in_every_framing(several: list[Any], form: str, tmp_path: Path) -> None:
    first = spans_request(1)
    parts = [first, *(message.SerializeToString() for message in several)]
    join = {
        "none": b"".join,
        "four bytes": lambda parts: framed(*parts),
        "varint": lambda parts: b"".join(varint(len(part)) + part for part in parts),
    }[form]
    lines = b"\n".join([as_otlp_json(oracle_of(1)), *map(as_otlp_json, several)])
    found = binary(join(parts), tmp_path)
    expected = read(otlp_json.READER, lines, tmp_path)
    for table in ("spans", "logs", "metrics", "events", "links"):
        assert without_places(found).get(table) == without_places(expected).get(table)
    assert claim(join(parts)) == 95


def span(number: int, **more: Any) -> dict[str, Any]:
    ids = {"traceId": f"{number:032x}", "spanId": f"{number:016x}"}
    return ids | {"name": "pay", "startTimeUnixNano": "1790000000000000000", **more}


def oracle_of(*numbers: int, **more: Any) -> Any:
    return oracle({"resourceSpans": [{"scopeSpans": [{"spans": [span(n, **more) for n in numbers]}]}]})


def spans_request(*numbers: int, **more: Any) -> bytes:
    return oracle_of(*numbers, **more).SerializeToString()


def numbers_of(reading: Reading) -> list[int]:
    return [int(row["span_id"], 16) for row in reading.rows.get("spans", [])]


class TestWireFormat:
    """What is valid protobuf but not what an SDK writes; or no protobuf."""

    def of_span(self, more: bytes) -> bytes:
        plain = field(1, bytes(range(16))) + field(2, bytes(range(8))) + b"\x39" + (7).to_bytes(8, "little")
        return field(1, field(2, field(2, plain + more)))

    def test_unknown_fields_groups_and_wrong_wire_types(self, tmp_path: Path) -> None:
        group = b"\xa3\x06" + b"\x0b\x08\x01\x0c" + b"\xa4\x06"  # field 100, with a group inside
        more = field(99, b"new") + group + b"\x28\x05" + b"\x35\1\2\3\4" + field(5, b"name")
        assert binary(self.of_span(more), tmp_path).only("spans")["name"] == "name"

    def test_overlong_varints(self, tmp_path: Path) -> None:
        eleven = b"\x30" + b"\x80" * 10 + b"\x00"
        assert binary(self.of_span(eleven), tmp_path).count("spans") == 0
        kind = b"\x30\x82\x80\x00"  # 2, in three bytes where one would do
        assert binary(self.of_span(kind), tmp_path).only("spans")["kind"] == "server"

    def test_the_last_of_a_repeated_single_field_counts_and_messages_merge(self, tmp_path: Path) -> None:
        status = field(15, b"\x18\x02") + field(15, field(2, b"boom"))
        row = binary(self.of_span(field(5, b"a") + field(5, b"b") + status), tmp_path).only("spans")
        assert (row["name"], row["status_code"], row["status_message"]) == ("b", "error", "boom")

    def test_invalid_utf8_is_repaired(self, tmp_path: Path) -> None:
        assert binary(self.of_span(field(5, b"a\xffb")), tmp_path).only("spans")["name"] == "a\ufffdb"

    def test_packed_or_not(self, tmp_path: Path) -> None:
        def point(counts: bytes, bounds: bytes) -> bytes:
            time = b"\x19" + (5).to_bytes(8, "little")
            metric = field(1, b"latency") + field(9, field(1, time + counts + bounds))
            return field(1, field(2, field(2, metric)))

        packed = point(field(6, struct.pack("<3Q", 1, 2, 3)), field(7, struct.pack("<2d", 0.5, 1.5)))
        loose = point(
            b"".join(b"\x31" + struct.pack("<Q", n) for n in (1, 2, 3)),
            b"".join(b"\x39" + struct.pack("<d", n) for n in (0.5, 1.5)),
        )
        rows = [binary(data, tmp_path).only("metrics") for data in (packed, loose)]
        assert rows[0] == rows[1]
        assert (rows[0]["bucket_counts"], rows[0]["explicit_bounds"]) == ([1, 2, 3], [0.5, 1.5])

    def test_field_number_zero_is_damage(self, tmp_path: Path) -> None:
        assert binary(self.of_span(b"\x00\x00"), tmp_path).count("spans") == 0

    @pytest.mark.parametrize("depth", [10, 60, 500, 20_000])
    def test_deep_values_are_kept_as_bytes(self, depth: int, tmp_path: Path) -> None:
        value = field(1, b"deep")
        for _ in range(depth):
            value = field(5, field(1, value))
        row = binary(self.of_span(field(9, field(1, b"k") + field(2, value))), tmp_path).only("spans")
        (pair,) = row["attributes"]
        assert pair["value"].startswith("[" * min(depth, 64))
        assert json.loads(pair["value"]) if depth < 64 else True

    def test_deep_groups_are_damage(self, tmp_path: Path) -> None:
        assert binary(self.of_span(b"\x0b" * 100_000), tmp_path).count("spans") == 0


@QUICK
@given(value=st.binary(max_size=40))
def test_any_value_as_the_protobuf_runtime_reads_it(value: bytes) -> None:
    """Where that accepts the bytes; it is stricter with UTF-8 and depth."""
    from google.protobuf.message import DecodeError

    from deep_code_reasoning.sources.otlp.protobuf_messages import any_value

    try:
        message = AnyValue.FromString(value)
    except DecodeError:
        return
    found = any_value(value, 0, len(value)).stringValue
    match message.WhichOneof("value"):
        case "string_value":
            assert found == message.string_value
        case "int_value":
            assert found == str(message.int_value)
        case "bool_value":
            assert found == str(message.bool_value).lower()
        case None | "string_value_strindex":
            assert found is None


def test_messages_compressed_one_by_one(tmp_path: Path) -> None:
    """`compression: zstd` of the file exporter, before it learnt to compress the file as a whole."""
    parts = [spans_request(1, 2), as_otlp_json(oracle_of(3)), spans_request(4)]
    content = framed(*map(zstd.compress, parts))
    assert claim(content) == 95
    assert claim(framed(zstd.compress(parts[1]))) == 95
    reading = binary(content, tmp_path)
    assert (numbers_of(reading), reading.skipped) == ([1, 2, 3, 4], [])
    cut = binary(content[:-6], tmp_path)
    assert numbers_of(cut)[:3] == [1, 2, 3]
    assert cut.reasons


@pytest.mark.parametrize("pack", [zstd.compress, __import__("gzip").compress])
def test_whole_files_compressed(pack: Any, tmp_path: Path) -> None:
    reading = binary(pack(framed(spans_request(1), spans_request(2))), tmp_path)
    assert (numbers_of(reading), reading.skipped) == ([1, 2], [])


def test_a_large_file_in_batches(tmp_path: Path) -> None:
    frame = framed(spans_request(*range(1, 1001)))
    path = tmp_path / "evidence"
    path.write_bytes(frame * 90)
    sizes = [part.rows.num_rows for part in protobuf.READER.read(EvidenceStream(path)) if isinstance(part, Batch)]
    assert sum(sizes) == 90_001
    assert max(sizes) <= 65_536


class TestClaims:
    def test_pprof_is_none(self) -> None:
        value_type = field(1, b"\x08\x01\x10\x02")
        sample = field(2, b"\x0a\x01\x01\x12\x01\x05")
        location = field(4, b"\x08\x01\x22\x04\x08\x01\x10\x07")
        strings = b"".join(field(6, name) for name in (b"", b"samples", b"count"))
        assert claim(value_type * 2 + sample * 20 + location * 5 + strings) == 0

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"plain text\n" * 50,
            b"\n\nplain text\n" * 50,
            b"\x7fELF\x02\x01\x01" + bytes(100),
            b"PK\x03\x04" + bytes(60),
            b"SQLite format 3\0" + bytes(100),
            bytes(range(256)) * 64,
            field(1, field(1, field(1, b"k") + field(2, field(1, b"v")))),  # a resource and nothing else
        ],
    )
    def test_other_things_are_not_claimed(self, content: bytes) -> None:
        assert claim(content) == 0

    def test_a_head_that_is_cut_off(self) -> None:
        content = spans_request(*range(1, 3000))
        assert len(content) > 65_536
        for data in (content, framed(content), varint(len(content)) + content):
            assert claim(data) == 95

    def test_a_first_record_larger_than_the_head(self) -> None:
        request = {"resourceLogs": [{"scopeLogs": [{"logRecords": [telling_log(1, "x" * 200_000)]}]}]}
        assert claim(framed(parsed_logs(request).SerializeToString())) == 95
