"""A second process that reads pieces of OTLP/JSON, on POSIX, while there is no compiled kernel and a core is idle.

Texts and rows (Arrow's stream format) pass in files that have no name, and only their sizes in pipes: who gives a piece
never waits, and no thread has to be woken, which would wait for the interpreter each time. The helper ends with its
standard input, so that it outlives no one, however that one ends.
"""

from __future__ import annotations

import gc
import os
import select
import struct
import subprocess
import sys
import tempfile
from contextlib import suppress

import msgspec
import pyarrow as pa

from deep_code_reasoning.sources.otlp.json_parts import Part, Piece
from deep_code_reasoning.sources.reader import Batch, Skipped
from deep_code_reasoning.sources.stream import Line

AT_ONCE = 2  # pieces at a helper: the one it reads, and the next

_MODULE = "deep_code_reasoning.sources.otlp.json_helper"  # not __name__, which is __main__ in the helper itself
_SIZES = struct.Struct("<QQ")  # of the places and the text of a piece
_SIZE = struct.Struct("<Q")  # of what is told of it


class _Told(msgspec.Struct):
    """`tables`: names and sizes, in bytes, of what lies one behind the other in the file."""

    tables: list[tuple[str, int]]
    skipped: list[Skipped]
    resources: list[tuple[bytes, int]]


class Helper:
    """`give` pieces, at most AT_ONCE before the first of them is taken; `take` what was read, in their order.

    Both raise OSError, EOFError or ValueError where the process has died.
    """

    def __init__(self) -> None:
        self._files = [_nameless_file() for _ in range(AT_ONCE)]
        self._given = self._taken = 0
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", _MODULE, *map(str, self._files)],  # -P: the folder one is in is evidence
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                pass_fds=self._files,
                start_new_session=True,  # Ctrl-C is for this process, which then ends the other
            )
        except OSError:
            self._close_files()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def has_room(self) -> bool:
        return self._given - self._taken < AT_ONCE

    @property
    def has_read(self) -> bool:
        """Whether `take` would not wait."""
        asked = select.poll()
        asked.register(self._answers, select.POLLIN)
        return bool(asked.poll(0))

    def give(self, piece: Piece) -> None:
        assert self._process.stdin
        places = msgspec.msgpack.encode([(line.number, line.offset, len(line.data)) for line in piece])
        text = b"".join(line.data for line in piece)
        file = self._files[self._given % AT_ONCE]
        _put(file, text, _put(file, places, 0))
        self._given += 1
        os.write(self._process.stdin.fileno(), _SIZES.pack(len(places), len(text)))

    def take(self) -> Part:
        file = self._files[self._taken % AT_ONCE]
        self._taken += 1
        (size,) = _SIZE.unpack(_read(self._answers, _SIZE.size))
        told = msgspec.msgpack.decode(_read(self._answers, size), type=_Told)
        batches, at = [], 0
        for table, size in told.tables:
            content = os.pread(file, size, at)
            batches.append(Batch(table, pa.ipc.open_stream(pa.py_buffer(content)).read_next_batch()))
            at += size
        return Part(batches, told.skipped, told.resources)

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()
        self._close_files()

    @property
    def _answers(self) -> int:
        assert self._process.stdout
        return self._process.stdout.fileno()

    def _close_files(self) -> None:
        for file in self._files:
            os.close(file)


def _nameless_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("dcr-piece")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _put(file: int, content: bytes | pa.Buffer, at: int) -> int:
    """Returns where it ends."""
    view = memoryview(content)
    while view.nbytes:
        written = os.pwrite(file, view, at)
        at, view = at + written, view[written:]
    return at


def _read(pipe: int, size: int) -> bytes:
    """Raises EOFError where the other process has ended."""
    parts = []
    while size:
        part = os.read(pipe, size)
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _piece(file: int, places: int, text: int) -> Piece:
    content, piece, at = os.pread(file, text, places), [], 0
    for number, offset, size in msgspec.msgpack.decode(os.pread(file, places, 0)):
        piece.append(Line(number, offset, content[at : at + size]))
        at += size
    return piece


def serve(files: list[int]) -> None:
    """Reads pieces until there are no more."""
    from deep_code_reasoning.sources.otlp.json import read_piece

    gc.disable()  # as where files are loaded: millions of objects, and no cycles
    orders, answers = sys.stdin.fileno(), sys.stdout.fileno()
    with suppress(EOFError, BrokenPipeError):
        while True:
            for file in files:
                part = read_piece(_piece(file, *_SIZES.unpack(_read(orders, _SIZES.size))))
                tables, end = [], 0
                for table, batch in part.batches:
                    sink = pa.BufferOutputStream()
                    with pa.ipc.new_stream(sink, batch.schema) as writer:
                        writer.write_batch(batch)
                    begin, end = end, _put(file, sink.getvalue(), end)
                    tables.append((table, end - begin))
                told = msgspec.msgpack.encode(_Told(tables, part.skipped, part.resources))
                with open(answers, "wb", closefd=False) as pipe:
                    pipe.write(_SIZE.pack(len(told)) + told)


if __name__ == "__main__":
    serve([int(file) for file in sys.argv[1:]])
