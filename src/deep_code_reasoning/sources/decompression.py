"""gzip (RFC 1952, any number of members) and zstd (RFC 8878, any number of frames) undone in bounded memory.

Neither codec is told apart by the file's name. What came out before a truncation or a broken block is kept.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from enum import Enum
from typing import NamedTuple

OUT_BYTES = 1 << 20
RATIO_FLOOR = 16 << 20  # small files may expand as they like: a few empty log lines reach any ratio
_ZSTD_PIECE = 4096  # a 4-byte block may stand for 128 KiB: this bounds one step to 128 MiB, ordinarily 40 KiB

TRUNCATED = "compressed data ends before its end mark"
BROKEN = "compressed data is damaged from here on"
TRAILING = "bytes after the end of the compressed data"
BOMB_RATIO = "expands more than the allowed ratio (a decompression bomb)"
BOMB_SIZE = "expands to more than the allowed size (a decompression bomb)"
WINDOW = "zstd frame needs a window of more than 128 MiB"


class Packing(Enum):
    NONE = b""
    GZIP = b"\x1f\x8b"
    ZSTD = b"\x28\xb5\x2f\xfd"


class Undone(NamedTuple):
    """Where, in bytes after decompression, reading had to stop and why; always the last item."""

    offset: int
    reason: str


class _Stop(Exception):
    """Carries the fixed reason for which the rest of the file is not read."""


def packing_of(start: bytes) -> Packing:
    """By magic number; a zstd file may open with a skippable frame (pzstd, seekable zstd)."""
    if start.startswith(Packing.GZIP.value):
        return Packing.GZIP
    if start.startswith(Packing.ZSTD.value) or (len(start) >= 4 and _is_skippable(start)):
        return Packing.ZSTD
    return Packing.NONE


def decompressed(chunks: Iterator[bytes], packing: Packing, max_ratio: int, max_bytes: int) -> Iterator[bytes | Undone]:
    """The content in pieces of about 1 MiB, then an Undone where the data is damaged, cut or expands too much."""
    steps = _gunzip(chunks) if packing is Packing.GZIP else _unzstd(chunks)
    taken = given = 0
    pending: list[bytes] = []
    held = 0
    try:
        for consumed, piece in steps:
            taken += consumed
            held += len(piece)
            pending.append(piece)
            total = given + held
            if total > max_bytes:
                raise _Stop(BOMB_SIZE)
            if total > RATIO_FLOOR and total > taken * max_ratio:
                raise _Stop(BOMB_RATIO)
            if held >= OUT_BYTES:
                given += held
                yield b"".join(pending)
                pending, held = [], 0
    except _Stop as stop:
        if held:
            yield b"".join(pending)
        yield Undone(given + held, str(stop))
        return
    if held:
        yield b"".join(pending)


def _gunzip(chunks: Iterator[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yields (compressed bytes consumed, piece of at most OUT_BYTES)."""
    member = zlib.decompressobj(31)
    fresh = True  # nothing of the current member was seen
    for chunk in chunks:
        data = chunk
        while data:
            if fresh and not _starts_member(data, Packing.GZIP.value):
                return
            fresh = False
            before = len(data)
            piece = _checked(lambda data=data, member=member: member.decompress(data, OUT_BYTES), zlib.error)
            data = member.unused_data if member.eof else member.unconsumed_tail
            yield before - len(data), piece
            if member.eof:
                member, fresh = zlib.decompressobj(31), True
    if not fresh:
        yield 0, _checked(member.flush, zlib.error)
        if not member.eof:
            raise _Stop(TRUNCATED)


def _unzstd(chunks: Iterator[bytes]) -> Iterator[tuple[int, bytes]]:
    import zstandard

    decompressor = zstandard.ZstdDecompressor()
    frame = decompressor.decompressobj()
    fresh = True
    for chunk in chunks:
        for start in range(0, len(chunk), _ZSTD_PIECE):
            data = chunk[start : start + _ZSTD_PIECE]
            while data:
                if fresh and not _is_skippable(data) and not _starts_member(data, Packing.ZSTD.value):
                    return
                fresh = False
                before = len(data)
                piece = _checked(lambda data=data, frame=frame: frame.decompress(data), zstandard.ZstdError)
                data = frame.unused_data if frame.eof else b""
                yield before - len(data), piece
                if frame.eof:
                    frame, fresh = decompressor.decompressobj(), True
    if not fresh:
        raise _Stop(TRUNCATED)


def _checked(step: Callable[[], bytes], error_type: type[Exception]) -> bytes:
    try:
        return step()
    except error_type as error:
        raise _Stop(WINDOW if "too much memory" in str(error) else BROKEN) from None


def _starts_member(data: bytes, magic: bytes) -> bool:
    """Whether another member or frame follows; zero padding ends the file quietly, anything else is reported."""
    if data[: len(magic)] == magic[: len(data)]:
        return True
    if data.strip(b"\0"):
        raise _Stop(TRAILING)
    return False


def _is_skippable(data: bytes) -> bool:
    """A skippable frame, or as much of one as a piece holds."""
    return data[:1] != b"" and data[0] & 0xF0 == 0x50 and data[1:4] == b"\x2a\x4d\x18"[: len(data[1:4])]
