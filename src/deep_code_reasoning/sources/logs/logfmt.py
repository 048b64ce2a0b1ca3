"""logfmt: `time=... level=info msg="..." key=value`, as logrus, slog, Grafana's and HashiCorp's tools write it."""

from __future__ import annotations

from collections.abc import Iterator

from deep_code_reasoning.sources.logs.line_logs import margin_lines, read_lines
from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream


class Logfmt:
    name = "logfmt"
    accepts = "logfmt (key=value pairs, a time, level or message among them)"

    def claims(self, sample: Sample) -> int:
        """Sure where most lines hold nothing but pairs, at least two of time, severity and message among them."""
        from deep_code_reasoning.sources.logs.keyed_records import KeyedRecords
        from deep_code_reasoning.sources.logs.logfmt_line import logfmt_pairs

        lines, keyed = margin_lines(sample), KeyedRecords()
        found = sum((pairs := logfmt_pairs(line)) is not None and keyed.certain_columns(pairs) >= 2 for line in lines)
        return 58 if found * 2 > len(lines) else 0

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        yield from read_lines(stream)


READER = Logfmt()
