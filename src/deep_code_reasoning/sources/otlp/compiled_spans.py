"""Drives the spans kernel along a stream, and gives the plain road what the kernel leaves.

A request of up to REREAD_BYTES is read whole or not at all: when the window ends in the middle of it, it is begun anew
with the next. A larger one goes on from span to span; where the kernel then meets what it does not understand, the
rest of the line cannot be read and is reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from deep_code_reasoning.kernels.cache import Kernel
from deep_code_reasoning.kernels.pages import UsedPages
from deep_code_reasoning.sources.json_documents import BROKEN_JSON
from deep_code_reasoning.sources.otlp import span_layout as layout
from deep_code_reasoning.sources.otlp.span_columns import SpanColumns
from deep_code_reasoning.sources.reader import Batch, Skipped
from deep_code_reasoning.sources.window import WINDOW_BYTES, Window
from deep_code_reasoning.sources.window_documents import WindowDocuments

if TYPE_CHECKING:
    from deep_code_reasoning.kernels.cache import Kernels
    from deep_code_reasoning.sources.otlp.resources import Resources

KERNEL = Kernel("deep_code_reasoning.sources.otlp.spans_kernel", "read_spans")
REREAD_BYTES = 8 << 20
LONGEST_VALUE_BYTES = 4 * WINDOW_BYTES  # in a request of which rows were given away already
MOST_IN_A_ROW = 256  # requests read by the plain road before the kernel is tried again
SHORT = -1  # as in kernels.json_text, which only the compiling process imports
REQUEST_KEY = b'"resourceSpans"'

Requests = Callable[[bytes, int, int], Iterator[Batch | Skipped]]  # reads one's text, line and offset

BROKEN_RESOURCE = "resource not well-formed JSON; its spans are kept without it"
VALUE_TOO_LONG = "value longer than what is read at once, in a large request; left out to the end of its line"


class PlainRoad(NamedTuple):
    """`shared`: reads a request with the help of other processes, so that its rows may come later, at the latest
    with `settled`, behind which the kernel goes on."""

    request: Requests
    shared: Requests
    settled: Callable[[], Iterator[Batch | Skipped]]


class CompiledSpans:
    """One pass over a stream. `take_numbers(n)` reserves n span numbers and returns the first."""

    def __init__(
        self, window: Window, resources: Resources, take_numbers: Callable[[int], int], plain: PlainRoad, limit: int
    ) -> None:
        self._window = window
        self._resources = resources
        self._take_numbers = take_numbers
        self._plain = plain
        self._documents = WindowDocuments(window, limit)
        self._memory = UsedPages()
        self._columns = SpanColumns(0)
        self._offset = 0
        self._in_a_row = 1
        self._is_large = False  # the request at hand has been given away in part

    def read(self, kernels: Kernels) -> Iterator[Batch | Skipped]:
        """Everything from the window's start to the end of the stream; by the plain road until there is a kernel."""
        window = self._window
        self._move(window.base)
        while not window.has_ended or self._offset < window.base + window.end:
            kernel = kernels.find(KERNEL) if self._is_large or self._holds_spans() else None
            if kernel is None:
                yield from self._plain_documents(self._offset, self._plain.shared)
            else:
                yield from self._plain.settled()
                yield from self._run(kernel)
        yield from self._plain.settled()

    def _holds_spans(self) -> bool:
        """Not in a file of metrics or logs, for which the kernel would be compiled in vain."""
        window = self._window
        return window.text.find(REQUEST_KEY, self._offset - window.base, window.end) >= 0

    def _run(self, kernel: Callable[..., int]) -> Iterator[Batch | Skipped]:
        columns, window = self._columns, self._window
        state = columns.state
        state[layout.POSITION] = self._offset - window.base
        outcome = kernel(np.frombuffer(window.text, np.uint8), window.end, *columns.arguments)
        begun = window.base + int(state[layout.DOCUMENT])
        self._is_large = self._is_large and begun < window.base
        reached = window.base + int(state[layout.POSITION])
        if outcome == 0:
            yield from self._give()
            self._offset = reached
            if not window.has_ended:
                self._move(reached)
        elif outcome == SHORT and not window.has_ended:
            yield from self._carry_on(begun, reached)
        elif self._is_large:
            yield from self._give()
            yield Skipped(window.line_number(reached), reached, BROKEN_JSON)
            self._is_large = False
            self._to_next_line(reached)
        else:
            columns.take_back_document()
            self._in_a_row = 1 if state[layout.ROWS] else min(2 * self._in_a_row, MOST_IN_A_ROW)
            yield from self._give()
            yield from self._plain_documents(begun, self._plain.request, self._in_a_row)

    def _carry_on(self, begun: int, reached: int) -> Iterator[Batch | Skipped]:
        """Moves the window, which ended within a request."""
        columns, window = self._columns, self._window
        left = window.base + window.end - reached
        if not self._is_large:
            is_one_value = left > REREAD_BYTES  # columns for all of it would cost many times its size
            if is_one_value or window.base + window.end - begun <= REREAD_BYTES:
                columns.take_back_document()
                yield from self._give()
                if is_one_value:
                    yield from self._plain_documents(begun, self._plain.request, 1)
                else:
                    self._move(begun)
                return
        elif left > LONGEST_VALUE_BYTES:
            yield from self._give()
            yield Skipped(window.line_number(reached), reached, VALUE_TOO_LONG)
            self._is_large = False
            self._to_next_line(reached)
            return
        yield from self._give()
        carried = columns.carried(window.text)
        self._is_large = True
        self._move(reached)
        self._columns.carry_on(columns.state, carried, begun - reached)

    def _move(self, offset: int) -> None:
        self._window.move(offset)
        self._go_on(offset)

    def _go_on(self, offset: int) -> None:
        """With new columns, at the start of a request."""
        self._columns = SpanColumns(self._window.end, self._memory)
        self._offset = offset

    def _give(self) -> Iterator[Batch | Skipped]:
        """The rows so far, and what the plain road makes of spans that the kernel passed over."""
        columns, window = self._columns, self._window
        first = self._take_numbers(int(columns.state[layout.ROWS]))
        yield from columns.batches(window.text, window.base, first, self._resources)
        while self._resources.unread:
            yield Skipped(None, self._resources.unread.pop(0), BROKEN_RESOURCE)
        for span in columns.foreign_spans(window.text):
            place = window.base + span.document
            yield from self._plain.request(span.request, window.line_number(place), place)

    def _plain_documents(self, begun: int, read: Requests, count: int | None = None) -> Iterator[Batch | Skipped]:
        """So many requests by the plain road; the kernel goes on behind them."""
        for document, _ in self._documents.read(begun, count):
            if isinstance(document, Skipped):
                yield document
            else:
                yield from read(document.data, document.number, document.offset)
        self._go_on(min(self._documents.end, self._window.base + self._window.end))

    def _to_next_line(self, offset: int) -> None:
        next(self._window.lines(offset), None)
        self._go_on(self._window.reached)
