"""Jaeger JSON: the download of its UI, the answers of its API, and spans as they lie in Elasticsearch.

`{"data": [trace, ...]}`, arrays of traces, a trace or a span a line; pretty-printed or not. The document is never
held: a trace at a time is, since the names of its services stand behind its spans.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream

_TRACE_START = rb'\{\s*"traceID"\s*:\s*"[^"\\]{0,64}"\s*,\s*"spans"\s*:'
_TRACE = re.compile(_TRACE_START + rb"\s*\[")
_SPAN_MEMBERS = [re.compile(rb'"%s"\s*:' % name) for name in (b"spanID", b"operationName", b"startTime")]
_NO_TRACES = re.compile(rb'\s*\{\s*"data"\s*:\s*(?:\[\s*\]|null)\s*,\s*"total"\s*:\s*\d+\s*,\s*"limit"\s*:')


class JaegerJson:
    name = "jaeger-json"
    accepts = "Jaeger JSON (the UI's download, answers of the API, spans exported from Elasticsearch)"

    def claims(self, sample: Sample) -> int:
        head = sample.head
        if head.lstrip(b" \t\r\n\0")[:1] not in (b"{", b"["):
            return 0
        if _TRACE.search(head):
            return 93
        if all(member.search(head) for member in _SPAN_MEMBERS):
            return 91
        return 60 if _NO_TRACES.match(head) else 0

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        from deep_code_reasoning.sources.traces.compiled_traces import CompiledTraces
        from deep_code_reasoning.sources.traces.jaeger_spans import JaegerSpans
        from deep_code_reasoning.sources.traces.json_elements import Element, elements_left, form

        spans = JaegerSpans()
        compiled = CompiledTraces(stream.kernels, spans)
        for part in elements_left(stream, form("data", _TRACE_START), compiled.take):
            if isinstance(part, Element):
                yield from spans.element(part)
            else:
                yield part
        yield from spans.finish()


READER = JaegerJson()
