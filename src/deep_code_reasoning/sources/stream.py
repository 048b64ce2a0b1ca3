"""A file of evidence as a stream of lines: gzip and zstd undone, UTF-16 transcoded, memory and expansion bounded."""

from __future__ import annotations

import codecs
import os
import stat
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from io import FileIO
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from deep_code_reasoning.content_hash import content_hash
from deep_code_reasoning.kernels.cache import Kernels
from deep_code_reasoning.sources.ahead import ahead
from deep_code_reasoning.sources.decompression import Bounds, Packing, Undone, decompressed, packing_of
from deep_code_reasoning.sources.reader import Sample, Skipped

if TYPE_CHECKING:
    from deep_code_reasoning.sources.archives.member import Member

HEAD_BYTES = 64 * 1024
CHUNK_BYTES = 1 << 20
AHEAD = 2  # pieces of up to 4 MiB that wait for the reader
SMALL_BYTES = 1 << 20  # compressed, and undone before a thread has started

LINE_TOO_LONG = "line longer than the allowed length"
DOCUMENT_TOO_LARGE = "document larger than what is read as a whole"
READ_FAILED = "the file could not be read further"

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it starts with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF8, "utf-8"),
)
_LOOK_BYTES = 4096
_MOST_STRANGE = 0.02  # of the characters of a text: what no one can print
_LEAST_ASCII = 0.1


@dataclass(frozen=True)
class Limits:
    """What a single file may cost. `ratio` is checked once 16 MiB came out of a compressed file."""

    line_bytes: int = 256 << 20
    document_bytes: int = 1 << 30
    ratio: int = 1_000
    decompressed_bytes: int = 64 << 30


Piece = bytes | memoryview
Room = Callable[[int], memoryview]  # memory for so many bytes


class Line(NamedTuple):
    """A line without its newline; `number` counts from 1, `offset` in bytes after decompression (and transcoding)."""

    number: int
    offset: int
    data: bytes


class EvidenceStream:
    """One file, folder or member of an archive. Opening and reading happen in the methods, from the beginning each.

    `name` is the path as the user gave it; a member's `path` is one in words only. `cores`: how many
    processors reading may use. `bytes_read` and `size` are
    positions in the file as it lies on disk (for progress), `bytes_out` counts what came out after decompression in
    the current or last pass. `content_hash` is of the file as it lies on disk, once a pass has read it to its end.
    """

    def __init__(
        self,
        path: Path,
        name: str | None = None,
        limits: Limits | None = None,
        member: Member | None = None,
        kernels: Kernels | None = None,
        cores: int = 1,
    ) -> None:
        self.path = path
        self.member = member
        self.name = name if name is not None else str(path)
        self.limits = limits or Limits()
        self.cores = cores
        self.kernels = kernels or Kernels(None)
        self.bytes_read = 0
        self.bytes_out = 0
        self.content_hash = ""

    @property
    def is_directory(self) -> bool:
        return self.member is None and self.path.is_dir()

    @property
    def size(self) -> int:
        return self.member.size if self.member else self.path.stat().st_size

    def head(self, size: int = HEAD_BYTES) -> bytes:
        """Up to `size` bytes after decompression. Raises OSError when the file cannot be opened."""
        return self._head(size)[0][:size]

    def sample(self) -> Sample:
        """What readers claim by. Raises OSError when the file cannot be opened."""
        if self.is_directory:
            return Sample(self.path, b"", complete=True, is_directory=True)
        head, failure = self._head(HEAD_BYTES + 1)
        return Sample(self.path, head[:HEAD_BYTES], complete=len(head) <= HEAD_BYTES, failure=failure)

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
        """The content in pieces of 1 to 4 MiB as UTF-8 without a byte order mark; at most one Skipped, at the end.

        What is decompressed is so in a thread of its own, while the piece before is worked on.
        """
        return cast("Iterator[bytes | Skipped]", self.pieces(None))

    def pieces(self, room: Room | None) -> Iterator[Piece | Skipped]:
        """The chunks; one that is a view lies in the memory that `room` gave last, from its start."""
        self.bytes_read = self.bytes_out = 0
        try:
            yield from self._transcoded(self._pass(threaded=True, room=room))
        except OSError:
            yield Skipped(None, self.bytes_out, READ_FAILED)

    def _line(self, number: int, offset: int, length: int, pieces: list[bytes]) -> Line | Skipped:
        if length > self.limits.line_bytes:
            return Skipped(number, offset, LINE_TOO_LONG)
        return Line(number, offset, b"".join(pieces) if len(pieces) > 1 else pieces[0])

    def _head(self, size: int) -> tuple[bytes, str | None]:
        """The start, and why it ends before `size`, where that is a failure."""
        self.bytes_read = self.bytes_out = 0
        head, failure = b"", None
        with closing(self._pass(threaded=False)) as content:
            for chunk in self._transcoded(content):
                if isinstance(chunk, Skipped):
                    failure = chunk.reason
                    break
                head += chunk
                if len(head) >= size:
                    break
        return head, failure

    def _pass(self, *, threaded: bool, room: Room | None = None) -> Generator[Piece | Skipped]:
        """The content once. Raises OSError."""
        source = _Pass(self.path, self.member, room)
        content = source.content(self.limits)
        if threaded and source.is_worth_a_thread(self.size):
            content = ahead(content, AHEAD)
        for self.bytes_read, part in content:
            yield part
        self.content_hash = source.content_hash or self.content_hash

    def _transcoded(self, chunks: Iterator[Piece | Skipped]) -> Iterator[Piece | Skipped]:
        """Passes UTF-8 through; UTF-16 and UTF-32 with a byte order mark become UTF-8, broken units U+FFFD."""
        decoder: codecs.IncrementalDecoder | None = None
        first = True
        for chunk in chunks:
            if isinstance(chunk, Skipped):
                yield chunk
                return
            if first:
                chunk, decoder = _without_mark(bytes(chunk))
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
            rest = chunk[len(mark) :]
            if _is_text(rest[:_LOOK_BYTES], encoding):
                return rest, None if mark == codecs.BOM_UTF8 else codecs.getincrementaldecoder(encoding)("replace")
    return chunk, None


def _is_text(head: bytes, encoding: str) -> bool:
    """Whether what looks like a byte order mark is one: a length before a binary message can have the same bytes.

    Evidence of any language has its digits, spaces and punctuation in ASCII; pairs of bytes of something else decode
    to ideographs, private and unassigned characters.
    """
    text = codecs.getincrementaldecoder(encoding)("replace").decode(head)
    strange = sum(not (c.isprintable() or c.isspace() or c == "\x1b") or c == "\ufffd" for c in text)
    return strange <= max(1, len(text) * _MOST_STRANGE) and sum(c.isascii() for c in text) >= len(text) * _LEAST_ASCII


class _Pass:
    """One reading of a file or member; what it yields comes with how many bytes were read of it so far."""

    def __init__(self, path: Path, member: Member | None, room: Room | None) -> None:
        self._path = path
        self._member = member
        self._room = room
        self._is_packed = True  # until the first piece shows that it is not
        self._read = 0
        self._cut: Undone | None = None
        self.content_hash = ""

    def is_worth_a_thread(self, size: int) -> bool:
        if size < SMALL_BYTES:
            return False
        if self._member:
            return self._member.is_packed
        with closing(self._raw()) as start:
            return packing_of(bytes(next(start, b""))) is not Packing.NONE

    def content(self, limits: Limits) -> Iterator[tuple[int, Piece | Skipped]]:
        raw = self._raw()
        start = bytes(next(raw, b""))  # a view only once it is known to be unpacked
        packing = packing_of(start)
        whole = chain([start] if start else [], raw)
        parts: Iterator[Piece | Undone] = whole
        self._is_packed = packing is not Packing.NONE
        if self._is_packed:
            passes = cast("Iterator[Iterator[bytes]]", chain([whole], iter(self._raw, None)))
            parts = decompressed(lambda: next(passes), packing, Bounds(limits.ratio, limits.decompressed_bytes))
        given = 0
        for part in parts:
            if isinstance(part, Undone):
                yield self._read, Skipped(None, part.offset, self._cut.reason if self._cut else part.reason)
                return
            given += len(part)
            yield self._read, part
        if self._cut:
            yield self._read, Skipped(None, given, self._cut.reason)

    def _raw(self) -> Generator[Piece]:
        """The bytes as they lie in the file or the archive."""
        self._read, self._cut = 0, None
        if self._member:
            for part in self._member.opened():
                if isinstance(part, Undone):
                    self._cut = part
                    return
                self._read += len(part)
                yield part
            return
        digest = content_hash()  # of each piece while it is in the processor's cache: no one reads the file for that
        with open_regular(self._path) as file:
            while chunk := self._next_of(file):
                self._read += len(chunk)
                digest.update(chunk)
                yield chunk
        self.content_hash = digest.hexdigest()

    def _next_of(self, file: FileIO) -> Piece:
        if self._room is None or self._is_packed:
            return file.read(CHUNK_BYTES)
        room = self._room(CHUNK_BYTES)
        return room[: file.readinto(room)]


def open_regular(path: Path) -> FileIO:
    """Opens for reading; a pipe, socket or device is refused with OSError instead of being waited on.

    `path` has its links resolved, and was found to be under the allowed roots. Since then a folder on the way may have
    become a link: what was opened has to be what was named, by the kernel's word where it gives one.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(path, flags)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(f"{path} is not a regular file")
        if (opened := _opened(descriptor)) and opened != os.fspath(path):
            raise OSError(f"{path} was moved, or became a link, while it was opened")
        return FileIO(descriptor)
    except OSError:
        os.close(descriptor)
        raise


def _opened(descriptor: int) -> str | None:
    """Where the file lies that was opened; None where the system does not tell, or the file has been deleted."""
    try:
        link = os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115  a Path would change a name it finds odd
    except OSError:
        return None
    return None if link.endswith(" (deleted)") else link
