"""A stretch of a stream in memory, as kernels need it: contiguous, padded, moved along; lines where they are wanted.

Offsets are those of the stream after decompression; a position is an offset less `base`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from mmap import mmap
from typing import NamedTuple

import numpy as np

from deep_code_reasoning.kernels.pages import UsedPages
from deep_code_reasoning.sources.ahead import ahead
from deep_code_reasoning.sources.reader import Skipped
from deep_code_reasoning.sources.stream import LINE_TOO_LONG, EvidenceStream, Line

WINDOW_BYTES = 16 << 20
PADDING = bytes(32)  # kernels look at whole words
_LARGEST_CHUNK = 4 << 20
_NEWLINE = ord("\n")
_LARGE_BYTES = 32 << 20  # of a file: a second thread reads ahead what kernels, which are the slower, work on
_AHEAD = 20  # pieces: more than a window takes at once, which else waited for the rest of it
_COUNTED_BYTES = 1 << 18  # at once: the comparison stays in the processor's cache


class _Chunk(NamedTuple):
    content: bytes
    newlines: int


Text = bytes | mmap  # what kernels and expressions look into; its slices are bytes


class Window:
    """`text[: end]` is the stream from offset `base` on; behind it lies padding. Empty until `move`."""

    def __init__(self, stream: EvidenceStream) -> None:
        self.text: Text = PADDING
        self.end = 0
        self.base = 0
        self.has_ended = False
        self.failure: Skipped | None = None  # where and why the stream ended early
        self.reached = 0  # the offset behind the line that `lines` gave last
        chunks = map(_counted, stream.chunks())
        self._chunks = ahead(chunks, _AHEAD) if stream.cores > 1 and _is_large(stream) else chunks
        self._read = self._newlines = 0  # bytes and newlines of all pieces so far
        self._marks: deque[tuple[int, int]] = deque()  # the same, where each piece ended
        self._memory = UsedPages()
        self._line_limit = stream.limits.line_bytes
        self._line, self._line_offset = 1, 0

    def move(self, offset: int) -> None:
        """Forgets what lies before `offset` and reads on."""
        kept = memoryview(self.text)[offset - self.base : self.end]
        self._hold(offset, kept, self._chunks_of(WINDOW_BYTES), WINDOW_BYTES)

    def _chunks_of(self, size: int) -> Iterator[bytes]:
        while size > 0 and (chunk := self._next_chunk()) is not None:
            yield chunk
            size -= len(chunk)

    def _next_chunk(self) -> bytes | None:
        chunk = next(self._chunks, None)
        if chunk is None or isinstance(chunk, Skipped):
            self.has_ended = True
            self.failure = chunk or self.failure
            return None
        self._read += len(chunk.content)
        self._newlines += chunk.newlines
        self._marks.append((self._read, self._newlines))
        return chunk.content

    def _hold(self, offset: int, kept: memoryview, parts: Iterable[bytes], size: int) -> None:
        """Puts `parts`, about `size` bytes, behind `kept`, each as it comes: it is still in the processor's cache."""
        self.line_number(offset)
        text, end = self._memory.take(len(kept) + size + _LARGEST_CHUNK, filled=True), len(kept)
        text[:end] = kept
        for part in parts:
            if end + len(part) + len(PADDING) > len(text):
                larger = self._memory.take(2 * len(text) + len(part), filled=True)
                larger[:end] = memoryview(text)[:end]
                text = larger
            text[end : end + len(part)] = part
            end += len(part)
        text[end : end + len(PADDING)] = PADDING
        self.text, self.base, self.end = text, offset, end

    def line_number(self, offset: int) -> int:
        """The line, from 1, that `offset` lies in; offsets must not fall below those asked for before."""
        while self._marks and self._marks[0][0] <= offset:
            read, newlines = self._marks.popleft()
            if read > self._line_offset:
                self._line_offset, self._line = read, newlines + 1
        if offset > self._line_offset:
            self._line += _newlines(self.text, self._line_offset - self.base, offset - self.base)
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
        parts: list[bytes] = []
        size = len(kept)
        newline = -1
        while newline < 0 and size <= self._line_limit and (chunk := self._next_chunk()) is not None:
            parts.append(chunk)
            newline = chunk.find(b"\n")
            newline += size if newline >= 0 else 0
            size += len(chunk)
        if newline >= 0 or size <= self._line_limit:
            self._hold(offset, kept, parts, size - len(kept))
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


def _counted(chunk: bytes | Skipped) -> _Chunk | Skipped:
    return chunk if isinstance(chunk, Skipped) else _Chunk(chunk, _newlines(chunk, 0, len(chunk)))


def _newlines(text: Text, start: int, end: int) -> int:
    content = np.frombuffer(text, np.uint8)
    pieces = (content[at : min(at + _COUNTED_BYTES, end)] for at in range(start, end, _COUNTED_BYTES))
    return sum(int(np.count_nonzero(piece == _NEWLINE)) for piece in pieces)
