"""A second process that reads pieces of OTLP/JSON, on POSIX, while there is no compiled kernel and a core is idle.

It gets pieces on its standard input and ends with it, so that it outlives no one, however that one ends. Rows come
back in a file that has no name, as Arrow's stream format: a pipe would have the reader of this process, which waits
for the interpreter, woken for every 64 KiB.
"""

from __future__ import annotations

import gc
import os
import struct
import subprocess
import sys
import tempfile
from contextlib import suppress
from typing import IO

import msgspec
import pyarrow as pa

from deep_code_reasoning.sources.otlp.json_parts import Part, Piece
from deep_code_reasoning.sources.reader import Batch, Skipped
from deep_code_reasoning.sources.stream import Line

_MODULE = "deep_code_reasoning.sources.otlp.json_helper"  # not __name__, which is __main__ in the helper itself
_SIZES = struct.Struct("<QQ")  # of two parts


class _Told(msgspec.Struct):
    """`tables`: names and sizes, in bytes, of what lies one behind the other in the file."""

    tables: list[tuple[str, int]]
    skipped: list[Skipped]
    resources: list[tuple[bytes, int]]


class Helper:
    """`read` may be called from one thread at a time; `kill` from any, and a `read` at work then raises."""

    def __init__(self) -> None:
        self._rows = _nameless_file()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", _MODULE, str(self._rows)],  # -P: the folder one is in may be evidence
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=[self._rows],
                start_new_session=True,  # Ctrl-C is for this process, which then ends the other
            )
        except OSError:
            os.close(self._rows)
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    def read(self, piece: Piece) -> Part:
        """Raises OSError, EOFError or ValueError where the process has died."""
        assert self._process.stdin and self._process.stdout
        places = msgspec.msgpack.encode([(line.number, line.offset, len(line.data)) for line in piece])
        _send(self._process.stdin, places, b"".join(line.data for line in piece))
        told = msgspec.msgpack.decode(_received(self._process.stdout)[0], type=_Told)
        batches, at = [], 0
        for table, size in told.tables:
            content = os.pread(self._rows, size, at)
            batches.append(Batch(table, pa.ipc.open_stream(pa.py_buffer(content)).read_next_batch()))
            at += size
        return Part(batches, told.skipped, told.resources)

    def kill(self) -> None:
        self._process.kill()

    def forget(self) -> None:
        """Gives back what is held; nothing may be reading any more."""
        self.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):  # what was never sent
                if pipe:
                    pipe.close()
        os.close(self._rows)


def _nameless_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("dcr-rows")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _send(pipe: IO[bytes], *parts: bytes) -> None:
    pipe.write(_SIZES.pack(*map(len, parts), *[0] * (2 - len(parts))))
    for part in parts:
        pipe.write(part)
    pipe.flush()


def _received(pipe: IO[bytes]) -> list[bytes]:
    """Raises EOFError where the other process has ended."""
    parts = []
    sizes = pipe.read(_SIZES.size)
    for size in _SIZES.unpack(sizes) if len(sizes) == _SIZES.size else [1]:
        parts.append(pipe.read(size))
        if len(parts[-1]) < size:
            raise EOFError
    return parts


def serve(rows: int) -> None:
    """Reads pieces until there are no more."""
    from deep_code_reasoning.sources.otlp.json import read_piece

    gc.disable()  # as where files are loaded: millions of objects, and no cycles
    with suppress(EOFError, BrokenPipeError):
        while True:
            places, text = _received(sys.stdin.buffer)
            piece, at = [], 0
            for number, offset, size in msgspec.msgpack.decode(places):
                piece.append(Line(number, offset, text[at : at + size]))
                at += size
            part = read_piece(piece)
            tables, end = [], 0
            for table, batch in part.batches:
                sink = pa.BufferOutputStream()
                with pa.ipc.new_stream(sink, batch.schema) as writer:
                    writer.write_batch(batch)
                content = sink.getvalue()
                end += os.pwrite(rows, content, end)
                tables.append((table, content.size))
            _send(sys.stdout.buffer, msgspec.msgpack.encode(_Told(tables, part.skipped, part.resources)))


if __name__ == "__main__":
    serve(int(sys.argv[1]))
