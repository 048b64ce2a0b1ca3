"""Looks a name up in a table that `name_table` made, without comparing it with each."""

from __future__ import annotations

from numba import int64, uint64

from deep_code_reasoning.kernels.compiling import part
from deep_code_reasoning.kernels.memory import low_bytes, word_at
from deep_code_reasoning.kernels.name_table import FIELDS, MULTIPLIER, SEED

UNKNOWN = -1


@part
def find_name(table, text, begin, length):
    """The code of the name `text[begin : begin + length]`, UNKNOWN where the table does not have it."""
    head = word_at(text, begin) & low_bytes(length)
    tail = uint64(0)
    if length > 8:
        tail = word_at(text, begin + length - 8)
    size = table.shape[0] // FIELDS
    slot = (((head ^ (tail << uint64(1)) ^ uint64(length)) * uint64(MULTIPLIER)) >> uint64(40)) & uint64(size - 1)
    while True:
        place = slot * uint64(FIELDS)
        stored = table[place]
        if stored == 0:
            return UNKNOWN
        if stored == uint64(length) and table[place + 1] == head and table[place + 2] == tail:
            middle = table[place + 3]
            if length <= 16 or _hash(text, begin + 8, begin + length - 8) == middle:
                return int64(table[place + 4])
        slot = (slot + uint64(1)) & uint64(size - 1)


@part
def _hash(text, at, end):
    """Of the bytes between head and tail, by words: the last holds what is left."""
    value = uint64(SEED)
    while at < end:
        value = (value ^ (word_at(text, at) & low_bytes(end - at))) * uint64(MULTIPLIER)
        value ^= value >> uint64(32)
        at += 8
    return value
