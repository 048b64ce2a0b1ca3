"""Compressed evidence undone in bounded memory: gzip (RFC 1952), zstd (RFC 8878), bzip2 and xz, any number of members.

No codec is told apart by the file's name. What came out before a truncation or a broken block is kept.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any, NamedTuple

FIRST_OUT_BYTES = 256 << 10
# Measured beside a thread of plain Python, which is asked for the interpreter once a step and gives it up after 5 ms:
# steps of 1 MiB reach 63-120 MB/s, steps of 4 MiB 350-580.
OUT_BYTES = 4 << 20
IN_BYTES = 256 << 10
RATIO_FLOOR = 16 << 20  # small files may expand as they like: a few empty log lines reach any ratio
WINDOW_BYTES = 128 << 20
_CAREFUL_OUT_BYTES = 4 << 10

TRUNCATED = "compressed data ends before its end mark"
BROKEN = "compressed data is damaged from here on"
TRAILING = "bytes after the end of the compressed data"
BOMB_RATIO = "expands more than the allowed ratio (a decompression bomb)"
BOMB_SIZE = "expands to more than the allowed size (a decompression bomb)"
WINDOW = "compressed data needs a window of more than 128 MiB"


class Packing(Enum):
    """A codec and the bytes that every file of it starts with; DEFLATE is what zip members hold, without a mark."""

    NONE = b""
    GZIP = b"\x1f\x8b"
    ZSTD = b"\x28\xb5\x2f\xfd"
    BZIP2 = b"BZh"
    XZ = b"\xfd7zXZ\0"
    DEFLATE = b"\0deflate"


class Undone(NamedTuple):
    """Where, in bytes after decompression, reading had to stop and why; always the last item."""

    offset: int
    reason: str


class Bounds(NamedTuple):
    """`ratio` is checked once RATIO_FLOOR bytes came out."""

    ratio: int
    size: int


class _Stop(Exception):
    """Carries the fixed reason for which the rest of the file is not read."""


def packing_of(start: bytes) -> Packing:
    """By magic number; a zstd file may open with a skippable frame (pzstd, seekable zstd)."""
    for packing in (Packing.GZIP, Packing.ZSTD, Packing.XZ):
        if start.startswith(packing.value):
            return packing
    if start.startswith(Packing.BZIP2.value) and start[4:10] in (b"1AY&SY", b"\x17rE8P\x90"):
        return Packing.BZIP2
    if len(start) >= 4 and _is_skippable(start):
        return Packing.ZSTD
    return Packing.NONE


def decompressed(opened: Callable[[], Iterator[bytes]], packing: Packing, bounds: Bounds) -> Iterator[bytes | Undone]:
    """The content in pieces of at most OUT_BYTES, then an Undone where the data is damaged, cut or expands too much.

    `opened` starts to read the compressed bytes from their beginning, for a second time where the data is damaged:
    a step that fails gives nothing, so what lies before the damage is undone again in small ones.
    """
    given = 0
    try:
        for piece in _pieces(opened(), packing, bounds, OUT_BYTES):
            given += len(piece)
            yield piece
        return
    except _Stop as stop:
        reason = str(stop)
    if reason == BROKEN:
        passed = 0
        try:
            for piece in _pieces(opened(), packing, bounds, _CAREFUL_OUT_BYTES):
                passed += len(piece)
                if passed > given:
                    yield piece[given - passed :]
                    given = passed
        except _Stop as stop:
            reason = str(stop)
    yield Undone(given, reason)


def _pieces(chunks: Iterator[bytes], packing: Packing, bounds: Bounds, largest: int) -> Iterator[bytes]:
    """Raises _Stop where the data cannot or must not be read further."""
    decoder: Any = None
    taken = given = 0
    step = min(FIRST_OUT_BYTES, largest)
    failures = _failures()
    done = False
    for chunk in chunks:
        taken += len(chunk)
        data = chunk
        while data or not (decoder is None or decoder.needs_input):
            if decoder is None:
                if not _starts_member(data, packing):
                    return
                decoder = _decoder(packing)
            try:
                piece = decoder.decompress(data, step)
            except failures as error:
                raise _Stop(_reason(error)) from None
            data = b""
            if decoder.eof:
                data, decoder = decoder.unused_data, None
                done = packing is Packing.DEFLATE
            given += len(piece)
            step = min(2 * step, largest)
            if given > bounds.size:
                raise _Stop(BOMB_SIZE)
            if given > RATIO_FLOOR and given > taken * bounds.ratio:
                raise _Stop(BOMB_RATIO)
            if piece:
                yield piece
            if done:
                return
    if decoder:
        raise _Stop(TRUNCATED)


def _decoder(packing: Packing) -> Any:
    """With what all four agree on: `eof`, `needs_input`, `unused_data`, `decompress(data, at_most)`."""
    if packing is Packing.ZSTD:
        return _zstd().ZstdDecompressor()
    if packing is Packing.BZIP2:
        import bz2

        return bz2.BZ2Decompressor()
    if packing is Packing.XZ:
        import lzma

        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=WINDOW_BYTES)
    from isal import igzip_lib

    flag = igzip_lib.DECOMP_GZIP if packing is Packing.GZIP else igzip_lib.DECOMP_DEFLATE
    return igzip_lib.IgzipDecompressor(flag)


def _zstd():
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd


def _failures() -> tuple[type[Exception], ...]:
    import lzma

    from isal import igzip_lib

    igzip_error: Any = igzip_lib.error
    return igzip_error, _zstd().ZstdError, lzma.LZMAError, OSError, ValueError, EOFError


def _reason(error: Exception) -> str:
    text = str(error).lower()
    return WINDOW if "too much memory" in text or "memory usage limit" in text else BROKEN


def _starts_member(data: bytes, packing: Packing) -> bool:
    """Whether another member or frame follows; zero padding ends the file quietly, anything else is reported."""
    magic = packing.value
    if packing is Packing.DEFLATE or data[: len(magic)] == magic[: len(data)]:
        return True
    if packing is Packing.ZSTD and _is_skippable(data):
        return True
    if data.strip(b"\0"):
        raise _Stop(TRAILING)
    return False


def _is_skippable(data: bytes) -> bool:
    """A skippable frame, or as much of one as a piece holds."""
    return data[:1] != b"" and data[0] & 0xF0 == 0x50 and data[1:4] == b"\x2a\x4d\x18"[: len(data[1:4])]
