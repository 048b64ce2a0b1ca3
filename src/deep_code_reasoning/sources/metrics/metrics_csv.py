"""Tables of metrics as CSV: long (time, metric, value, labels) and wide (time and a column a metric).

Delimited by comma, semicolon, tab or bar, with a header. A table does not say what kind its metrics are: all are
gauges. A column named `value` alone takes the file's name. A field in quotes does not span lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deep_code_reasoning.sources.metrics.table_layout import layout_of
from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream

NOT_A_TABLE = "table without a time and a number"
_JSON_OBJECT = re.compile(rb'\s*\{\s*"')


class MetricsCsv:
    name = "metrics-csv"
    accepts = "metrics as CSV with a header: time, metric, value and labels, or time and a column a metric"

    def claims(self, sample: Sample) -> int:
        if _JSON_OBJECT.match(sample.head):
            return 0
        layout = layout_of(sample.head, complete=sample.complete)
        if layout is None or not (layout.has_rows or layout.is_long):
            return 0
        return 85 if layout.is_long else 75

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        from deep_code_reasoning.sources.metrics.table_points import TablePoints

        try:
            sample = stream.sample()
        except OSError:
            sample = Sample(stream.path, b"", complete=True)
        layout = layout_of(sample.head, complete=sample.complete)
        if layout is None:
            yield Skipped(1, 0, NOT_A_TABLE)
        else:
            yield from TablePoints(stream, layout).run()


READER = MetricsCsv()
