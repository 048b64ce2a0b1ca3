"""Arrow string views brought together: one text behind the other, or as codes of the different ones.

Texts lie scattered in the input. All columns of a block of rows are read while its stretch of the input is in the
processor's cache: column by column each text was waited for, which took twice as long. A column that is not as it
should be (a view that leaves its buffer, text that is no UTF-8, too many different ones) is REFUSED.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import int32, int64, types, uint64
from numba.extending import intrinsic

from deep_code_reasoning.kernels.compiling import entry, inlined_part, part
from deep_code_reasoning.kernels.memory import HIGHS, low_bytes, put_word
from deep_code_reasoning.kernels.utf8 import is_utf8
from deep_code_reasoning.kernels.views import INLINE
from deep_code_reasoning.store.texts_layout import (
    BUFFERS,
    DONE,
    ENDS,
    IS_CODED,
    MADE,
    MOST_DIFFERENT,
    NUMBERS,
    PLACES,
    REFUSED,
    SIZE,
    SIZES,
    SLOTS,
    TABLE,
    TEXTS,
    VALID,
    VIEWS,
)

BLOCK = 256
READ_AHEAD = 1 << 20  # bytes a block at most
CACHE_LINE = 64
_LOW = 0xFFFFFFFF
_MIXER = 0xBF58476D1CE4E5B9


def _loader(bits):
    def load(typing, address):
        def generate(context, builder, signature, arguments):
            found = builder.load(builder.inttoptr(arguments[0], ir.IntType(bits).as_pointer()))
            found.align = 1
            return builder.zext(found, ir.IntType(64)) if bits < 64 else found

        return types.uint64(types.int64), generate

    return load


# What lies at an address, as a uint64.
byte_at: Any = intrinsic(_loader(8))
half_at: Any = intrinsic(_loader(32))
word_at: Any = intrinsic(_loader(64))


@inlined_part
def is_null(valid, element):
    return valid != 0 and not (byte_at(valid + (element >> 3)) >> uint64(element & 7)) & uint64(1)


@inlined_part
def source_of(view, length, places, sizes, buffers):
    """The address of a text longer than INLINE, 0 where it is not within its buffer."""
    buffer = int64(view & uint64(_LOW))
    begin = int64(view >> uint64(32))
    if buffer >= buffers or begin + length > int64(word_at(sizes + 8 * buffer)):
        return int64(0)
    return int64(word_at(places + 8 * buffer)) + begin


@inlined_part
def element_behind(column, row):
    return int64(half_at(column[ENDS] + 4 * row)) if column[ENDS] else row


@entry("int64[:,::1]", "int64")
def measure(columns, rows):
    """Sets SIZE of every column that is not coded."""
    for c in range(len(columns)):
        column = columns[c]
        if column[IS_CODED]:
            continue
        views, valid, size = column[VIEWS], column[VALID], int64(0)
        for element in range(element_behind(column, rows)):
            if not is_null(valid, element):
                size += int64(half_at(views + 16 * element))
        column[SIZE] = size
    return int64(0)


@part
def gather(column, end, texts, numbers):
    """Writes the texts up to element `end`, and the offsets behind them. Whether they are as they should be."""
    views, valid, buffers = column[VIEWS], column[VALID], column[BUFFERS]
    places, sizes = column[PLACES], column[SIZES]
    first, offsets = column[TEXTS], column[NUMBERS] + 1
    made = column[MADE]
    for element in range(column[DONE], end):
        if not is_null(valid, element):
            view = views + 16 * element
            head, rest = word_at(view), word_at(view + 8)
            length = int64(head & uint64(_LOW))
            to = first + made
            if length <= INLINE:
                start, tail = head >> uint64(32) | rest << uint64(32), rest >> uint64(32)
                put_word(texts, to, start)
                put_word(texts, to + 8, tail)
                marks = (start & low_bytes(min(length, 8))) | (tail & low_bytes(max(length - 8, 0)))
            else:
                at = source_of(rest, length, places, sizes, buffers)
                if at == 0:
                    return False
                marks, done = uint64(0), int64(0)
                while done < length - 8:
                    word = word_at(at + done)
                    marks |= word
                    put_word(texts, to + done, word)
                    done += 8
                word = word_at(at + length - 8)
                marks |= word
                put_word(texts, to + length - 8, word)
            if marks & HIGHS and not is_utf8(texts, to, to + length):
                return False
            made += length
        numbers[offsets + element] = int32(made)
    column[DONE], column[MADE] = end, made
    return True


@inlined_part
def mixed_with(mixed, word):
    """Stafford's mixer 13, in part."""
    return ((mixed ^ (mixed >> uint64(29))) + word) * uint64(_MIXER)


@part
def slot_of(head, rest, at, length, salt):
    """`salt` is a random number, so that nobody can choose texts that all fall into one slot."""
    mixed = (head ^ salt) * uint64(_MIXER)
    if length <= INLINE:
        mixed = mixed_with(mixed, rest)
    else:
        done = int64(0)
        while done < length - 8:
            mixed = mixed_with(mixed, word_at(at + done))
            done += 8
        mixed = mixed_with(mixed, word_at(at + length - 8))
    return int64((mixed ^ (mixed >> uint64(31))) & uint64(SLOTS - 1))


@part
def is_same(view, head, rest, at, length, places):
    """Whether another view, one that is within its buffer, shows the same text."""
    if word_at(view) != head:
        return False
    other = word_at(view + 8)
    if length <= INLINE or other == rest:
        return other == rest
    there = int64(word_at(places + 8 * int64(other & uint64(_LOW)))) + int64(other >> uint64(32))
    done = int64(0)
    while done < length - 8:
        if word_at(at + done) != word_at(there + done):
            return False
        done += 8
    return word_at(at + length - 8) == word_at(there + length - 8)


@part
def encode(column, end, salt, numbers, tables):
    """Writes the codes up to element `end`, 0 for NULL. Whether that could be done."""
    views, valid, buffers = column[VIEWS], column[VALID], column[BUFFERS]
    places, sizes, codes = column[PLACES], column[SIZES], column[NUMBERS]
    table, firsts = column[TABLE], column[TABLE] + SLOTS
    for element in range(column[DONE], end):
        if is_null(valid, element):
            numbers[codes + element] = 0
            continue
        view = views + 16 * element
        head, rest = word_at(view), word_at(view + 8)
        length, at = int64(head & uint64(_LOW)), int64(0)
        if length > INLINE:
            at = source_of(rest, length, places, sizes, buffers)
            if at == 0:
                return False
        slot = slot_of(head, rest, at, length, salt)
        while tables[table + slot] >= 0:
            known = int64(tables[firsts + int64(tables[table + slot])])
            if is_same(views + 16 * known, head, rest, at, length, places):
                break
            slot = (slot + 1) & (SLOTS - 1)
        if tables[table + slot] < 0:
            if column[MADE] == MOST_DIFFERENT:
                return False
            tables[table + slot] = int32(column[MADE])
            tables[firsts + column[MADE]] = int32(element)
            column[MADE] += 1
        numbers[codes + element] = tables[table + slot]
    column[DONE] = end
    return True


@part
def read_ahead(columns, begin, end):
    """Reads the stretches of the buffers that rows lie in, as far as columns tell them, one byte a cache line.

    In order, so that the processor fetches ahead: texts are then in its cache, instead of each being waited for. (An
    instruction to prefetch did half as well.) Returns a sum, without which the compiler would leave the reading out.
    """
    total, read = uint64(0), uint64(0)  # a bit a buffer
    for c in range(len(columns)):
        column = columns[c]
        first, last = column[VIEWS] + 16 * begin, column[VIEWS] + 16 * (end - 1)
        if column[ENDS] or is_null(column[VALID], begin) or is_null(column[VALID], end - 1):
            continue
        buffer = int64(half_at(first + 8))
        if half_at(first) <= INLINE or half_at(last) <= INLINE or half_at(last + 8) != buffer:
            continue
        if buffer >= min(column[BUFFERS], int64(64)) or read >> uint64(buffer) & uint64(1):
            continue
        read |= uint64(1) << uint64(buffer)
        at, text = int64(half_at(first + 12)), int64(word_at(column[PLACES] + 8 * buffer))
        behind = min(int64(half_at(last + 12)), int64(word_at(column[SIZES] + 8 * buffer)), at + READ_AHEAD)
        while at < behind:
            total += byte_at(text + at)
            at += CACHE_LINE
    return total


@entry("int64[:,::1]", "int64", "int64", "uint8[::1]", "int32[::1]", "int32[::1]")
def bring_together(columns, rows, salt, texts, numbers, tables):
    """`columns` measured, with DONE and MADE 0 and the first offset of each 0; MADE is set, REFUSED among them.

    Returns a number that means nothing.
    """
    begin, read = int64(0), uint64(0)
    while begin < rows:
        end = min(begin + BLOCK, rows)
        read += read_ahead(columns, begin, end)
        for c in range(len(columns)):
            column = columns[c]
            if column[MADE] == REFUSED:
                continue
            behind = element_behind(column, end)
            if column[IS_CODED]:
                is_right = encode(column, behind, uint64(salt), numbers, tables)
            else:
                is_right = gather(column, behind, texts, numbers)
            if not is_right:
                column[MADE] = REFUSED
        begin = end
    return int64(read & uint64(1))
