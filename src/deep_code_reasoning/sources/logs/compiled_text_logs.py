"""Drives the kernel of text logs along a stream, and gives the plain road what the kernel leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from deep_code_reasoning.kernels.cache import Kernel
from deep_code_reasoning.sources.logs.log_columns import LogColumns, LogMemory, part_end
from deep_code_reasoning.sources.logs.text_log_layout import word_table
from deep_code_reasoning.sources.reader import Batch, Skipped
from deep_code_reasoning.sources.stream import LINE_TOO_LONG, Line
from deep_code_reasoning.sources.window import WINDOW_BYTES, Window

if TYPE_CHECKING:
    from deep_code_reasoning.kernels.cache import Kernels
    from deep_code_reasoning.sources.logs.log_lines import LogLines
    from deep_code_reasoning.sources.logs.log_rows import LogRows

KERNEL = Kernel("deep_code_reasoning.sources.logs.text_logs_kernel", "read_text_logs")
FULL = -3  # as in kernels.json_text, which only the compiling process imports


class CompiledTextLogs:
    """One pass over a stream; what the kernel leaves goes to `rows` through `lines`."""

    def __init__(self, window: Window, rows: LogRows, lines: LogLines, line_limit: int) -> None:
        self._window = window
        self._rows = rows
        self._lines = lines
        self._line_limit = line_limit
        self._memory = LogMemory()
        self._offset = 0

    def read(self, kernels: Kernels) -> Iterator[Batch | Skipped]:
        """Everything from the window's start to the end of the stream; by the plain road until there is a kernel."""
        window = self._window
        window.move(window.base)
        self._offset = window.base
        while not window.has_ended or self._offset < window.base + window.end:
            kernel = kernels.find(KERNEL)
            if kernel is None:
                yield from self._plain_lines(WINDOW_BYTES)
            else:
                yield from self._run(kernel)

    def _run(self, kernel: Callable[..., int], *, part: bool = True) -> Iterator[Batch | Skipped]:
        """On a part of the window, or all of it where a part is one line, which may go on."""
        window, position = self._window, self._offset - self._window.base
        end = part_end(window, position) if part else window.end
        columns = LogColumns(end - position, position, window, self._line_limit, self._memory)
        text = np.frombuffer(window.text, np.uint8)
        is_all = window.has_ended and end == window.end
        outcome = kernel(text, end, int(is_all), word_table(), *columns.text_arguments)
        del text  # else the window's memory would be held
        yield from columns.give(window, self._rows, self._add, self._close)
        has_moved = columns.position > position
        self._offset = window.base + columns.position
        if (outcome == FULL or end < window.end) and has_moved:
            return
        if end < window.end:
            yield from self._run(kernel, part=False)
            return
        if not window.has_ended and self._offset > window.base:
            window.move(self._offset)
        elif not has_moved:
            yield from self._plain_lines(0)

    def _add(self, stretch: Line) -> None:
        """Lines that lie side by side, the first of them being `number`."""
        offset = stretch.offset
        pieces = stretch.data.split(b"\n")
        if not pieces[-1]:
            pieces.pop()
        for number, line in enumerate(pieces, stretch.number):
            if len(line) > self._line_limit:
                self._rows.skip(number, offset, LINE_TOO_LONG)
            else:
                self._lines.add(line.decode("utf-8", "replace"), number, offset)
            offset += len(line) + 1

    def _close(self) -> None:
        """The open record ends, since one in the ISO layout follows."""
        self._lines.close()
        self._lines.met_iso()

    def _plain_lines(self, size: int) -> Iterator[Batch | Skipped]:
        """So many bytes of lines, at least one line, by the plain road."""
        window, begun = self._window, self._offset
        for line in window.lines(begun):
            if isinstance(line, Skipped):
                yield line
            else:
                self._lines.add(line.data.decode("utf-8", "replace"), line.number, line.offset)
            if self._rows.is_ready:
                yield from self._rows.ready()
            self._offset = window.reached
            if self._offset - begun >= size:
                return
        self._offset = window.base + window.end
