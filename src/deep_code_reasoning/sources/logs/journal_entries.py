"""Entries of a journal as fields, of the export format and of JSON.

Source: systemd's "Journal Export Formats": fields `NAME=value`, or `NAME`, a newline, the length as 64-bit
little-endian, the bytes and a newline; an empty line ends an entry. In JSON a value that is not printable UTF-8 is an
array of bytes, one that is too large is null, repeated fields are an array of values.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from deep_code_reasoning.sources.reader import Skipped
from deep_code_reasoning.sources.stream import EvidenceStream, Line

BROKEN_ENTRY = "journal entry in JSON that is not well-formed (broken off or damaged)"
BROKEN_FIELD = "journal field that is neither NAME=value nor of the length that it tells"

_LENGTH_BYTES = 8


class Entry(NamedTuple):
    line: int
    offset: int
    fields: dict[str, str]


def entries(stream: EvidenceStream) -> Iterator[Entry | Skipped]:
    """Every entry; parts that cannot be read are Skipped. Of a repeated field the values are joined by newlines."""
    decode = msgspec.json.Decoder().decode
    lines = stream.lines()
    fields: dict[str, str] = {}
    place = (0, 0)
    for line in lines:
        if isinstance(line, Skipped):
            yield line
        elif line.data[:1] == b"{":
            yield _json_entry(line, decode)
        elif not line.data.strip(b"\0\r"):
            if fields:
                yield Entry(*place, fields)
            fields = {}
        else:
            place = place if fields else (line.number, line.offset)
            name, mark, value = line.data.partition(b"=")
            found = value if mark else _binary(lines, stream.limits.line_bytes)
            if found is None or not name.isascii():
                yield Skipped(line.number, line.offset, BROKEN_FIELD)
            else:
                _put(fields, name.decode(), found.decode("utf-8", "replace"))
    if fields:
        yield Entry(*place, fields)


def _binary(lines: Iterator[Line | Skipped], limit: int) -> bytes | None:
    """The bytes of a binary field; None where they do not end where the length says."""
    data = bytearray()
    wanted = _LENGTH_BYTES
    for line in lines:
        if isinstance(line, Skipped):
            return None
        data += line.data
        if len(data) >= _LENGTH_BYTES:
            wanted = _LENGTH_BYTES + int.from_bytes(data[:_LENGTH_BYTES], "little")
            if wanted > limit or len(data) > wanted:
                return None
            if len(data) == wanted:
                return bytes(data[_LENGTH_BYTES:])
        data += b"\n"
    return None


def _json_entry(line: Line, decode: Any) -> Entry | Skipped:
    try:
        value = decode(line.data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Skipped(line.number, line.offset, BROKEN_ENTRY)
    fields: dict[str, str] = {}
    for name, written in value.items():
        repeated = isinstance(written, list) and not all(isinstance(byte, int) for byte in written)
        for each in written if repeated else [written]:
            if (text := _json_text(each)) is not None:
                _put(fields, name, text)
    return Entry(line.number, line.offset, fields)


def _json_text(value: Any) -> str | None:
    if isinstance(value, list):
        try:
            return bytes(value).decode("utf-8", "replace")
        except (ValueError, TypeError):
            return None
    return value if isinstance(value, str) or value is None else str(value)


def _put(fields: dict[str, str], name: str, text: str) -> None:
    fields[name] = f"{fields[name]}\n{text}" if name in fields else text
