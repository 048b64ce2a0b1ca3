"""Shares out pieces of a source to helpers and to this process; what becomes of them is given in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from deep_code_reasoning.sources.otlp.json_helper import Helper
from deep_code_reasoning.sources.otlp.json_parts import Part, Piece
from deep_code_reasoning.sources.stream import Line

PIECE_BYTES = 2 << 20
MOST_WAITING = 16  # pieces, as text or as rows

_DIED = (OSError, EOFError, ValueError)


@dataclass
class _Shared:
    """A piece, and what was read of it, as soon as it is known."""

    piece: Piece
    part: Part | None = None


class Sharing:
    """`add` documents; `add` and `finish` give what was read. `close` leaves no process behind."""

    def __init__(self, read: Callable[[Piece], Part], helpers: int) -> None:
        self._read = read
        self._gathered: Piece = []
        self._bytes = 0
        self._waiting: deque[_Shared] = deque()
        self._helpers: list[tuple[Helper, deque[_Shared]]] = []
        with suppress(OSError):  # no process to be had: all is read here
            for _ in range(helpers):
                self._helpers.append((Helper(), deque()))

    def add(self, document: Line) -> Iterator[Part]:
        self._gathered.append(document)
        self._bytes += len(document.data)
        if self._bytes >= PIECE_BYTES:
            self._share()
            yield from self._given(MOST_WAITING)

    def finish(self) -> Iterator[Part]:
        if self._gathered:
            self._share()
        yield from self._given(0)

    def close(self) -> None:
        for helper, _ in self._helpers:
            helper.end()
        self._helpers.clear()

    def _share(self) -> None:
        """To a helper that has nothing waiting, else here."""
        shared = _Shared(self._gathered)
        self._gathered, self._bytes = [], 0
        self._waiting.append(shared)
        self._take_what_is_read()
        for helper, pieces in list(self._helpers):
            if helper.has_room:
                pieces.append(shared)
                try:
                    helper.give(shared.piece)
                except _DIED:
                    self._lose(helper, pieces)
                return
        shared.part = self._read(shared.piece)
        self._take_what_is_read()

    def _given(self, most: int) -> Iterator[Part]:
        """The first pieces, as far as they are read; waits until no more than `most` are left."""
        while self._waiting and (self._waiting[0].part or len(self._waiting) > most):
            while (part := self._waiting[0].part) is None:
                helper, pieces = next(one for one in self._helpers if one[1] and one[1][0] is self._waiting[0])
                self._take(helper, pieces)
            self._waiting.popleft()
            yield part

    def _take_what_is_read(self) -> None:
        for helper, pieces in list(self._helpers):
            while (helper, pieces) in self._helpers and pieces and helper.has_read:
                self._take(helper, pieces)

    def _take(self, helper: Helper, pieces: deque[_Shared]) -> None:
        """What it has read of its first piece."""
        try:
            pieces[0].part = helper.take()
            pieces.popleft()
        except _DIED:
            self._lose(helper, pieces)

    def _lose(self, helper: Helper, pieces: deque[_Shared]) -> None:
        """It has died: what it had is read here, and it is given no more."""
        self._helpers.remove((helper, pieces))
        helper.end()
        for shared in pieces:
            shared.part = self._read(shared.piece)
