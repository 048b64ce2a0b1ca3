"""The protobuf wire format (protobuf.dev, "Encoding"), as much of it as a profile needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_SIZES = {FIXED64: 8, FIXED32: 4}
_LONGEST_VARINT = 10
_U64 = (1 << 64) - 1


class WireError(ValueError):
    """Not the wire format from `offset` on; `is_cut`: it would need bytes after the end."""

    def __init__(self, offset: int, *, is_cut: bool = False) -> None:
        super().__init__(f"not a protobuf message at byte {offset}")
        self.offset = offset
        self.is_cut = is_cut


class Field(NamedTuple):
    """`value` is the number of a varint, 0 of the others; those lie in the data from `start` to `end`."""

    number: int
    kind: int
    value: int
    start: int
    end: int


def varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """(unsigned value, where the next begins)."""
    value = shift = 0
    for place in range(at, min(end, at + _LONGEST_VARINT)):
        byte = data[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & _U64, place + 1
        shift += 7
    raise WireError(at, is_cut=end - at < _LONGEST_VARINT)


def fields(data: bytes, start: int, end: int) -> Iterator[Field]:
    at = start
    while at < end:
        begin = at
        key, at = varint(data, at, end)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, after = varint(data, at, end)
            yield Field(number, kind, value, at, after)
            at = after
            continue
        if kind == BYTES:
            length, at = varint(data, at, end)
        elif kind in _SIZES:
            length = _SIZES[kind]
        else:
            raise WireError(begin)
        if not number or length > end - at:
            raise WireError(begin, is_cut=bool(number))
        yield Field(number, kind, 0, at, at + length)
        at += length


def numbers(data: bytes, field: Field) -> list[int]:
    """A repeated varint field, packed or not."""
    if field.kind == VARINT:
        return [field.value]
    found = []
    at = field.start
    while at < field.end:
        if (byte := data[at]) < 0x80:
            found.append(byte)
            at += 1
        elif at + 1 < field.end and (high := data[at + 1]) < 0x80:
            found.append(byte & 0x7F | high << 7)  # most location numbers
            at += 2
        else:
            value, at = varint(data, at, field.end)
            found.append(value)
    return found


def signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value
