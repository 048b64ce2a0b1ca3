"""Shares out pieces of a source to helpers and to this process; what becomes of them is given in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

from deep_code_reasoning.sources.otlp.json_helper import Helper
from deep_code_reasoning.sources.otlp.json_parts import Part, Piece
from deep_code_reasoning.sources.stream import Line

PIECE_BYTES = 2 << 20
AT_A_HELPER = 2  # pieces: the one it reads, and the next
MOST_WAITING = 16  # pieces, as text or as rows

_DIED = (OSError, EOFError, ValueError)


class Sharing:
    """`add` documents; `ready` and `finish` give what was read. `close` leaves no process behind."""

    def __init__(self, read: Callable[[Piece], Part], helpers: int) -> None:
        self._read = read
        self._gathered: Piece = []
        self._bytes = 0
        self._waiting: deque[tuple[Piece, Future[Part]]] = deque()
        self._helpers: list[tuple[Helper, ThreadPoolExecutor]] = []
        with suppress(OSError):  # no process to be had: all is read here
            for _ in range(helpers):
                self._helpers.append((Helper(), ThreadPoolExecutor(1, "json-helper")))
        self._given: dict[Helper, list[Future[Part]]] = {helper: [] for helper, _ in self._helpers}

    def add(self, document: Line) -> Iterator[Part]:
        self._gathered.append(document)
        self._bytes += len(document.data)
        if self._bytes >= PIECE_BYTES:
            self._share()
            while self._waiting and (self._waiting[0][1].done() or len(self._waiting) > MOST_WAITING):
                yield self._next()

    def finish(self) -> Iterator[Part]:
        if self._gathered:
            self._share()
        while self._waiting:
            yield self._next()

    def close(self) -> None:
        for helper, thread in self._helpers:
            helper.kill()
            thread.shutdown(cancel_futures=True)
            helper.forget()
        self._helpers.clear()

    def _share(self) -> None:
        """To a helper that has nothing waiting, else here."""
        piece, self._gathered, self._bytes = self._gathered, [], 0
        for helper, thread in self._helpers:
            given = self._given[helper] = [one for one in self._given[helper] if not one.done()]
            if len(given) < AT_A_HELPER:
                given.append(thread.submit(helper.read, piece))
                self._waiting.append((piece, given[-1]))
                return
        done: Future[Part] = Future()
        done.set_result(self._read(piece))
        self._waiting.append((piece, done))

    def _next(self) -> Part:
        piece, future = self._waiting.popleft()
        try:
            return future.result()
        except _DIED:
            return self._read(piece)
