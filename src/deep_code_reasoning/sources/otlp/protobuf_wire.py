"""Protobuf's wire format, and messages by tables of rules. Needs neither generated code nor the protobuf runtime.

Source: "Protocol Buffers: Encoding". Positions are indices into `data`; a value never reaches beyond the `end` given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from typing import Any, NamedTuple

VARINT, I64, LEN, GROUP, GROUP_END, I32 = range(6)

_GROUP_DEPTH = 100  # protobuf's own limit
_WORD = (1 << 64) - 1


class Damage(ValueError):
    """The bytes are not protobuf from `position` on."""

    def __init__(self, position: int) -> None:
        super().__init__(f"no protobuf at {position}")
        self.position = position


class Field(NamedTuple):
    """One field. A value with a length lies in `data[begin:after]`, in part where it is not `whole`."""

    number: int
    wire: int
    begin: int
    after: int
    whole: bool


def varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """An unsigned 64-bit number, its spelling minimal or not, and the position behind it. Raises Damage."""
    number = 0
    for place in range(at, min(at + 10, end)):
        byte = data[place]
        number |= (byte & 0x7F) << 7 * (place - at)
        if byte < 0x80:
            return number & _WORD, place + 1
    raise Damage(at)


def fields(data: bytes, at: int, end: int) -> Iterator[Field]:
    """The fields up to `end`; one that is cut off there comes last, and is not whole. Raises Damage."""
    while at < end:
        start = at
        tag, at = (data[at], at + 1) if data[at] < 0x80 else varint(data, at, end)
        number, wire = tag >> 3, tag & 7
        if not 0 < number < 1 << 29:
            raise Damage(start)
        if wire == LEN:
            size, begin = (data[at], at + 1) if at < end and data[at] < 0x80 else varint(data, at, end)
            at = begin + size
            yield Field(number, wire, begin, min(at, end), at <= end)
        else:
            begin, at = at, _behind(data, start, at, end, number, wire)
            yield Field(number, wire, begin, at, True)


def _behind(data: bytes, start: int, at: int, end: int, number: int, wire: int) -> int:
    """The position behind a value without a length. Raises Damage."""
    if wire == VARINT:
        return varint(data, at, end)[1]
    if wire == GROUP:
        return _behind_group(data, at, end, number)
    at += 8 if wire == I64 else 4
    if wire not in (I64, I32) or at > end:
        raise Damage(start)
    return at


def _behind_group(data: bytes, at: int, end: int, number: int) -> int:
    """Groups are deprecated, and no field of OTLP: they are passed over."""
    open_groups = [number]
    while open_groups:
        start = at
        tag, at = varint(data, at, end)
        number, wire = tag >> 3, tag & 7
        if wire == GROUP and len(open_groups) < _GROUP_DEPTH:
            open_groups.append(number)
        elif wire == GROUP_END and number == open_groups[-1]:
            open_groups.pop()
        elif wire == LEN:
            size, at = varint(data, at, end)
            at += size
            if at > end:
                raise Damage(start)
        elif wire in (VARINT, I64, I32):
            at = _behind(data, start, at, end, number, wire)
        else:
            raise Damage(start)
    return at


class How(Enum):
    SET = "the last one counts"
    MERGE = "a message whose pieces count as one"
    APPEND = "each is an element of a list"
    EXTEND = "each is a list of elements (packed)"


_SET, _APPEND, _EXTEND = How.SET, How.APPEND, How.EXTEND


class Rule(NamedTuple):
    """What becomes of a field: `read(data, begin, after)` makes its value. `others`: the rest of its oneof."""

    name: str
    read: Callable[[bytes, int, int], Any]
    how: How = How.SET
    others: tuple[str, ...] = ()


Rules = Mapping[int, Rule]  # by tag: a field of another wire type is an unknown one


def tag(number: int, wire: int) -> int:
    return number << 3 | wire


def decoded(data: bytes, at: int, end: int, rules: Rules) -> dict[str, Any]:
    """The message in `data[at:end]`, fields that it does not have left out, unknown ones ignored. Raises Damage.

    Walks as `fields` does, without a tuple and a generator's turn for each field: half of the time of a large file.
    """
    found: dict[str, Any] = {}
    pieces: dict[str, tuple[Rule, list[tuple[int, int]]]] = {}
    rule_of = rules.get
    while at < end:
        start = at
        field, begin = (data[at], at + 1) if data[at] < 0x80 else varint(data, at, end)
        wire = field & 7
        if not 8 <= field < 1 << 32:
            raise Damage(start)
        if wire == LEN:
            size, begin = (data[begin], begin + 1) if begin < end and data[begin] < 0x80 else varint(data, begin, end)
            at = begin + size
            if at > end:
                raise Damage(begin)
        else:
            at = _behind(data, start, begin, end, field >> 3, wire)
        rule = rule_of(field)
        if rule is None:
            continue
        name, read, how, others = rule
        if others:
            for other in others:
                found.pop(other, None)
                pieces.pop(other, None)
        if how is _SET:
            found[name] = read(data, begin, at)
        elif how is _APPEND:
            if name in found:
                found[name].append(read(data, begin, at))
            else:
                found[name] = [read(data, begin, at)]
        elif how is _EXTEND:
            found.setdefault(name, []).extend(read(data, begin, at))
        else:
            pieces.setdefault(name, (rule, []))[1].append((begin, at))
    for name, (rule, places) in pieces.items():
        found[name] = rule.read(*merged(data, places))
    return found


def merged(data: bytes, places: list[tuple[int, int]]) -> tuple[bytes, int, int]:
    """One message of its pieces: behind each other they are the same as merged."""
    if len(places) == 1:
        return data, *places[0]
    joined = b"".join(data[begin:after] for begin, after in places)
    return joined, 0, len(joined)
