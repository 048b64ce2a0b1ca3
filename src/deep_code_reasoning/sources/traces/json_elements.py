"""Cuts a stream of JSON into elements without ever holding the document.

Arrays are entered, and objects where they are wrappers (`{"data": [...]}`): what is found there, as what stands at the
top (a document a line), is an element. Held in memory is a window of the stream, or one element where that is longer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from typing import NamedTuple

from deep_code_reasoning.sources.json_documents import BROKEN_JSON
from deep_code_reasoning.sources.reader import Batch, Skipped
from deep_code_reasoning.sources.stream import DOCUMENT_TOO_LARGE, EvidenceStream
from deep_code_reasoning.sources.traces.json_extent import BROKEN, SHORT, UNSURE, end_of_value, matching_end
from deep_code_reasoning.sources.window import Window

_LOOK_AHEAD = 8_192  # bytes in which the members in front of a wrapped value are looked for
_FIRST_LOOK = 256 << 10
_OVERLAP = 1_024  # longer than any start of an element
_ARRAY, _OBJECT = 0x5B, 0x7B
_BLANK = re.compile(rb"[ \t\r\n\0\x1e,]*+")  # NULs are left by sparse writes, \x1e opens a record (RFC 7464)
_MEMBER = re.compile(rb'"((?:[^"\\]|\\.)*+)"\s*:\s*(?=(.))', re.DOTALL)


class Element(NamedTuple):
    """A JSON value as text, with its line (from 1) and byte offset. That it parses is likely, not certain."""

    line: int
    offset: int
    text: bytes


class Form(NamedTuple):
    """What a format's documents look like from above."""

    names: frozenset[bytes]  # the members whose value is entered
    wrapper: re.Pattern[bytes]  # an object that has one of them, before any other that is not a scalar
    start: re.Pattern[bytes]  # an element, or a line that starts a document: where to go on behind a break


def form(names: str, start: bytes) -> Form:
    """`names`: of the members to enter, with spaces between; `start`: how an element begins, a regular expression."""
    scalars = rb'(?:\s*"(?:[^"\\]|\\.){0,100}+"\s*:\s*(?:"(?:[^"\\]|\\.){0,1000}+"|[-+.\w]{1,40}+)\s*,){0,16}+'
    wrapper = rb'\{%s\s*"(?:%s)"\s*:\s*[\[{]' % (scalars, names.replace(" ", "|").encode())
    line = rb'(?<![\[{,:]\n)(?<![\[{,:]\r\n)(?<=\n)[\[{]{1,3}"'  # not one that goes on with the line before
    return Form(frozenset(names.encode().split()), re.compile(wrapper), re.compile(start + b"|" + line))


Take = Callable[[Window, int], Generator[Batch | Skipped, None, tuple[int, bool]]]


def elements(stream: EvidenceStream, shape: Form) -> Iterator[Element | Skipped]:
    """Every element in order; what is broken is Skipped at its beginning, and what follows it is read again."""
    for part in elements_left(stream, shape, _take_none):
        if not isinstance(part, Batch):
            yield part


def elements_left(stream: EvidenceStream, shape: Form, take: Take) -> Iterator[Element | Batch | Skipped]:
    """As `elements`, those left out that `take` has read, given a window and the position of an element in it.

    It gives their rows, and returns the position behind them and whether the element there is longer than the window.
    """
    return _Cutting(stream, shape, take).run()


def _take_none(window: Window, at: int) -> Generator[Batch | Skipped, None, tuple[int, bool]]:
    yield from ()
    return at, False


class _Cutting:
    """One pass. Everything before `_at`, a position in the window, has been dealt with."""

    def __init__(self, stream: EvidenceStream, shape: Form, take: Take) -> None:
        self._window = Window(stream)
        self._take = take
        self._shape = shape
        self._limit = stream.limits.document_bytes
        self._at = 0
        self._open = bytearray()  # the brackets that have been entered
        self._has_broken = False  # brackets may then be missing

    def run(self) -> Iterator[Element | Batch | Skipped]:
        window = self._window
        while self._reach():
            mark = window.text[self._at]
            if mark in b"]}":
                yield from self._close(mark)
            elif self._open[-1:] == b"{":
                yield from self._member()
            elif mark == _ARRAY or (mark == _OBJECT and self._shape.wrapper.match(window.text, self._at, window.end)):
                self._enter(mark, self._at)
            else:
                yield from self._elements()
        if self._open and not self._has_broken:
            yield self._skipped(BROKEN_JSON)
        if window.failure:
            yield window.failure

    def _reach(self) -> bool:
        """Moves to what comes next, with enough of it in the window; False at the end."""
        window = self._window
        while True:
            blank = _BLANK.match(window.text, self._at, window.end)
            self._at = blank.end() if blank else self._at
            if window.has_ended or window.end - self._at >= _LOOK_AHEAD:
                return self._at < window.end
            self._move()

    def _move(self) -> None:
        self._window.move(self._window.base + self._at)
        self._at = 0

    def _enter(self, mark: int, at: int) -> None:
        self._open.append(mark)
        self._at = at + 1

    def _close(self, mark: int) -> Iterator[Skipped]:
        if self._open[-1:] == bytes([mark - 2]):
            self._open.pop()
        elif not self._has_broken:
            yield self._skipped(BROKEN_JSON)
            self._has_broken = True
        self._at += 1

    def _member(self) -> Iterator[Skipped]:
        """A member of a wrapper: entered or passed over."""
        found = _MEMBER.match(self._window.text, self._at, self._window.end)
        if not found:
            yield from self._break(BROKEN_JSON)
        elif found[1] in self._shape.names and found[2] in (b"[", b"{"):
            self._enter(found[2][0], found.end())
        else:
            self._at = found.end()
            end = self._end()
            if end < 0:
                yield from self._break(DOCUMENT_TOO_LARGE if end == SHORT else BROKEN_JSON)
            else:
                self._at = end

    def _elements(self) -> Iterator[Element | Batch | Skipped]:
        """Those that are taken, or one."""
        begin = self._at
        self._at, is_cut = yield from self._take(self._window, begin)
        if is_cut and self._at and not self._window.has_ended:
            self._move()
        elif self._at == begin:
            yield from self._element()

    def _element(self) -> Iterator[Element | Skipped]:
        end = self._end()
        if end < 0:
            yield from self._break(DOCUMENT_TOO_LARGE if end == SHORT else BROKEN_JSON)
            return
        window = self._window
        offset = window.base + self._at
        yield Element(window.line_number(offset), offset, window.text[self._at : end])
        self._at = end

    def _end(self) -> int:
        """Behind the value at `_at`, for which the window grows; SHORT where it is too large, else BROKEN.

        Looks at more and more of the text, so that a value that never ends costs little before the next start is seen.
        """
        window, size = self._window, _FIRST_LOOK
        while True:
            stop = min(self._at + size, window.end)
            is_all = stop == window.end
            end = end_of_value(window.text, self._at, stop)
            if end >= 0 and (window.text[self._at] in b"[{" or end < stop or (is_all and window.has_ended)):
                return self._within_limit(end)
            is_small = is_all and not window.has_ended and end != UNSURE and stop - self._at < _FIRST_LOOK
            if not is_small:
                start = self._shape.start.search(window.text, self._at + 1, stop)
                end = matching_end(window.text, self._at, start.start() if start else stop)
                if end >= 0:
                    return self._within_limit(end)
                if end == BROKEN or start or (is_all and window.has_ended):
                    return BROKEN
            if stop - self._at > self._limit:
                return SHORT
            size = max(size, stop - self._at) * 4
            if is_all:
                self._grow()

    def _within_limit(self, end: int) -> int:
        return end if end - self._at <= self._limit else SHORT

    def _grow(self) -> None:
        """To twice what is left, so that all looks at a long element together stay linear."""
        wanted = 2 * (self._window.end - self._at)
        self._move()
        while self._window.end < wanted and not self._window.has_ended:
            self._move()

    def _break(self, reason: str) -> Iterator[Skipped]:
        """Goes on with the next start of an element or of a document."""
        yield self._skipped(reason)
        self._has_broken = True
        while self._open[-1:] == b"{":
            self._open.pop()
        window = self._window
        self._at += 1
        while not (found := self._shape.start.search(window.text, self._at, window.end)):
            if window.has_ended:
                self._at = window.end
                return
            self._at = max(self._at, window.end - _OVERLAP)
            self._move()
        self._at = found.start()

    def _skipped(self, reason: str) -> Skipped:
        offset = self._window.base + self._at
        return Skipped(self._window.line_number(offset), offset, reason)
