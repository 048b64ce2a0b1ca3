"""Texts of files cut into the words of their documents, on all cores: helper processes take batches beside this one.

Cutting is three quarters of a first index and holds the interpreter, so threads would not help. A helper is this
module run as a program, that answers each batch it reads before it reads the next; it ends with its input. What a
helper cannot do, as it was killed, is done here.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import IO

import msgspec

from deep_code_reasoning.code.index.definitions import defined_names
from deep_code_reasoning.code.index.words import Words, words_of_path

BATCH_BYTES = 1 << 20
WORTH_FILES = 4_000
"""Fewer are cut sooner than a helper starts."""
MOST_HELPERS = 3
_LENGTH = 8
_PACKAGE_ROOT = Path(__file__).parents[3]


class Text(msgspec.Struct, array_like=True, gc=False):
    """`path` as shown: bytes that are no UTF-8 replaced."""

    file: int
    path: str
    data: bytes


class Split(msgspec.Struct, array_like=True, gc=False):
    """The three texts of a document, words parted by blanks."""

    file: int
    words: str
    path: str
    defines: str


class Splitting:
    """`give` takes texts and gives those that are done, in any order; `rest` gives the others. Use as a context."""

    def __init__(self, files: int, cores: int) -> None:
        self._count = min(MOST_HELPERS, cores - 1) if files >= WORTH_FILES else 0
        self._helpers: SimpleQueue[subprocess.Popen[bytes] | None] = SimpleQueue()
        self._started: list[subprocess.Popen[bytes]] = []
        self._threads: ThreadPoolExecutor | None = None
        self._waiting: set[Future[list[Split]]] = set()
        self._batch: list[Text] = []
        self._bytes = 0
        self._words = Words()

    def __enter__(self) -> Splitting:
        if self._count > 0:
            self._threads = ThreadPoolExecutor(self._count)
        for _ in range(self._count):
            command = [
                sys.executable,
                "-P",
                "-c",
                f"import sys; sys.path.insert(0, {str(_PACKAGE_ROOT)!r}); {_PROGRAM}",
            ]
            pipe = subprocess.PIPE
            helper = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)
            self._started.append(helper)
            self._helpers.put(helper)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for helper in self._started:
            helper.kill()
        if self._threads:
            self._threads.shutdown()
        for helper in self._started:
            for stream in (helper.stdin, helper.stdout):
                with suppress(OSError):  # what it had not read yet is lost: it is dead
                    assert stream
                    stream.close()
            helper.wait()

    def give(self, text: Text) -> Iterator[Split]:
        self._batch.append(text)
        self._bytes += len(text.data)
        if self._bytes >= BATCH_BYTES:
            yield from self._send()

    def rest(self) -> Iterator[Split]:
        yield from self._send()
        while self._waiting:
            yield from self._done(wait_for_one=True)

    def _send(self) -> Iterator[Split]:
        batch, self._batch, self._bytes = self._batch, [], 0
        if self._threads and len(self._waiting) <= self._count:  # each has its batch, and one waits
            self._waiting.add(self._threads.submit(self._ask, batch))
        else:
            yield from (split(text, self._words) for text in batch)
        yield from self._done()

    def _done(self, *, wait_for_one: bool = False) -> Iterator[Split]:
        done, self._waiting = wait(self._waiting, None if wait_for_one else 0, FIRST_COMPLETED)
        for future in done:
            yield from future.result()

    def _ask(self, batch: list[Text]) -> list[Split]:
        """In a thread: one batch to a helper and back."""
        helper = self._helpers.get()
        try:
            if helper and helper.stdin and helper.stdout:
                _write(helper.stdin, msgspec.msgpack.encode(batch))
                if answer := _read(helper.stdout):
                    return msgspec.msgpack.decode(answer, type=list[Split])
        except (OSError, ValueError, msgspec.DecodeError):
            pass
        finally:
            self._helpers.put(helper if helper and helper.poll() is None else None)
        words = Words()
        return [split(text, words) for text in batch]


def split(text: Text, words: Words) -> Split:
    content = text.data.decode("utf-8", "replace")
    defines = " ".join(name.lower() for name in defined_names(text.path, content))
    return Split(text.file, words.of(content), " ".join(words_of_path(text.path)), defines)


def helper_main() -> None:
    """The program of a helper: batches from standard input, answers to standard output."""
    words = Words()
    while batch := _read(sys.stdin.buffer):
        texts = msgspec.msgpack.decode(batch, type=list[Text])
        _write(sys.stdout.buffer, msgspec.msgpack.encode([split(text, words) for text in texts]))


_PROGRAM = f"from {__name__} import helper_main; helper_main()"


def _write(stream: IO[bytes], data: bytes) -> None:
    stream.write(len(data).to_bytes(_LENGTH, "big"))
    stream.write(data)
    stream.flush()


def _read(stream: IO[bytes]) -> bytes:
    """Empty where the stream ended."""
    length = stream.read(_LENGTH)
    data = stream.read(int.from_bytes(length, "big")) if len(length) == _LENGTH else b""
    return data if len(data) == int.from_bytes(length, "big") else b""
