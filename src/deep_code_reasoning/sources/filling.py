"""A stream laid out in memory as windows take it: several MiB at a time, up to the end of a line where there is one.

What lies in a file uncompressed is read to where it stays; only the start of the line that a filling ends in is copied.
"""

from __future__ import annotations

from collections.abc import Iterator
from mmap import mmap
from typing import NamedTuple

import numpy as np

from deep_code_reasoning.kernels.pages import UsedPages
from deep_code_reasoning.sources.reader import Skipped
from deep_code_reasoning.sources.stream import EvidenceStream

PADDING = bytes(32)  # behind a text: kernels look at whole words
LARGEST_PIECE = 4 << 20
FIRST_BYTES = 2 << 20  # of a stream: kernels need not wait for the rest of a window
_NEWLINE = ord("\n")
_COUNTED_BYTES = 1 << 18  # at once: the comparison stays in the processor's cache

Text = bytes | mmap  # what kernels and expressions look into; its slices are bytes


class Mark(NamedTuple):
    """So many newlines lie before an offset of the stream."""

    offset: int
    newlines: int


class Filling(NamedTuple):
    """`text[: end]`, with padding behind; `failure`: where and why the stream ended early."""

    text: mmap
    end: int
    marks: list[Mark]  # by offset
    is_last: bool
    failure: Skipped | None = None


def fillings(stream: EvidenceStream, size: int) -> Iterator[Filling]:
    """The whole stream, about `size` bytes at a time, the last filling empty or not. A text that nobody refers to any
    longer is used again."""
    return _Layout(stream, size).run()


class _Layout:
    def __init__(self, stream: EvidenceStream, size: int) -> None:
        self._stream, self._size = stream, size
        self._memory = UsedPages()
        self._text = self._new()
        self._end = 0
        self._passed = Mark(0, 0)
        self._marks: list[Mark] = []

    def run(self) -> Iterator[Filling]:
        wanted = min(FIRST_BYTES, self._size)
        failure = None
        for piece in self._stream.pieces(self._room):
            if isinstance(piece, Skipped):
                failure = piece
                break
            self._put(piece)
            if self._end >= wanted:
                yield self._cut()
                wanted = self._size
        self._text[self._end : self._end + len(PADDING)] = PADDING
        yield Filling(self._text, self._end, self._marks, True, failure)

    def _room(self, size: int) -> memoryview:
        self._make_room(size)
        return memoryview(self._text)[self._end : self._end + size]

    def _put(self, piece: bytes | memoryview) -> None:
        """A view is one of the room given, which the piece fills from its start."""
        if isinstance(piece, bytes):
            self._make_room(len(piece))
            self._text[self._end : self._end + len(piece)] = piece
        found = newlines(self._text, self._end, self._end + len(piece))
        self._end += len(piece)
        self._passed = Mark(self._passed.offset + len(piece), self._passed.newlines + found)
        self._marks.append(self._passed)

    def _cut(self) -> Filling:
        """What there is up to its last newline. A line that is long is given in parts: copying costs more."""
        text, marks = self._text, self._marks
        behind = text.rfind(b"\n", max(0, self._end - self._size // 4), self._end) + 1
        end = behind or self._end
        rest = text[end : self._end]
        cut = Mark(self._passed.offset - len(rest), self._passed.newlines)  # no newline lies in the rest
        while marks and marks[-1].offset >= cut.offset:
            marks.pop()
        marks.append(cut)
        text[end : end + len(PADDING)] = PADDING
        self._text, self._end, self._marks = self._new(), len(rest), []
        self._text[: len(rest)] = rest
        return Filling(text, end, marks, False)

    def _new(self) -> mmap:
        return self._memory.take(self._size + LARGEST_PIECE + len(PADDING), filled=True)

    def _make_room(self, size: int) -> None:
        if self._end + size + len(PADDING) > len(self._text):
            larger = self._memory.take(2 * len(self._text) + size, filled=True)
            larger[: self._end] = memoryview(self._text)[: self._end]
            self._text = larger


def newlines(text: Text, start: int, end: int) -> int:
    content, found = np.frombuffer(text, np.uint8, end), np.empty(min(_COUNTED_BYTES, end - start), np.bool_)
    total = 0
    for at in range(start, end, _COUNTED_BYTES):
        piece = content[at : at + _COUNTED_BYTES]
        total += int(np.count_nonzero(np.equal(piece, _NEWLINE, out=found[: len(piece)])))
    return total
