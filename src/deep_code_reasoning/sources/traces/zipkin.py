"""Zipkin v2 JSON: arrays of spans, arrays of such arrays (the API's traces), an array or a span a line.

The file is read twice: whether a span's id is shared between two services shows only when both are known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream

_SPAN_START = rb'\{\s*"(?:traceId|id|parentId)"\s*:\s*"(?:[0-9a-fA-F]{16}|[0-9a-fA-F]{32})"'
_START = re.compile(rb"[\s\0]*(?:\[\s*){0,2}\{")
_IDS = (
    re.compile(rb'"traceId"\s*:\s*"(?:[0-9a-fA-F]{1,16}|[0-9a-fA-F]{32})"'),
    re.compile(rb'"id"\s*:\s*"[0-9a-fA-F]{1,16}"'),
)
_ENDPOINT = re.compile(rb'"(?:local|remote)Endpoint"\s*:\s*\{')
_TIMES = re.compile(
    rb'"timestamp"\s*:\s*\d{16}\b.{0,4000}?"duration"\s*:\s*\d|"duration"\s*:\s*\d.{0,4000}?"timestamp"\s*:\s*\d{16}\b',
    re.DOTALL,
)


class ZipkinJson:
    name = "zipkin-json"
    accepts = "Zipkin v2 JSON (arrays of spans, the API's traces, an array or a span a line)"

    def claims(self, sample: Sample) -> int:
        head = sample.head
        if not _START.match(head) or not all(pattern.search(head) for pattern in _IDS):
            return 0
        if _ENDPOINT.search(head):
            return 92
        return 75 if _TIMES.search(head[:8_192]) else 0

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        from deep_code_reasoning.sources.traces.json_elements import elements, form
        from deep_code_reasoning.sources.traces.shared_spans import SharedSpans
        from deep_code_reasoning.sources.traces.zipkin_spans import ZipkinSpans

        shape = form("data", _SPAN_START)
        spans = ZipkinSpans(SharedSpans(elements(stream, shape)))
        for element in elements(stream, shape):
            if isinstance(element, Skipped):
                yield element
            else:
                yield from spans.element(element)
        yield from spans.finish()


READER = ZipkinJson()
