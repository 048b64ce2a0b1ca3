"""Lines of a window: the same as of the stream, in memory that a line too long does not cost."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable
from pathlib import Path
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.sources import window
from deep_code_reasoning.sources.json_documents import documents
from deep_code_reasoning.sources.reader import Skipped
from deep_code_reasoning.sources.stream import LINE_TOO_LONG, EvidenceStream, Limits, Line
from deep_code_reasoning.sources.window import Window
from deep_code_reasoning.sources.window_documents import WindowDocuments


class Pieces(EvidenceStream):
    """A stream that gives its content in the pieces at hand, every second one in the room it is offered."""

    def __init__(self, content: Iterable[bytes], limit: int, cores: int = 1) -> None:
        super().__init__(Path("pieces"), limits=Limits(line_bytes=limit), cores=cores)
        self.content = content

    @property
    def size(self) -> int:
        return window._LARGE_BYTES

    def pieces(self, room):
        for number, piece in enumerate(self.content):
            if room is None or number % 2:
                yield piece
            else:
                view = room(len(piece) + 1)
                view[: len(piece)] = piece
                yield view[: len(piece)]


@given(
    st.lists(st.text("ab\n", min_size=1, max_size=30).map(str.encode), max_size=12),
    st.integers(1, 40),
    st.integers(1, 2),
)
def test_the_lines_are_those_of_the_stream(pieces: list[bytes], limit: int, cores: int) -> None:
    """Read ahead by a second thread, where there are two processors for a large file, or not."""
    with patch.object(window, "WINDOW_BYTES", 5):
        assert list(Window(Pieces(pieces, limit, cores)).lines(0)) == list(Pieces(pieces, limit).lines())


@given(
    st.lists(st.text("ab\n", min_size=1, max_size=30).map(str.encode), max_size=12),
    st.lists(st.integers(0, 200), max_size=8),
    st.integers(0, 40),
)
def test_line_numbers_are_counted_whatever_was_forgotten_meanwhile(
    pieces: list[bytes], asked: list[int], step: int
) -> None:
    whole = b"".join(pieces)
    looked_at = Window(Pieces(pieces, 1000))
    with patch.object(window, "WINDOW_BYTES", 5):
        looked_at.move(0)
        for offset in sorted(min(offset, len(whole)) for offset in asked):
            while looked_at.base + looked_at.end < offset:
                looked_at.move(looked_at.base + min(step, looked_at.end))
            if offset >= looked_at.base:
                assert looked_at.line_number(offset) == whole.count(b"\n", 0, offset) + 1


@given(st.lists(st.text("ab\n", min_size=1, max_size=30).map(str.encode), max_size=12), st.integers(1, 40))
def test_what_lines_gave_last_is_in_the_window_and_behind_it_it_goes_on(pieces: list[bytes], limit: int) -> None:
    looked_at = Window(Pieces(pieces, limit))
    found = []
    with patch.object(window, "WINDOW_BYTES", 5):
        while line := next(looked_at.lines(looked_at.reached), None):
            found.append(line)
            if not isinstance(line, Skipped):
                start = line.offset - looked_at.base
                assert looked_at.text[start : start + len(line.data)] == line.data
    assert found == list(Pieces(pieces, limit).lines())


@given(
    st.lists(
        st.sampled_from(
            [b"{\n", b"}\n", b'"a": 1\n', b' "a": 1,\n', b"[\n", b"]\n", b'{"a":1}\n', b"text\n", b"\n", b" {}\n"]
        ),
        max_size=14,
    ),
    st.integers(1, 3),
    st.integers(4, 40),
)
def test_documents_some_at_a_time_are_those_of_the_whole_stream(lines: list[bytes], count: int, limit: int) -> None:
    looked_at = Window(Pieces(lines, limit))
    read = WindowDocuments(looked_at, 30)
    found = []
    with patch.object(window, "WINDOW_BYTES", 7):
        looked_at.move(0)
        end = -1
        while read.end > end:
            end = read.end
            found += [document for document, _ in read.read(end, count)]
    assert found == list(documents(Pieces(lines, limit).lines(), 30))


def test_a_line_too_long_is_never_put_together() -> None:
    limit = 64 << 20

    def pieces():
        yield b'{"a":1}\n'
        for _ in range(1_000):
            yield bytes(1 << 20)
        yield b"\n{}\n"

    tracemalloc.start()
    lines = list(Window(Pieces(pieces(), limit)).lines(0))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert lines == [Line(1, 0, b'{"a":1}'), Skipped(2, 8, LINE_TOO_LONG), Line(3, 9 + (1_000 << 20), b"{}")]
    assert peak < limit + 4 * window.WINDOW_BYTES
