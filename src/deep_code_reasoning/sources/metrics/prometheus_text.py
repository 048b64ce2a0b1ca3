"""Prometheus text exposition and OpenMetrics: scrapes, one or several after another, and dumps with times.

The same rules read both: a time in milliseconds or seconds is told by its size, `_total` and `_created` by the
family's type. A histogram's or summary's samples become one point. Exemplars and HELP are left out.

When a sample without a time was taken is, in this order: what a comment line before its scrape says that is nothing
but a time; the clock that the scrape itself shows (`CLOCKS`); for the last scrape of the file when the file was last
changed, which is told as a note. Earlier scrapes of which nothing tells the time are skipped and told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream

_TYPE = re.compile(
    rb'^# TYPE (?:[\w:.]+|"[^"\n]+") '
    rb"(?:counter|gauge|histogram|gaugehistogram|summary|untyped|unknown|info|stateset)\s*$",
    re.MULTILINE,
)
_LABELLED = re.compile(
    rb'\s*(?:[a-zA-Z_:][\w:]*\{|\{\s*"[^"\n]+"(?:,\s*|(?=\})))'
    rb'(?:(?:[\w.:]+|"[^"\n]+")="(?:[^"\\\n]|\\.)*"(?:,\s*|(?=\})))*\}\s+[-+.\w]+(?:\s+-?[\d.]+)?\s*(?:#.*)?'
)
_BARE = re.compile(rb"[a-zA-Z_:][\w:]*\s+[-+.\w]+(?:\s+-?[\d.]+)?\s*")
_TIME = re.compile(rb"[-+:.\dTZ ]+")
_LINES = 200


class PrometheusText:
    name = "prometheus-text"
    accepts = "Prometheus text exposition and OpenMetrics (scrapes of /metrics, dumps with times)"

    def claims(self, sample: Sample) -> int:
        """Sure with a TYPE comment and a sample; else by labelled samples, nearly all lines being samples."""
        lines = [line for line in sample.head.split(b"\n")[:_LINES] if line.strip()]
        if not sample.complete and len(lines) > 1 and len(lines) < _LINES:
            lines.pop()
        written = [line[:4096] for line in lines if not line.startswith(b"#") and not _TIME.fullmatch(line)]
        labelled = sum(_LABELLED.fullmatch(line) is not None for line in written)
        known = labelled + sum(_BARE.fullmatch(line) is not None for line in written)
        if _TYPE.search(sample.head[:16_384]) and (known * 2 >= len(written)):
            return 90
        return 70 if labelled and known * 10 >= len(written) * 8 else 0

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        from deep_code_reasoning.sources.metrics.scrapes import Scrapes

        yield from Scrapes(stream).run()


READER = PrometheusText()
