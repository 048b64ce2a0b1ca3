"""Syslog as daemons write it to files: RFC 3164 and RFC 5424."""

from __future__ import annotations

from collections.abc import Iterator

from deep_code_reasoning.sources.logs.line_logs import layout_share, read_lines
from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream


class Syslog:
    name = "syslog"
    accepts = "syslog (RFC 3164 and RFC 5424)"

    def claims(self, sample: Sample) -> int:
        """Above plain text, where most lines that are not indented are in one of the format's layouts."""
        return 55 if layout_share(sample, self.name) > 0.5 else 0

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        yield from read_lines(stream)


READER = Syslog()
