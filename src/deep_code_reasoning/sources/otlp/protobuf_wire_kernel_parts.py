"""Protobuf's wire format for kernels, and numbers and ids written as text. Positions below zero are FOREIGN or FULL."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import int64, types, uint64
from numba.core import cgutils
from numba.extending import intrinsic

from deep_code_reasoning.kernels.compiling import part
from deep_code_reasoning.kernels.json_text import FOREIGN, FULL
from deep_code_reasoning.kernels.memory import HIGHS, low_bytes, word_at
from deep_code_reasoning.kernels.utf8 import is_utf8
from deep_code_reasoning.kernels.views import INLINE, put_view
from deep_code_reasoning.sources.otlp.protobuf_wire import I32, I64, LEN, VARINT
from deep_code_reasoning.sources.otlp.span_layout import SIDE

WORD = 8
_LONGEST_INTEGER = 20
_TRUE = (4 | int.from_bytes(b"true", "little") << 32, 0)
_FALSE = (5 | int.from_bytes(b"fals", "little") << 32, ord("e"))


def _put_word(typing, text, position, word):
    def generate(context, builder, signature, arguments):
        array = cgutils.create_struct_proxy(signature.args[0])(context, builder, arguments[0])
        pointer = builder.gep(array.data, [arguments[1]])
        stored = builder.store(arguments[2], builder.bitcast(pointer, ir.IntType(64).as_pointer()))
        stored.align = 1
        return context.get_dummy_value()

    return types.none(text, types.int64, types.uint64), generate


put_word: Any = intrinsic(_put_word)  # (text, position, word): a little-endian uint64 to eight bytes


@part
def varint(text, at, end):
    """The unsigned number at `at` and the position behind it."""
    number, shift = uint64(0), uint64(0)
    for _ in range(10):
        if at >= end:
            break
        byte = uint64(text[at])
        at += 1
        number |= (byte & uint64(0x7F)) << shift
        if byte < uint64(0x80):
            return number, at
        shift += uint64(7)
    return number, int64(FOREIGN)


@part
def tag_at(text, at, end):
    """A field's tag and the position behind it."""
    if text[at] < 0x80:
        tag, at = uint64(text[at]), at + 1
    else:
        tag, at = varint(text, at, end)
    number = tag >> uint64(3)
    if number == uint64(0) or number >= uint64(1 << 29):
        at = int64(FOREIGN)
    return int64(tag), at


@part
def delimited(text, at, end):
    """Where a value with a length begins and ends."""
    if at < end and text[at] < 0x80:
        size, at = uint64(text[at]), at + 1
    else:
        size, at = varint(text, at, end)
    if at < 0 or size > uint64(end - at):
        return at, int64(FOREIGN)
    return at, at + int64(size)


@part
def skip_value(text, at, end, wire):
    """The position behind a value; groups, which OTLP does not have, are FOREIGN."""
    after = int64(FOREIGN)
    if wire == LEN:
        _, after = delimited(text, at, end)
    elif wire == VARINT:
        _, after = varint(text, at, end)
    elif wire == I64 and end - at >= 8:
        after = at + 8
    elif wire == I32 and end - at >= 4:
        after = at + 4
    return after


@part
def put_text(views, row, text, begin, end):
    """A view of text that must be UTF-8; 0 or FOREIGN."""
    at = begin
    while at < end:
        word = word_at(text, at)
        if end - at < WORD:
            word &= low_bytes(end - at)
        if word & HIGHS:
            if not is_utf8(text, at, end):
                return FOREIGN
            break
        at += WORD
    put_view(views, row, text, begin, end - begin, 0)
    return 0


@part
def put_id(views, row, text, begin, size, side, state):
    """An id of 8 or 16 bytes in hex; 0, FULL, or FOREIGN where it is all zeros."""
    some = uint64(0)
    written = state[SIDE]
    if written + 2 * size > side.shape[0]:
        return FULL
    for at in range(0, size, WORD):
        word = word_at(text, begin + at)
        some |= word
        put_word(side, written + 2 * at, _hex(word & uint64(0xFFFFFFFF)))
        put_word(side, written + 2 * at + WORD, _hex(word >> uint64(32)))
    if some == uint64(0):
        return FOREIGN
    put_view(views, row, side, written, 2 * size, 1)
    state[SIDE] = written + 2 * size
    return 0


@part
def _hex(word):
    """The eight hex digits of four bytes: bytes to pairs of nibbles, all nibbles to digits at once."""
    word = (word | word << uint64(16)) & uint64(0x0000FFFF0000FFFF)
    word = (word | word << uint64(8)) & uint64(0x00FF00FF00FF00FF)
    word = ((word >> uint64(4)) & uint64(0x000F000F000F000F)) | ((word & uint64(0x000F000F000F000F)) << uint64(8))
    is_letter = ((word + uint64(0x0606060606060606)) >> uint64(4)) & uint64(0x0101010101010101)
    return word + uint64(0x3030303030303030) + is_letter * uint64(0x27)


@part
def put_integer(views, row, number, side, state):
    """A signed number in decimal; 0 or FULL."""
    written = state[SIDE]
    if written + _LONGEST_INTEGER > side.shape[0]:
        return FULL
    magnitude = uint64(number)
    begin = written
    if number < 0:
        side[written] = 0x2D
        written += 1
        magnitude = uint64(0) - magnitude
    digits, rest = 1, magnitude // uint64(10)
    while rest:
        digits += 1
        rest //= uint64(10)
    for place in range(digits - 1, -1, -1):
        rest = magnitude // uint64(10)
        side[written + place] = 0x30 + int64(magnitude - rest * uint64(10))
        magnitude = rest
    written += digits
    put_view(views, row, side, begin, written - begin, 1)
    if written - begin > INLINE:
        state[SIDE] = written
    return 0


@part
def put_boolean(views, row, number):
    if number:
        views[row, 0], views[row, 1] = uint64(_TRUE[0]), uint64(_TRUE[1])
    else:
        views[row, 0], views[row, 1] = uint64(_FALSE[0]), uint64(_FALSE[1])


@part
def spelled_integer(text, begin, end):
    """The number that a text spells as Python would print it, and whether it does."""
    at = begin + 1 if begin < end and text[begin] == 0x2D else begin
    if at == end or end - at > 18 or (text[at] == 0x30 and (end - at > 1 or at > begin)):
        return int64(0), False
    number = int64(0)
    for place in range(at, end):
        digit = int64(text[place]) - 0x30
        if digit < 0 or digit > 9:
            return int64(0), False
        number = number * 10 + digit
    return (-number if at > begin else number), True
