"""Texts that kernels of logs copy into columns, one behind the other, and the words for severities among them."""

from __future__ import annotations

from numba import int64, uint64

from deep_code_reasoning.kernels.blocks import BLOCK, copy_block, string_stops
from deep_code_reasoning.kernels.compiling import inlined_part, part
from deep_code_reasoning.kernels.json_text import FULL
from deep_code_reasoning.kernels.memory import HIGHS, low_bytes, trailing_zeros, word_at
from deep_code_reasoning.kernels.utf8 import is_utf8, unescape
from deep_code_reasoning.sources.logs.log_layout import (
    MOST_WORDS,
    WORD_CODE,
    WORD_HIGH,
    WORD_LENGTH,
    WORD_LOW,
    WORD_NUMBER,
    WORD_SLOTS,
    WORDS,
)

NEW_WORD = -1
_MULTIPLIER = 0x9E3779B97F4A7C15
_QUOTE, _SLASH, _BACKSLASH, _N, _T = 0x22, 0x2F, 0x5C, 0x6E, 0x74


@inlined_part
def item(array, at):
    """`array[at]`, not asked whether `at` is below zero, as it would be for a signed index."""
    return array[uint64(at)]


@inlined_part
def low_bits(count):
    """A mask of the first `count` (0 to 63) bits."""
    return (uint64(1) << uint64(count)) - uint64(1)


@inlined_part
def copy(target, to, source, begin, size):
    """Copies whole blocks: what lies behind the text in `target` is overwritten, by up to a block."""
    copy_block(target, to, source, begin)
    at = int64(BLOCK)
    while at < size:
        copy_block(target, to + at, source, begin + at)
        at += BLOCK


@part
def is_text(text, at, end):
    """Whether the bytes are UTF-8; those above 127 are few."""
    while at < end:
        high = word_at(text, at) & HIGHS
        if high == 0:
            at += 8
            continue
        at += trailing_zeros(high) >> 3
        begin = at
        while at < end and text[at] >= 0x80:
            at += 1
        if not is_utf8(text, begin, at):
            return False
    return True


@part
def put_unescaped(target, to, text, at, stop):
    """Writes a JSON string's content with its escapes undone to `target`: the new end; FULL or FOREIGN, as unescape."""
    if to + (stop - at) + BLOCK > target.shape[0]:
        return int64(FULL)
    while True:
        copy_block(target, to, text, at)
        stops, _ = string_stops(text, at)
        ahead = int64(BLOCK) if stops == 0 else trailing_zeros(stops)
        at += ahead
        to += ahead
        if at >= stop:
            return to - (at - stop)
        if stops == 0:
            continue
        escape = text[at + 1]
        if escape == _QUOTE or escape == _BACKSLASH or escape == _SLASH:
            target[to] = escape
        elif escape == _N:
            target[to] = 0x0A
        elif escape == _T:
            target[to] = 0x09
        else:
            return int64(unescape(text, at, stop, target, to))
        at += 2
        to += 1
        if at >= stop:
            return to


@inlined_part
def _slot(low, high, length):
    return ((low ^ (high << uint64(1)) ^ uint64(length)) * uint64(_MULTIPLIER)) >> uint64(56)


@inlined_part
def word_slot(words, text, begin, length):
    """The slot of a severity's word of at most LONGEST_SEVERITY bytes; NEW_WORD."""
    low, high = word_at(text, begin) & low_bytes(length), uint64(0)
    if length > 8:
        high = word_at(text, begin + 8) & low_bytes(length - 8)
    slot = _slot(low, high, length)
    while words[slot, WORD_CODE] != 0:
        is_it = words[slot, WORD_LOW] == low and words[slot, WORD_HIGH] == high
        if is_it and words[slot, WORD_LENGTH] == uint64(length):
            return int64(slot)
        slot = (slot + uint64(1)) & uint64(WORD_SLOTS - 1)
    return int64(NEW_WORD)


@part
def new_word_slot(words, state, text, begin, length, number):
    """Notes a word that `word_slot` did not find; its slot, or FULL."""
    if state[WORDS] >= MOST_WORDS:
        return int64(FULL)
    low, high = word_at(text, begin) & low_bytes(length), uint64(0)
    if length > 8:
        high = word_at(text, begin + 8) & low_bytes(length - 8)
    slot = _slot(low, high, length)
    while words[slot, WORD_CODE] != 0:
        slot = (slot + uint64(1)) & uint64(WORD_SLOTS - 1)
    state[WORDS] += 1
    words[slot, WORD_LOW], words[slot, WORD_HIGH] = low, high
    words[slot, WORD_LENGTH], words[slot, WORD_NUMBER] = uint64(length), uint64(number)
    words[slot, WORD_CODE] = uint64(state[WORDS])
    return int64(slot)
