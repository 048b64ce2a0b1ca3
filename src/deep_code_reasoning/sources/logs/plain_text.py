"""Text logs: lines that begin with a time, and the lines that belong to the record before them."""

from __future__ import annotations

from collections.abc import Iterator

from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream

_LATEST = 2**63 - 1
_LINES = 400


class PlainText:
    name = "plain-text"
    accepts = "text logs whose records begin with a time (ISO 8601, syslog, access logs, logcat, klog and the like)"

    def claims(self, sample: Sample) -> int:
        """By the share of lines, indented ones aside, that begin with a time in one and the same layout."""
        from deep_code_reasoning.sources.logs.text_layouts import layouts, start_of

        lines = sample.head.decode("utf-8", "replace").splitlines()
        if not sample.complete and len(lines) > 1:
            lines.pop()
        lines = [line.strip("\0") for line in lines[:_LINES]]
        margin = [line[:4096] for line in lines if line and not line[0].isspace()]
        if _is_table(margin):
            return 0
        best = 0
        for layout in layouts():
            best = max(best, sum(start_of(line, layout, _LATEST) is not None for line in margin))
        if not best:
            return 0
        return 50 if best * 2 >= len(margin) else 30 if best * 20 >= len(margin) else 0

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        from deep_code_reasoning.sources.logs.text_records import read_records

        return read_records(stream)


def _is_table(lines: list[str]) -> bool:
    """CSV: a header that names a time, and as many delimiters in every line."""
    from deep_code_reasoning.sources.logs.log_keys import key_names

    header = lines[0].lower() if lines else ""
    for delimiter in ",;\t":
        names = {name.strip(' "') for name in header.split(delimiter)}
        count = header.count(delimiter)
        if count and not names.isdisjoint(key_names()["time"]):
            return all(line.count(delimiter) == count for line in lines[:20])
    return False


READER = PlainText()
