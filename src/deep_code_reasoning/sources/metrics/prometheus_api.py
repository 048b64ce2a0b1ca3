"""Answers of the Prometheus HTTP API (also Thanos, Mimir, VictoriaMetrics): matrix, vector, scalar; one or several.

Taken whole (`{"status": ..., "data": ...}`), as `data` alone and as a bare list of series, which promtool writes.
Times are kept to the microsecond. The result of an expression has no name: it takes the file's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream

_RESULT_TYPE = re.compile(
    rb'\{\s*(?:"[^"]{0,40}"\s*:\s*[^{}\[\]]{0,200},\s*){0,8}"resultType"\s*:\s*"(?:matrix|vector|scalar|string)"'
)
_SERIES = re.compile(
    rb'\s*\[\s*\{\s*"metric"\s*:\s*\{(?:\s*"[^"]{0,200}"\s*:\s*"(?:[^"\\]|\\.)*"\s*,?)*\s*\}\s*,'
    rb'\s*"(?:values?|histograms?)"\s*:\s*\['
)
_STATUS = re.compile(rb'\s*\{\s*"status"\s*:\s*"(?:success|error)"')


class PrometheusApi:
    name = "prometheus-api"
    accepts = "Prometheus HTTP API answers as JSON (query and query_range: matrix, vector, scalar)"

    def claims(self, sample: Sample) -> int:
        head = sample.head
        tells_type = b'"resultType"' in head
        if (tells_type and _RESULT_TYPE.search(head[:16_384])) or _SERIES.match(head):
            return 92
        return 92 if tells_type and _STATUS.match(head) and b'"result"' in head else 0

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        from deep_code_reasoning.sources.json_documents import documents
        from deep_code_reasoning.sources.metrics.api_series import ApiSeries

        series = ApiSeries(stream)
        for document in documents(stream.lines(), stream.limits.document_bytes):
            if isinstance(document, Skipped):
                yield document
            else:
                yield from series.document(document)
        yield from series.finish()


READER = PrometheusApi()
