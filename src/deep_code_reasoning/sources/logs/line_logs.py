"""What readers of text logs share: the lines of a sample, and the way from a stream's lines to rows."""

from __future__ import annotations

from collections.abc import Iterator

from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream

_LINES = 400


def margin_lines(sample: Sample) -> list[str]:
    """The sample's lines that are not indented, each cut at 4,096 characters."""
    lines = sample.head.decode("utf-8", "replace").splitlines()
    if not sample.complete and len(lines) > 1:
        lines.pop()
    lines = [line.strip("\0") for line in lines[:_LINES]]
    return [line[:4096] for line in lines if line and not line[0].isspace()]


def layout_share(sample: Sample, format: str) -> float:
    """Which part of the sample's lines, indented ones aside, begins with a layout of the format."""
    from deep_code_reasoning.sources.logs.text_layouts import begins, layouts

    lines = margin_lines(sample)
    found = sum(any(begins(line, layout) for layout in layouts(format)) for line in lines)
    return found / len(lines) if lines else 0.0


def read_lines(stream: EvidenceStream) -> Iterator[Batch | Skipped]:
    """Every record of a text log, in whatever layouts."""
    from deep_code_reasoning.sources.logs.compiled_text_logs import CompiledTextLogs
    from deep_code_reasoning.sources.logs.log_lines import LogLines
    from deep_code_reasoning.sources.logs.log_rows import LogRows
    from deep_code_reasoning.sources.window import Window

    rows, window = LogRows(stream.path), Window(stream)
    lines = LogLines(rows, stream.path)
    yield from CompiledTextLogs(window, rows, lines, stream.limits.line_bytes).read(stream.kernels)
    if window.failure:
        yield window.failure
    lines.close()
    yield from rows.finish()
