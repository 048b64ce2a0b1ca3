"""Every line is a valid export request by the protocol's own definition."""

from __future__ import annotations

import base64
import json
import re

import pytest
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from demo.evidence_reader import Incident, lines, spans

REQUESTS = {
    "traces": ExportTraceServiceRequest,
    "logs": ExportLogsServiceRequest,
    "metrics": ExportMetricsServiceRequest,
}


def protobuf_ids(node):
    """OTLP/JSON has ids in hex where protobuf's JSON mapping wants base64."""
    if isinstance(node, list):
        return [protobuf_ids(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: base64.b64encode(bytes.fromhex(value)).decode()
        if key in ("traceId", "spanId", "parentSpanId")
        else protobuf_ids(value)
        for key, value in node.items()
    }


@pytest.mark.parametrize("played", ["incident", "week"])
@pytest.mark.parametrize("signal", REQUESTS)
def test_every_line_parses_as_the_protocol_says(request: pytest.FixtureRequest, played: str, signal: str) -> None:
    directory, truth = request.getfixturevalue(played)
    parsed = records = 0
    for line in lines(directory, signal):
        export = REQUESTS[signal]()
        ParseDict(protobuf_ids(json.loads(line)), export)
        parsed += 1
        for of_resource in getattr(export, {"traces": "resource_spans"}.get(signal, f"resource_{signal}")):
            for of_scope in getattr(of_resource, {"traces": "scope_spans"}.get(signal, f"scope_{signal}")):
                records += len(getattr(of_scope, {"traces": "spans", "logs": "log_records"}.get(signal, signal)))
    assert parsed > 10
    expected = {"traces": truth.spans, "logs": truth.log_records, "metrics": truth.metric_records}
    assert records == expected[signal]


def test_spans_are_shaped_as_the_file_exporter_writes_them(incident: Incident) -> None:
    kinds = set()
    for resource, span, attributes in spans(incident[0]):
        kinds.add(span["kind"])
        assert re.fullmatch("[0-9a-f]{32}", span["traceId"])
        assert re.fullmatch("[0-9a-f]{16}", span["spanId"])
        assert re.fullmatch("([0-9a-f]{16})?", span["parentSpanId"])
        assert isinstance(span["startTimeUnixNano"], str)
        assert int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])
        assert isinstance(span["status"], dict)
        assert 6 <= len(attributes) <= 14
        assert {"service.name", "host.name", "vcs.ref.head.revision"} <= resource.keys()
    assert kinds == {1, 2, 3, 4, 5}


def test_a_batch_mixes_resources(incident: Incident) -> None:
    batches = [json.loads(line)["resourceSpans"] for line in lines(incident[0], "traces")]
    assert sum(len(batch) > 5 for batch in batches) > len(batches) / 2


def test_the_logs_end_in_a_broken_line(incident: Incident) -> None:
    directory, truth = incident
    content = (directory / truth.truncated_file).read_bytes()
    assert not content.endswith(b"\n")
    assert truth.truncated_records > 0
    with pytest.raises(json.JSONDecodeError):
        json.loads(content.rsplit(b"\n", 1)[-1])
