"""The benchmark's evidence is valid by its formats' own parsers, and its runner tells wrong answers."""

from __future__ import annotations

import csv
import gzip
import importlib.util
import json
import struct
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"
sys.path.append(str(BENCH))

import evidence_files  # noqa: E402

# `ingest` is a folder of tests too, so the script is loaded by its path.
_spec = importlib.util.spec_from_file_location("bench_ingest", BENCH / "ingest.py")
assert _spec and _spec.loader
ingest = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = ingest
_spec.loader.exec_module(ingest)

SIZE = 300_000


def made(name: str, folder: Path) -> evidence_files.Evidence:
    folder.mkdir(exist_ok=True)
    return evidence_files.generate(name, SIZE, folder)


def spans_of_json(text: bytes) -> list[bytes]:
    from google.protobuf import json_format
    from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

    found = []
    for line in text.splitlines():
        document = json.loads(line)
        for span in _spans(document):  # ids are hex in OTLP/JSON, base64 in protobuf's own mapping
            for holder in (span, *span.get("links", [])):
                for key in ("traceId", "spanId", "parentSpanId"):
                    if key in holder:
                        holder[key] = _base64(holder[key])
        message = json_format.ParseDict(document, TracesData())
        found += _serialized(message)
    return found


def _spans(document: dict) -> list[dict]:
    return [s for group in document["resourceSpans"] for scope in group["scopeSpans"] for s in scope["spans"]]


def _base64(hexadecimal: str) -> str:
    import base64

    return base64.b64encode(bytes.fromhex(hexadecimal)).decode()


def _serialized(message) -> list[bytes]:
    found = []
    for group in message.resource_spans:
        for scope in group.scope_spans:
            for span in scope.spans:
                span.flags = 0  # the protobuf writer leaves it out
                for link in span.links:
                    link.flags = 0
                found.append(group.resource.SerializeToString() + span.SerializeToString(deterministic=True))
    return found


def test_protobuf_holds_the_same_spans_as_json(tmp_path: Path):
    from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

    as_json = spans_of_json(made("otlp-json", tmp_path).path.read_bytes())
    content, at, as_protobuf = made("otlp-protobuf", tmp_path).path.read_bytes(), 0, []
    while at < len(content):
        (length,) = struct.unpack_from(">I", content, at)
        as_protobuf += _serialized(TracesData.FromString(content[at + 4 : at + 4 + length]))
        at += 4 + length
    shared = min(len(as_json), len(as_protobuf))
    assert shared > 200
    assert as_json[:shared] == as_protobuf[:shared]


def test_spans_are_as_the_method_says(tmp_path: Path):
    evidence = made("otlp-json", tmp_path)
    documents = [json.loads(line) for line in evidence.path.read_bytes().splitlines()]
    spans = [span for document in documents for span in _spans(document)]
    assert len(spans) == evidence.rows
    assert {len(document["resourceSpans"]) for document in documents} <= {9, 10}
    assert {len(span["attributes"]) for span in spans} == set(range(6, 13))
    kinds = {kind for span in spans for attribute in span["attributes"] for kind in attribute["value"]}
    assert kinds == {"stringValue", "intValue", "doubleValue", "boolValue"}
    assert any("events" in span for span in spans)
    assert any("links" in span for span in spans)


def test_compressed_is_the_same_text(tmp_path: Path):
    from sources.packed import zstd

    plain = made("otlp-json", tmp_path / "plain").path.read_bytes()
    assert gzip.decompress(made("otlp-json-gzip", tmp_path / "gz").path.read_bytes()) == plain
    packed = made("otlp-json-zstd", tmp_path / "zst").path.read_bytes()
    assert zstd.decompress(packed) == plain


def test_jaeger_is_one_document(tmp_path: Path):
    evidence = made("jaeger-json", tmp_path)
    traces = json.loads(evidence.path.read_bytes())["data"]
    assert sum(len(trace["spans"]) for trace in traces) == evidence.rows
    assert all(span["processID"] in trace["processes"] for trace in traces for span in trace["spans"])


def test_logs(tmp_path: Path):
    as_json, text = made("logs-json", tmp_path), made("logs-text", tmp_path)
    records = [json.loads(line) for line in as_json.path.read_bytes().splitlines()]
    assert len(records) == as_json.rows
    assert {"time", "level", "service", "msg", "trace_id"} <= records[0].keys()
    assert text.path.read_bytes().count(b"\n") == text.rows


def test_metrics(tmp_path: Path):
    from google.protobuf import json_format
    from opentelemetry.proto.metrics.v1.metrics_pb2 import MetricsData

    points = 0
    otlp = made("metrics-otlp", tmp_path)
    for line in otlp.path.read_text().splitlines():
        for group in json_format.Parse(line, MetricsData()).resource_metrics:
            for metric in group.scope_metrics[0].metrics:
                points += len(metric.sum.data_points) + len(metric.gauge.data_points)
    assert points == otlp.rows == 600
    prometheus, table = made("metrics-prometheus", tmp_path), made("metrics-csv", tmp_path)
    samples = [line for line in prometheus.path.read_text().splitlines() if not line.startswith("#")]
    assert len(set(samples)) == prometheus.rows == 600
    with table.path.open() as file:
        assert len(list(csv.DictReader(file))) == table.rows == 600


def test_same_evidence_each_time(tmp_path: Path):
    for name in ("otlp-protobuf", "jaeger-json", "logs-json", "metrics-csv"):
        first, second = made(name, tmp_path / "a"), made(name, tmp_path / "b")
        assert first.path.read_bytes() == second.path.read_bytes()


def test_a_fast_wrong_answer_is_told(tmp_path: Path):
    wrong = ingest.Subject("hasty", [sys.executable, "-c", "print(41)"], 42, int, {})
    run = ingest.measure(wrong, tmp_path)
    row = {"format": "otlp-json", "bytes": 10**6, "subject": "hasty", "expected": 42, **ingest.figures([run], wrong)}
    assert not row["right"]
    assert "**WRONG** [41] of 42" in ingest.markdown([row])


def test_a_run_at_1_mb(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, str(BENCH / "ingest.py"), "--formats", "otlp-json", "--sizes", "1MB", "--runs", "1",
         "--warm-only", "--json", "--kernels", str(tmp_path / "kernels")],
        capture_output=True, timeout=120, check=True,
    )  # fmt: skip
    rows = {row["subject"]: row for row in json.loads(done.stdout)}
    assert all(row["right"] for row in rows.values())
    assert {"floor: read the file", "floor: orjson.loads", "by hand: Python and SQLite"} <= rows.keys()
    assert any(name.startswith("dcr load") for name in rows)


@pytest.mark.parametrize("asked", ["500", "1.5MB", "MB", "5TB"])
def test_sizes_not_understood(asked: str):
    with pytest.raises(SystemExit, match="expected a whole number"):
        evidence_files.parsed(asked)


def test_measured_processes_keep_their_bytecode_whatever_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    module = tmp_path / "modules" / "measured.py"
    module.parent.mkdir()
    module.write_text("import os\nprint(int(os.path.exists(__cached__)))\n")
    script = f"import sys; sys.path.insert(0, {str(module.parent)!r}); import measured"
    subject = ingest.Subject("import", [sys.executable, "-c", script], None, int, {})
    assert ingest.measure(subject, tmp_path).rows == 1
