"""Profiles are told apart from what looks like them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from deep_code_reasoning.sources.detect import detect
from deep_code_reasoning.sources.reader import Sample
from sources.test_profiles_pprof import NAMES, Profile


def reader_of(content: bytes) -> str | None:
    reader = detect(Sample(Path("evidence"), content, complete=True))
    return reader.name if reader else None


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"main;handle;charge 12\nmain;handle;audit 3\nmain;idle 40\n", "collapsed"),
        (b"2026-09-22 10:30:00 order placed 17\n2026-09-22 10:30:01 order placed 18\n", "plain-text"),
        (b"first; then wait 5\nstop; look; go 12\n", None),
        (b"apples 12\npears 3\nplums 40\n", None),
    ],
)
def test_collapsed_and_text_with_numbers(content: bytes, name: str | None) -> None:
    assert reader_of(content) == name


def test_speedscope_and_other_json() -> None:
    profile = {"type": "sampled", "name": "cpu", "unit": "none", "startValue": 0, "endValue": 1}
    form = {"shared": {"frames": [{"name": "main"}]}, "profiles": [profile | {"samples": [[0]], "weights": [1]}]}
    schema = {"$schema": "https://www.speedscope.app/file-format-schema.json"}
    assert reader_of(json.dumps(schema | form).encode()) == "speedscope"
    for other in ({"profiles": ["dev", "prod"]}, {"shared": {"frames": 3}}, {"$schema": "https://json-schema.org/x"}):
        assert reader_of(json.dumps(other).encode()) != "speedscope"


def test_pprof_and_otlp_protobuf() -> None:
    profile = Profile(string_table=NAMES, time_nanos=5)
    profile.sample_type.add(type=1, unit=2)
    profile.location.add(id=1, address=7).line.add(function_id=1)
    profile.function.add(id=1, name=3)
    profile.sample.add(location_id=[1], value=[9])
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.add(
        trace_id=b"t" * 16, span_id=b"s" * 8, name="pay", start_time_unix_nano=10**18, end_time_unix_nano=10**18 + 5
    )
    assert reader_of(profile.SerializeToString()) == "pprof"
    assert reader_of(request.SerializeToString()) == "otlp-protobuf"
