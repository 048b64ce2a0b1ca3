"""Drives the kernel of JSON logs along a stream, and gives the plain road what the kernel leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from deep_code_reasoning.kernels.cache import Kernel
from deep_code_reasoning.sources.json_documents import BLANK
from deep_code_reasoning.sources.logs.json_log_layout import SCRATCH_SIZE, key_table
from deep_code_reasoning.sources.logs.log_columns import JsonLogColumns, LogMemory, part_end
from deep_code_reasoning.sources.logs.severity import level_table
from deep_code_reasoning.sources.reader import Batch, Skipped
from deep_code_reasoning.sources.stream import Limits, Line
from deep_code_reasoning.sources.window import Window
from deep_code_reasoning.sources.window_documents import WindowDocuments

if TYPE_CHECKING:
    from deep_code_reasoning.kernels.cache import Kernels
    from deep_code_reasoning.sources.logs.log_rows import LogRows

KERNEL = Kernel("deep_code_reasoning.sources.logs.json_logs_kernel", "read_json_logs")
MOST_IN_A_ROW = 256  # documents read by the plain road before the kernel is tried again
FEW_LINES = 64  # not worth the kernel's memory
SHORT, FULL = -1, -3  # as in kernels.json_text, which only the compiling process imports

PlainRoad = Callable[[Line, Line], None]  # of a document, and the line it was read from


class CompiledJsonLogs:
    """One pass over a stream: what `plain` reads goes to `rows`, and `close` ends a record of several lines there."""

    def __init__(
        self, window: Window, rows: LogRows, plain: PlainRoad, close: Callable[[], None], limits: Limits
    ) -> None:
        self._window = window
        self._rows = rows
        self._plain = plain
        self._close = close
        self._limits = limits
        self._documents = WindowDocuments(window, limits.document_bytes)
        self._memory = LogMemory()
        self._scratch = np.zeros(SCRATCH_SIZE, np.int64)
        self._offset = 0
        self._in_a_row = 1

    def read(self, kernels: Kernels) -> Iterator[Batch | Skipped]:
        """Everything from the window's start to the end of the stream; by the plain road until there is a kernel."""
        window = self._window
        window.move(window.base)
        self._offset = window.base
        while not window.has_ended or self._offset < window.base + window.end:
            kernel = kernels.find(KERNEL)
            if kernel is None:
                yield from self._plain_documents()
            else:
                yield from self._run(kernel)

    def _run(self, kernel: Callable[..., int]) -> Iterator[Batch | Skipped]:
        window, position = self._window, self._offset - self._window.base
        end = part_end(window, position)
        columns = JsonLogColumns(end - position, position, window, self._limits.line_bytes, self._memory)
        tables = key_table(), level_table(), self._scratch
        text = np.frombuffer(window.text, np.uint8)
        outcome = kernel(text, end, *tables, *columns.json_arguments)
        del text  # else the window's memory would be held
        self._offset = window.base + columns.position
        yield from columns.give(window, self._rows, self._line, self._close)
        if columns.lines >= FEW_LINES:
            self._in_a_row = 1
        if outcome == 0 and end < window.end:
            return
        if outcome == 0 or (outcome == SHORT and not window.has_ended and self._offset > window.base):
            if not window.has_ended:
                window.move(self._offset)
        elif outcome != FULL or not columns.lines:
            yield from self._plain_documents(self._in_a_row)
            self._in_a_row = min(2 * self._in_a_row, MOST_IN_A_ROW)

    def _line(self, line: Line) -> None:
        """One that is a document, or a line of text, by itself."""
        start = len(line.data) - len(line.data.lstrip(BLANK))
        self._plain(Line(line.number, line.offset + start, line.data.strip(BLANK)), line)

    def _plain_documents(self, count: int | None = None) -> Iterator[Batch | Skipped]:
        """So many documents by the plain road; the kernel goes on behind them."""
        for document, last in self._documents.read(self._offset, count):
            if isinstance(document, Skipped):
                yield document
            else:
                self._plain(document, last if isinstance(last, Line) else document)
            if self._rows.is_ready:
                yield from self._rows.ready()
        self._offset = min(self._documents.end, self._window.base + self._window.end)
