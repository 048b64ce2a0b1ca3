"""JSON documents of a window's stream, some at a time: the plain road between two calls of a kernel."""

from __future__ import annotations

from collections.abc import Iterator

from deep_code_reasoning.sources.json_documents import documents
from deep_code_reasoning.sources.reader import Skipped
from deep_code_reasoning.sources.stream import Line
from deep_code_reasoning.sources.window import WINDOW_BYTES, Window

Document = Line | Skipped


class WindowDocuments:
    """`end` is where the first document that was not given begins, once `read` has ended."""

    def __init__(self, window: Window, limit: int) -> None:
        self.end = self._reached = 0
        self._window = window
        self._limit = limit
        self._last: Document | None = None

    def read(self, begun: int, count: int | None = None) -> Iterator[tuple[Document, Document]]:
        """Up to `count` documents from the offset `begun` on, or a window of them, each with the line read last."""
        self.end = begun
        self._last = told = None
        for given, document in enumerate(documents(self._lines(begun), self._limit), 1):
            self.end = self._behind(document)
            told = document
            yield document, self._last or document
            if given == count or self.end - begun >= WINDOW_BYTES:
                break
        else:
            self.end = self._reached
        if isinstance(self._last, Skipped) and self._last is not told:
            yield self._last, self._last

    def _lines(self, begun: int) -> Iterator[Document]:
        self._reached = begun
        for line in self._window.lines(begun):
            self._last, self._reached = line, self._window.reached
            yield line
        self._reached = self._window.base + self._window.end

    def _behind(self, document: Document) -> int:
        """A line that was only looked at belongs to the next document."""
        last = self._last
        if isinstance(document, Skipped) or not isinstance(last, Line):
            return self._reached
        is_looked_at = last.number > document.number and document.number + document.data.count(b"\n") < last.number
        return last.offset if is_looked_at else self._reached
