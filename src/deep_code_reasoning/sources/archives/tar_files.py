"""tar (POSIX 1003.1, GNU and pax), plain or compressed; a compressed one is undone from front to back, never kept."""

from __future__ import annotations

import io
import tarfile
from collections import deque
from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import BinaryIO, cast

from deep_code_reasoning.content_hash import content_hash
from deep_code_reasoning.sources.archives.member import (
    CUT_OFF,
    DAMAGED,
    HEAD_BYTES,
    LINK,
    NO_CONTENT,
    NO_END,
    Found,
    Lost,
    Member,
    Opened,
    slice_of,
)
from deep_code_reasoning.sources.decompression import Bounds, Packing, Undone, decompressed

_BLOCK = 512
_LARGEST_HEADER = 1 << 20  # of a pax header or a long name, which tarfile reads as a whole
_KEPT_BYTES = 128 << 10  # to go back to the start of a member after its head was looked at

Undoing = Callable[[], Iterator[bytes | Undone]]


def is_tar(head: bytes) -> bool:
    """By the checksum of the first header, which the oldest tars have as well."""
    if len(head) < _BLOCK:
        return False
    try:
        tarfile.TarInfo.frombuf(head[:_BLOCK], "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError):
        return False
    return True


def tar_members(opened: Opened, packing: Packing, bounds: Bounds) -> Iterator[Found | Lost]:
    """Raises OSError."""
    if packing is Packing.NONE:
        with opened() as file:
            size = file.seek(0, 2)
            yield from _listed(_Headers(file, file.seek(0)), partial(_plain_found, opened, file, size))
        return
    undoing = partial(decompressed, partial(slice_of, opened, 0, 1 << 62), packing, bounds)
    reading = _Undoing(undoing)  # shared by the members, which are read one after the other
    listing = _Undoing(undoing)
    try:
        yield from _listed(_Headers(cast(BinaryIO, listing), 0), partial(_packed_found, listing, reading))
    finally:
        listing.close()
    if listing.undone:
        yield Lost(None, listing.undone.reason, listing.undone.offset)


class _Headers(io.RawIOBase):
    """What tarfile reads headers from: forward only, no header of any size, and the last block remembered."""

    def __init__(self, file: BinaryIO, start: int) -> None:
        self._file = file
        self.last = b""
        self.position = start

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _LARGEST_HEADER:
            raise tarfile.ReadError("header too large")
        self._file.seek(self.position)
        self.last = self._file.read(size)
        self.position += len(self.last)
        return self.last

    def seek(self, offset: int, whence: int = 0) -> int:
        self.position = offset
        return offset

    def tell(self) -> int:
        return self.position


def _listed(headers: _Headers, found: Callable[[tarfile.TarInfo], Found | Lost]) -> Iterator[Found | Lost]:
    try:
        archive = tarfile.TarFile(fileobj=cast(BinaryIO, headers), errors="surrogateescape")
        while info := archive.next():
            archive.members.clear()  # ty: ignore[missing-attribute] - else one long list of what was seen
            if info.isdir():
                continue
            if info.issym() or info.islnk():
                yield Lost(info.name, LINK)
            elif not info.isreg() or info.issparse():
                yield Lost(info.name, NO_CONTENT)
            else:
                part = found(info)
                yield part
                if isinstance(part, Lost):
                    return
    except (tarfile.TarError, ValueError, OverflowError, IndexError, UnicodeError):
        yield Lost(None, DAMAGED, headers.position)
        return
    if headers.last.strip(b"\0"):
        yield Lost(None, DAMAGED if len(headers.last) == _BLOCK else NO_END, headers.position)
    elif len(headers.last) < _BLOCK:
        yield Lost(None, NO_END, headers.position)


def _plain_found(opened: Opened, file: BinaryIO, end: int, info: tarfile.TarInfo) -> Found | Lost:
    if info.offset_data + info.size > end:
        return Lost(info.name, CUT_OFF)
    file.seek(info.offset_data)
    head = file.read(min(info.size, HEAD_BYTES))
    return Found(info.name, Member(info.size, partial(slice_of, opened, info.offset_data, info.size), False), head)


def _packed_found(listing: _Undoing, reading: _Undoing, info: tarfile.TarInfo) -> Found | Lost:
    """Hashed while it passes by: to do so later would mean to undo the archive once more."""
    digest = content_hash()
    head, rest = b"", info.size
    for part in listing.passage(info.offset_data, info.size):
        if isinstance(part, bytes):
            rest -= len(part)
            digest.update(part)
            head += part[: HEAD_BYTES - len(head)]
    if rest:
        return Lost(info.name, CUT_OFF)
    opened = partial(reading.passage, info.offset_data, info.size)
    return Found(info.name, Member(info.size, opened, True, digest.hexdigest()), head)


class _Undoing:
    """A place in a stream that can only be read forward: going on is free, going back starts anew.

    The last pieces are kept, so that looking at a member's head and then reading it is going on.
    """

    def __init__(self, opened: Undoing) -> None:
        self._opened = opened
        self._parts: Iterator[bytes | Undone] | None = None
        self._kept: deque[tuple[int, bytes]] = deque()
        self._end = 0
        self._position = 0
        self.undone: Undone | None = None

    def passage(self, start: int, size: int) -> Generator[bytes | Undone]:
        """`size` bytes from `start` on; an Undone where the stream ends before."""
        while size > 0:
            piece = self._piece_at(start)
            if piece is None:
                yield self.undone or Undone(start, CUT_OFF)
                return
            offset, data = piece
            part = data[start - offset : start - offset + size]
            start += len(part)
            size -= len(part)
            yield part

    def seek(self, position: int) -> int:
        self._position = position
        return position

    def read(self, size: int) -> bytes:
        data = b"".join(part for part in self.passage(self._position, size) if isinstance(part, bytes))
        self._position += len(data)
        return data

    def close(self) -> None:
        self._parts = None
        self._kept.clear()
        self._end = 0

    def _piece_at(self, place: int) -> tuple[int, bytes] | None:
        if self._parts is None or (self._kept and place < self._kept[0][0]):
            self.close()
            self._parts, self.undone = self._opened(), None
        while place >= self._end:
            part = next(self._parts, None)
            if part is None or isinstance(part, Undone):
                self.undone = part or self.undone
                return None
            self._kept.append((self._end, part))
            self._end += len(part)
            while self._end - self._kept[0][0] - len(self._kept[0][1]) >= _KEPT_BYTES:
                self._kept.popleft()
        return next(kept for kept in self._kept if kept[0] <= place < kept[0] + len(kept[1]))
