"""zip (APPNOTE 6.3.10): members by the central directory, by their local headers where that was cut off."""

from __future__ import annotations

import stat
import struct
import sys
import zipfile
from collections.abc import Iterator
from functools import partial
from typing import Any, BinaryIO, NamedTuple

from deep_code_reasoning.sources.archives.member import (
    CUT_OFF,
    DAMAGED,
    ENCRYPTED,
    LINK,
    NO_CONTENT,
    NO_END,
    Found,
    Lost,
    Member,
    Opened,
    head_of,
    slice_of,
)
from deep_code_reasoning.sources.decompression import BROKEN, Bounds, Packing, Undone, decompressed

METHOD = "zip member compressed by a method that is not read (read are stored, deflate, bzip2, zstd)"
OVERLAP = "zip members that share their bytes (a decompression bomb)"
UNKNOWN_END = "zip cut off, with a stored member whose end only the lost directory knew"

_LOCAL = struct.Struct("<4s5H3I2H")
_LOCAL_MARK, _CENTRAL_MARK, _DESCRIPTOR_MARK = b"PK\3\4", b"PK\1\2", b"PK\7\x08"
_PACKINGS = {8: Packing.DEFLATE, 12: Packing.BZIP2, 93: Packing.ZSTD}
_ENCRYPTED, _SIZES_FOLLOW, _UTF8 = 0x1, 0x8, 0x800
# What makes a zip a program or a document, whose members are nobody's evidence.
_NOT_EVIDENCE = {"META-INF/MANIFEST.MF", "[Content_Types].xml", "AndroidManifest.xml", "mimetype"}


class _Entry(NamedTuple):
    name: str
    header: int  # offset of the local header
    start: int | None  # of the content; None until the local header was read
    packed: int
    size: int
    method: int
    flags: int
    crc: int
    mode: int = 0  # as in stat, where a Unix wrote it


def zip_members(opened: Opened, bounds: Bounds) -> Iterator[Found | Lost] | None:
    """None where the zip is a program or a document (jar, docx ...). Raises OSError."""
    with opened() as file:
        try:
            with zipfile.ZipFile(file) as archive:
                entries = [_entry(info) for info in archive.infolist()]
        except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, EOFError, OverflowError):
            entries = None
    if entries is None or any(entry.header < 0 for entry in entries):  # cut off, or bytes are missing
        return _founds(opened, _salvaged(opened, bounds), bounds)
    if any(entry.name in _NOT_EVIDENCE for entry in entries):
        return None
    return _founds(opened, _told_apart(entries), bounds)


def _entry(info: zipfile.ZipInfo) -> _Entry:
    mode = info.external_attr >> 16 if info.create_system == 3 else 0
    return _Entry(
        *(info.filename, info.header_offset, None, info.compress_size, info.file_size),
        *(info.compress_type, info.flag_bits, info.CRC, mode),
    )


def _told_apart(entries: list[_Entry]) -> Iterator[_Entry | Lost]:
    """In the order in which they lie in the file; one whose bytes another claims too is lost."""
    ordered = sorted(entries, key=lambda entry: entry.header)
    starts = [*(entry.header for entry in ordered[1:]), sys.maxsize]
    for entry, after in zip(ordered, starts, strict=False):
        overlaps = entry.header + _LOCAL.size + entry.packed > after
        yield Lost(entry.name, OVERLAP) if overlaps else entry


def _founds(opened: Opened, entries: Iterator[_Entry | Lost], bounds: Bounds) -> Iterator[Found | Lost]:
    for entry in entries:
        if isinstance(entry, Lost):
            yield entry
            continue
        kind = stat.S_IFMT(entry.mode)
        if entry.name.endswith("/") or kind == stat.S_IFDIR:
            continue
        if entry.flags & _ENCRYPTED:
            yield Lost(entry.name, ENCRYPTED)
        elif kind not in (0, stat.S_IFREG):
            yield Lost(entry.name, LINK if kind == stat.S_IFLNK else NO_CONTENT)
        elif entry.method and entry.method not in _PACKINGS:
            yield Lost(entry.name, METHOD)
        else:
            member = Member(entry.size, partial(_content, opened, entry, bounds), bool(entry.method))
            yield Found(entry.name, member, head_of(member))


def _content(opened: Opened, entry: _Entry, bounds: Bounds) -> Iterator[bytes | Undone]:
    """A member's bytes, then an Undone where they are not what the archive says they are."""
    from isal import isal_zlib

    start = entry.start
    if start is None:
        with opened() as file:
            file.seek(entry.header)
            header = file.read(_LOCAL.size)
        if len(header) < _LOCAL.size or header[:4] != _LOCAL_MARK:
            yield Undone(0, DAMAGED)
            return
        start = entry.header + _LOCAL.size + sum(_LOCAL.unpack(header)[-2:])
    raw = partial(slice_of, opened, start, entry.packed)
    # More than the size that it declares no member may give.
    within = Bounds(bounds.ratio, min(bounds.size, entry.size))
    parts = decompressed(raw, _PACKINGS[entry.method], within) if entry.method else raw()
    given = crc = 0
    for part in parts:
        if isinstance(part, bytes):
            given += len(part)
            crc = isal_zlib.crc32(part, crc)
        yield part
        if isinstance(part, Undone):
            return
    if (given, crc) != (entry.size, entry.crc):
        yield Undone(given, BROKEN)


def _salvaged(opened: Opened, bounds: Bounds) -> Iterator[_Entry | Lost]:
    """Members from the beginning on, each found behind the one before, up to the first that is not whole."""
    with opened() as file:
        end = file.seek(0, 2)
        offset = 0
        while True:
            file.seek(offset)
            header = file.read(_LOCAL.size)
            if header[:4] == _CENTRAL_MARK or not header:
                break
            if len(header) < _LOCAL.size or header[:4] != _LOCAL_MARK:
                yield Lost(None, DAMAGED if len(header) == _LOCAL.size else NO_END, offset)
                return
            entry = _local_entry(header, file, offset)
            if entry.flags & _SIZES_FOLLOW and not entry.packed:
                found = _measured(opened, entry, end, bounds)
                if isinstance(found, Lost):
                    yield found
                    break
                entry, offset = found
            else:
                after = (entry.start or 0) + entry.packed
                if after > end:
                    yield Lost(entry.name, CUT_OFF)
                    break
                offset = after
            yield entry
    yield Lost(None, NO_END, offset)


def _local_entry(header: bytes, file: BinaryIO, offset: int) -> _Entry:
    _, _, flags, method, _, _, crc, packed, size, name_length, extra_length = _LOCAL.unpack(header)
    name, extra = file.read(name_length), file.read(extra_length)
    if size == 0xFFFFFFFF or packed == 0xFFFFFFFF:  # zip64: both sizes in the extra field of type 1
        while len(extra) >= 4:
            kind, length = struct.unpack_from("<2H", extra)
            if kind == 1 and length >= 16 and len(extra) >= 20:
                size, packed = struct.unpack_from("<2Q", extra, 4)
                break
            extra = extra[4 + length :]
    text = name.decode("utf-8" if flags & _UTF8 else "cp437", "replace")
    start = offset + _LOCAL.size + name_length + extra_length
    return _Entry(text, offset, start, packed, size, method, flags, crc)


def _measured(opened: Opened, entry: _Entry, end: int, bounds: Bounds) -> tuple[_Entry, int] | Lost:
    """The entry with the sizes that its descriptor has, and where the next begins: known once it is inflated."""
    from isal import igzip_lib

    if entry.method != 8 or entry.start is None:
        return Lost(entry.name, UNKNOWN_END)
    igzip_error: Any = igzip_lib.error
    inflater = igzip_lib.IgzipDecompressor(igzip_lib.DECOMP_DEFLATE)
    taken = size = 0
    try:
        for chunk in slice_of(opened, entry.start, end - entry.start, 1 << 16):
            taken += len(chunk)
            size += len(inflater.decompress(chunk, 1 << 20))
            while not inflater.needs_input and not inflater.eof and size <= bounds.size:
                size += len(inflater.decompress(b"", 1 << 20))
            if inflater.eof or size > bounds.size:
                break
    except igzip_error:
        return Lost(entry.name, BROKEN)
    if not inflater.eof:
        return Lost(entry.name, CUT_OFF)
    packed = taken - len(inflater.unused_data)
    descriptor = b"".join(slice_of(opened, entry.start + packed, 24))
    mark = 4 if descriptor.startswith(_DESCRIPTOR_MARK) else 0
    if len(descriptor) < mark + 12:
        return Lost(entry.name, CUT_OFF)
    (crc,) = struct.unpack_from("<I", descriptor, mark)
    wide = struct.unpack_from("<2I", descriptor, mark + 4) != (packed & 0xFFFFFFFF, size & 0xFFFFFFFF)
    whole = entry._replace(packed=packed, size=size, crc=crc)
    return whole, entry.start + packed + mark + (20 if wide else 12)
