"""Lets the Jaeger kernel take as many traces as it understands; those between are read by the plain road.

Where it takes none, it is tried again only after some more traces, twice as many each time.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import numpy as np

from deep_code_reasoning.kernels.cache import Kernel
from deep_code_reasoning.kernels.pages import UsedPages
from deep_code_reasoning.sources.otlp.span_layout import POSITION
from deep_code_reasoning.sources.reader import Batch, Skipped
from deep_code_reasoning.sources.traces.jaeger_columns import Ids, JaegerColumns
from deep_code_reasoning.sources.traces.jaeger_layout import GENERATION
from deep_code_reasoning.sources.window import WINDOW_BYTES

if TYPE_CHECKING:
    from deep_code_reasoning.kernels.cache import Kernels
    from deep_code_reasoning.sources.traces.jaeger_spans import JaegerSpans
    from deep_code_reasoning.sources.window import Window

KERNEL = Kernel("deep_code_reasoning.sources.traces.jaeger_kernel", "read_traces")
MOST_IN_A_ROW = 256  # traces read by the plain road before the kernel is tried again
SHORT = -1  # as in kernels.json_text, which only the compiling process imports
_MOST_BYTES = 2 * WINDOW_BYTES  # of a window that has grown around a large trace


class CompiledTraces:
    """One pass over a stream."""

    def __init__(self, kernels: Kernels, spans: JaegerSpans) -> None:
        self._kernels = kernels
        self._spans = spans
        self._ids = Ids()
        self._memory = UsedPages()
        self._in_a_row = 1
        self._wait = 0

    def take(self, window: Window, at: int) -> Generator[Batch | Skipped, None, tuple[int, bool]]:
        """The rows of the traces from position `at` on.

        Returns the position behind the last that was taken, and whether the next is cut off by the window's end.
        """
        if self._wait:
            self._wait -= 1
            return at, False
        kernel = self._kernels.find(KERNEL)
        if kernel is None:
            self._wait = MOST_IN_A_ROW
            return at, False
        end = min(window.end, at + _MOST_BYTES)
        columns = JaegerColumns(end - at, self._ids, self._memory)
        columns.state[POSITION] = at
        outcome = kernel(np.frombuffer(window.text, np.uint8), end, *columns.arguments)
        self._ids.generation = int(columns.state[GENERATION])
        reached = int(columns.state[POSITION])
        if columns.rows:
            yield from self._spans.compiled(columns, window)
        if reached > at:
            self._in_a_row = 1
        elif outcome != SHORT:
            self._in_a_row = min(2 * self._in_a_row, MOST_IN_A_ROW)
            self._wait = self._in_a_row - 1
        return reached, outcome == SHORT
