"""A stretch of a stream in memory, as kernels need it: contiguous, padded, moved along; lines where they are wanted.

Offsets are those of the stream after decompression; a position is an offset less `base`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from deep_code_reasoning.kernels.pages import UsedPages
from deep_code_reasoning.sources.ahead import ahead
from deep_code_reasoning.sources.filling import PADDING, Filling, Mark, Text, fillings, newlines
from deep_code_reasoning.sources.reader import Skipped
from deep_code_reasoning.sources.stream import LINE_TOO_LONG, EvidenceStream, Line

WINDOW_BYTES = 16 << 20
_LARGE_BYTES = 32 << 20  # of a file: a second thread reads ahead what kernels, which are the slower, work on
_AHEAD = 1  # filling waits, another is in the making


class Window:
    """`text[: end]` is the stream from offset `base` on; behind it lies padding. Empty until `move`."""

    def __init__(self, stream: EvidenceStream) -> None:
        self.text: Text = PADDING
        self.end = 0
        self.base = 0
        self.has_ended = False
        self.failure: Skipped | None = None  # where and why the stream ended early
        self.reached = 0  # the offset behind the line that `lines` gave last
        found = fillings(stream, WINDOW_BYTES)
        self._fillings = ahead(found, _AHEAD) if stream.cores > 1 and _is_large(stream) else found
        self._marks: deque[Mark] = deque()  # of what was taken, as far as it lies behind the line counted last
        self._memory = UsedPages()
        self._line_limit = stream.limits.line_bytes
        self._line, self._line_offset = 1, 0

    def move(self, offset: int) -> None:
        """Forgets what lies before `offset` and reads on."""
        self._hold(offset, memoryview(self.text)[offset - self.base : self.end], self._next())

    def _next(self) -> list[Filling]:
        """One, or none at the end."""
        filling = None if self.has_ended else next(self._fillings)
        if filling is None:
            return []
        self.has_ended, self.failure = filling.is_last, filling.failure
        self._marks += filling.marks
        return [filling]

    def _hold(self, offset: int, kept: memoryview, parts: Sequence[Filling]) -> None:
        """Puts together `kept` and `parts`; one part alone stays where it is."""
        self.line_number(offset)
        if len(parts) == 1 and not kept:
            self.text, self.base, self.end = parts[0].text, offset, parts[0].end
            return
        size = len(kept) + sum(part.end for part in parts)
        text = self._memory.take(size + len(PADDING), filled=True)
        text[: len(kept)] = kept
        end = len(kept)
        for part in parts:
            text[end : end + part.end] = memoryview(part.text)[: part.end]
            end += part.end
        text[end : end + len(PADDING)] = PADDING
        self.text, self.base, self.end = text, offset, end

    def line_number(self, offset: int) -> int:
        """The line, from 1, that `offset` lies in; offsets must not fall below those asked for before."""
        while self._marks and self._marks[0].offset <= offset:
            passed, before = self._marks.popleft()
            if passed > self._line_offset:
                self._line_offset, self._line = passed, before + 1
        if offset > self._line_offset:
            self._line += newlines(self.text, self._line_offset - self.base, offset - self.base)
            self._line_offset = offset
        return self._line

    def lines(self, offset: int) -> Iterator[Line | Skipped]:
        """The lines from `offset` on. Moves the window to the line it gives; one that is too long is passed over."""
        while True:
            number = self.line_number(offset)
            newline = self.text.find(b"\n", offset - self.base, self.end)
            if newline < 0 and not self.has_ended:
                newline = self._reach_line_end(offset)
            start, end = offset - self.base, newline if newline >= 0 else self.end
            self.reached = self.base + end + (newline >= 0)
            if end - start > self._line_limit:
                yield Skipped(number, offset, LINE_TOO_LONG)
            elif end > start or newline >= 0:
                yield Line(number, offset, self.text[start:end])
            if newline < 0:
                return
            offset = self._line_offset = self.base + end + 1
            self._line = number + 1

    def _reach_line_end(self, offset: int) -> int:
        """Moves to `offset` and on to the line's end, whose position it gives, or -1 where the stream ends first.

        The text is put together once, and that of a line longer than allowed not at all: `offset` is then behind.
        """
        kept = memoryview(self.text)[offset - self.base : self.end]
        parts: list[Filling] = []
        size = len(kept)
        newline = -1
        while newline < 0 and size <= self._line_limit and (found := self._next()):
            newline = found[0].text.find(b"\n", 0, found[0].end)
            newline += size if newline >= 0 else 0
            size += found[0].end
            parts += found
        if newline >= 0 or size <= self._line_limit:
            self._hold(offset, kept, parts)
            return newline
        parts.clear()
        self.text, self.end = PADDING, 0
        self.base = self._line_offset = offset + size  # no newline lies between
        while not self.has_ended:
            self.move(self.base + self.end)
            if (newline := self.text.find(b"\n", 0, self.end)) >= 0:
                return newline
        return -1


def _is_large(stream: EvidenceStream) -> bool:
    try:
        return stream.size >= _LARGE_BYTES
    except OSError:  # it will be told when it is read
        return False
