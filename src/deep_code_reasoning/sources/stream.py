"""A file of evidence as a stream of lines: gzip and zstd undone, UTF-16 transcoded, memory and expansion bounded."""

from __future__ import annotations

import codecs
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

from deep_code_reasoning.sources.decompression import Packing, Undone, decompressed, packing_of
from deep_code_reasoning.sources.reader import Sample, Skipped

HEAD_BYTES = 64 * 1024
CHUNK_BYTES = 1 << 20

LINE_TOO_LONG = "line longer than the allowed length"
DOCUMENT_TOO_LARGE = "document larger than what is read as a whole"
READ_FAILED = "the file could not be read further"

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it starts with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True)
class Limits:
    """What a single file may cost. `ratio` is checked once 16 MiB came out of a compressed file."""

    line_bytes: int = 256 << 20
    document_bytes: int = 1 << 30
    ratio: int = 1_000
    decompressed_bytes: int = 64 << 30


class Line(NamedTuple):
    """A line without its newline; `number` counts from 1, `offset` in bytes after decompression (and transcoding)."""

    number: int
    offset: int
    data: bytes


class EvidenceStream:
    """One file or folder of evidence. Opening and reading happen in the methods; each starts at the beginning.

    `name` is the path as the user gave it. `bytes_read` and `size` are positions in the file as it lies on disk
    (for progress), `bytes_out` counts what came out after decompression in the current or last pass.
    """

    def __init__(self, path: Path, name: str | None = None, limits: Limits | None = None) -> None:
        self.path = path
        self.name = name if name is not None else str(path)
        self.limits = limits or Limits()
        self.bytes_read = 0
        self.bytes_out = 0

    @property
    def is_directory(self) -> bool:
        return self.path.is_dir()

    @property
    def size(self) -> int:
        return self.path.stat().st_size

    def head(self, size: int = HEAD_BYTES) -> bytes:
        """Up to `size` bytes after decompression. Raises OSError when the file cannot be opened."""
        return self._head(size)[:size]

    def sample(self) -> Sample:
        """What readers claim by. Raises OSError when the file cannot be opened."""
        if self.is_directory:
            return Sample(self.path, b"", complete=True, is_directory=True)
        head = self._head(HEAD_BYTES + 1)
        return Sample(self.path, head[:HEAD_BYTES], complete=len(head) <= HEAD_BYTES)

    def lines(self) -> Iterator[Line | Skipped]:
        """Every line once, in order; a part that could not be read is a Skipped in its place. Never raises.

        A line is held in memory whole, up to `limits.line_bytes`; a longer one is passed over.
        """
        number, offset, length = 1, 0, 0
        pieces: list[bytes] = []
        for chunk in self.chunks():
            if isinstance(chunk, Skipped):
                if length:
                    yield self._line(number, offset, length, pieces)
                yield Skipped(number, chunk.offset, chunk.reason)
                return
            first, *rest = chunk.split(b"\n")
            length += len(first)
            if length <= self.limits.line_bytes:
                pieces.append(first)
            else:
                pieces.clear()
            if not rest:
                continue
            yield self._line(number, offset, length, pieces)
            offset += length + 1
            last = rest.pop()
            for number, data in enumerate(rest, number + 1):  # noqa: B020 - the count goes on
                if len(data) <= self.limits.line_bytes:
                    yield Line(number, offset, data)
                else:
                    yield Skipped(number, offset, LINE_TOO_LONG)
                offset += len(data) + 1
            number += 1
            pieces, length = [last], len(last)
        if length:
            yield self._line(number, offset, length, pieces)

    def read_all(self) -> tuple[bytes, list[Skipped]]:
        """The whole content, or nothing and the reason where it is larger than `limits.document_bytes`."""
        parts: list[bytes] = []
        skipped: list[Skipped] = []
        total = 0
        for chunk in self.chunks():
            if isinstance(chunk, Skipped):
                skipped.append(chunk)
                break
            total += len(chunk)
            if total > self.limits.document_bytes:
                return b"", [Skipped(None, 0, DOCUMENT_TOO_LARGE)]
            parts.append(chunk)
        return b"".join(parts), skipped

    def chunks(self) -> Iterator[bytes | Skipped]:
        """The content in pieces of about 1 MiB as UTF-8 without a byte order mark; at most one Skipped, at the end."""
        self.bytes_read = self.bytes_out = 0
        try:
            with _open_regular(self.path) as file:
                yield from self._transcoded(self._undone(file))
        except OSError:
            yield Skipped(None, self.bytes_out, READ_FAILED)

    def _line(self, number: int, offset: int, length: int, pieces: list[bytes]) -> Line | Skipped:
        if length > self.limits.line_bytes:
            return Skipped(number, offset, LINE_TOO_LONG)
        return Line(number, offset, b"".join(pieces) if len(pieces) > 1 else pieces[0])

    def _head(self, size: int) -> bytes:
        _open_regular(self.path).close()
        head = b""
        for chunk in self.chunks():
            if isinstance(chunk, Skipped):
                break
            head += chunk
            if len(head) >= size:
                break
        return head

    def _undone(self, file: BinaryIO) -> Iterator[bytes | Skipped]:
        start = file.read(CHUNK_BYTES)
        packing = packing_of(start)
        if packing is Packing.NONE:
            yield from self._raw(file, start)
            return
        for part in decompressed(self._raw(file, start), packing, self.limits.ratio, self.limits.decompressed_bytes):
            if isinstance(part, Undone):
                yield Skipped(None, part.offset, part.reason)
            else:
                yield part

    def _raw(self, file: BinaryIO, start: bytes) -> Iterator[bytes]:
        chunk = start
        while chunk:
            self.bytes_read += len(chunk)
            yield chunk
            chunk = file.read(CHUNK_BYTES)

    def _transcoded(self, chunks: Iterator[bytes | Skipped]) -> Iterator[bytes | Skipped]:
        """Passes UTF-8 through; UTF-16 and UTF-32 with a byte order mark become UTF-8, broken units U+FFFD."""
        decoder: codecs.IncrementalDecoder | None = None
        first = True
        for chunk in chunks:
            if isinstance(chunk, Skipped):
                yield chunk
                return
            if first:
                chunk, decoder = _without_mark(chunk)
                first = False
            if decoder:
                chunk = decoder.decode(chunk).encode("utf-8", "replace")
            self.bytes_out += len(chunk)
            yield chunk
        if decoder and (end := decoder.decode(b"", True).encode("utf-8", "replace")):
            self.bytes_out += len(end)
            yield end


def _without_mark(chunk: bytes) -> tuple[bytes, codecs.IncrementalDecoder | None]:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if chunk.startswith(mark):
            return chunk[len(mark) :], codecs.getincrementaldecoder(encoding)("replace")
    return chunk.removeprefix(codecs.BOM_UTF8), None


def _open_regular(path: Path) -> BinaryIO:
    """Opens for reading; a pipe, socket or device is refused with OSError instead of being waited on."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(f"{path} is not a regular file")
        return os.fdopen(descriptor, "rb", buffering=0)
    except OSError:
        os.close(descriptor)
        raise
