"""Text logs: lines that begin with a time, and the lines that belong to the record before them."""

from __future__ import annotations

from collections.abc import Iterator

from deep_code_reasoning.sources.logs.line_logs import margin_lines, read_lines
from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream


class PlainText:
    name = "plain-text"
    accepts = "text logs whose records begin with a time (ISO 8601, syslog, access logs, logcat, klog and the like)"

    def claims(self, sample: Sample) -> int:
        """By the share of lines, indented ones aside, that begin with a time in one and the same layout."""
        from deep_code_reasoning.sources.logs.text_layouts import begins, layouts

        margin = margin_lines(sample)
        if not margin or _is_table(margin):
            return 0
        best = 0
        for layout in layouts():
            best = max(best, sum(begins(line, layout) for line in margin))
            if best * 2 >= len(margin):
                return 50
        return 30 if best and best * 20 >= len(margin) else 0

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        yield from read_lines(stream)


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
