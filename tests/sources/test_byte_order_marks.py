"""A byte order mark is one only before text: a length before a binary message can have its bytes."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from deep_code_reasoning.sources.stream import EvidenceStream


def content(path: Path, data: bytes) -> bytes:
    path.write_bytes(data)
    return b"".join(part for part in EvidenceStream(path).chunks() if isinstance(part, bytes))


def message(size: int) -> bytes:
    """An OTLP request of exactly so many bytes."""
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    for number in range(size // 60):
        scope.spans.add(
            trace_id=number.to_bytes(16, "big"),
            span_id=number.to_bytes(8, "big"),
            name="pay",
            start_time_unix_nano=number,
        )
    last = scope.spans.add(trace_id=b"t" * 16, name="x" * (size - request.ByteSize() - 100))
    last.name += "x" * (size - request.ByteSize())
    assert request.ByteSize() == size
    return request.SerializeToString()


@pytest.mark.parametrize(
    ("prefix", "size"), [(codecs.BOM_UTF32_BE, 0xFEFF), (b"\xff\xfe\x03", 0xFF7F), (b"\xef\xbb\x7f", 0x1FDDEF)]
)
def test_a_length_is_no_mark(tmp_path: Path, prefix: bytes, size: int) -> None:
    data = prefix + message(size)
    assert content(tmp_path / "a", data) == data


def test_varints_that_start_as_utf8_and_utf16_marks(tmp_path: Path) -> None:
    for prefix in (codecs.BOM_UTF8 + b"\x01", codecs.BOM_UTF16_LE + b"\x01", codecs.BOM_UTF16_BE + b"\x00"):
        data = prefix + message(20_000)
        assert content(tmp_path / "a", data) == data


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("text", ["", "{}\n", "2026-09-22 10:30:00 \u8ba2\u5355\u5931\u8d25 17\n" * 900])
def test_text_behind_a_mark_is_decoded(tmp_path: Path, encoding: str, text: str) -> None:
    assert content(tmp_path / "a", ("\ufeff" + text).encode(encoding)).decode() == text
