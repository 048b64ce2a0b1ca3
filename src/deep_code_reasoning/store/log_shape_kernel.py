"""`log_template_masking.shape` and `log_shape_ids.identity` in one pass over the bytes: their ids, bit for bit."""

from __future__ import annotations

from numba import int64, uint64

from deep_code_reasoning.kernels.compiling import entry, part
from deep_code_reasoning.kernels.memory import HIGHS, ONES, low_bytes, trailing_zeros, word_at
from deep_code_reasoning.store.log_shape_blocks import PACKS, WIDE_BLOCK, evened_out_by_blocks
from deep_code_reasoning.store.log_shape_ids import FINAL_1, FINAL_2, MULTIPLIER, SEED
from deep_code_reasoning.store.log_shape_tables import (
    AT,
    BACKSLASH,
    CALENDAR_WORD,
    CAPITAL,
    CODE_FILE,
    COLON,
    DIGIT,
    DOT,
    KNOWN,
    LONGEST_WORD,
    NOT_HEX,
    SEPARATOR,
    SLASH,
    SLOT_MULTIPLIER,
    SLOTS,
    SPACE,
    STATE,
    UNIT,
    WORD,
    WORD_END,
)

BLANK, EQUALS, OPENING, CLOSING, LESS, STAR, GREATER = 0x20, 0x3D, 0x28, 0x29, 0x3C, 0x2A, 0x3E
DOT_BYTE, COLON_BYTE, TILDE, SLASH_BYTE, COMMA, SEMICOLON, BAR = 0x2E, 0x3A, 0x7E, 0x2F, 0x2C, 0x3B, 0x7C
UNDERSCORE, BACKSLASH_BYTE, AT_BYTE = 0x5F, 0x5C, 0x40
MASK_AND_BLANK = 0x203E2A3C  # `<*> ` as a little-endian word
MOST_STEPS = 4  # to a body that is remembered in another's place
STOPS = SPACE | SEPARATOR | DOT | COLON


@part
def byte_at(text, at):
    """A signed index would be tested for being negative, which took a third of the time."""
    return text[uint64(at)]


@part
def kinds_of(written, begin, length, words):
    """Kinds of a word in memory that may be read for sixteen bytes behind `begin`."""
    if length > LONGEST_WORD:
        return uint64(0)
    low = word_at(written, begin) & low_bytes(length)
    high = uint64(0)
    if length > 8:
        high = word_at(written, begin + 8) & low_bytes(length - 8)
    slot = ((low ^ high) * uint64(SLOT_MULTIPLIER)) >> uint64(55)
    while words[slot, 2] != 0:
        if words[slot, 0] == low and words[slot, 1] == high:
            return words[slot, 2]
        slot = (slot + uint64(1)) & uint64(SLOTS - 1)
    return uint64(0)


@part
def is_sign_of_a_number(text, at, begin, end, classes):
    byte = byte_at(text, at)
    if byte != LESS and byte != GREATER and byte != TILDE:
        return False
    if at > begin and not classes[byte_at(text, at - 1)] & SPACE:
        return False
    return at + 1 < end and (classes[byte_at(text, at + 1)] & DIGIT) != 0


@part
def holds_together(text, colon, end, flags, classes, words, out, length):
    """Whether the colon is part of the word in front, whose classes are `flags` and which ends `out[:length]`."""
    if colon + 1 >= end:
        return False
    following = byte_at(text, colon + 1)
    if classes[following] & (SPACE | SEPARATOR):
        return False
    if following == DOT_BYTE and colon + 2 < end and byte_at(text, colon + 2) == DOT_BYTE:
        return False
    if following == SLASH_BYTE or following == BACKSLASH_BYTE or flags & DIGIT:
        return True
    if flags & CAPITAL or not flags & DOT or not classes[following] & DIGIT:
        return False
    extension = length
    while byte_at(out, extension - 1) != DOT_BYTE:
        extension -= 1
    return not kinds_of(out, extension, length - extension, words) & uint64(CODE_FILE)


@part
def copy_word(text, begin, end, classes, words, out, length):
    """Copies the token that begins at `begin`, up to a colon that ends a word; returns its end and its classes."""
    flags, at = int64(0), begin
    while at < end:
        byte = byte_at(text, at)
        kind = int64(classes[byte])
        if kind & STOPS:
            if kind & (SPACE | SEPARATOR):
                break
            if byte == DOT_BYTE and at + 1 < end and byte_at(text, at + 1) == DOT_BYTE:
                break
            if byte == COLON_BYTE and not holds_together(
                text, at, end, flags, classes, words, out, length + at - begin
            ):
                break
        out[uint64(length + at - begin)] = byte
        flags |= kind
        at += 1
    return at, flags


@part
def varies(text, begin, end, flags):
    if flags & DIGIT:
        return True
    length = end - begin
    if flags & SLASH:
        slashes = int64(0)
        for at in range(begin, end):
            slashes += byte_at(text, at) == SLASH_BYTE
        if slashes > 1 or flags & DOT:
            return True
        if byte_at(text, begin) == SLASH_BYTE:
            return length > 1
        return length > 1 and byte_at(text, begin) == TILDE and byte_at(text, begin + 1) == SLASH_BYTE
    if flags & AT:
        for at in range(begin + 1, end - 1):
            if byte_at(text, at) == AT_BYTE:
                return True
    if flags & BACKSLASH and length > 2:
        return True
    return length >= 8 and not flags & NOT_HEX


@part
def is_before_a_time(text, at, end, classes, words, out, room):
    """`room`: where `out` may be written, to look up a word there."""
    if at < end and byte_at(text, at) == COMMA:
        at += 1
    begin = at
    while at < end and classes[byte_at(text, at)] & SPACE:
        at += 1
    if at == begin or at == end:
        return False
    if is_sign_of_a_number(text, at, begin, end, classes) or classes[byte_at(text, at)] & DIGIT:
        return True
    if at + 3 > end:
        return False
    for place in range(3):
        out[uint64(room + place)] = byte_at(text, at + place)
    if not kinds_of(out, room, 3, words) & uint64(CALENDAR_WORD):
        return False
    if at + 3 == end:
        return True
    byte = byte_at(text, at + 3)
    is_letter = 0x61 <= (byte | 0x20) <= 0x7A
    return not (is_letter or classes[byte] & DIGIT or byte == UNDERSCORE)


@part
def is_masked(text, begin, end, flags, limit, out, length, classes, words):
    """Whether the word, written behind `out[:length]`, is masked there; the body goes on until `limit`."""
    if length and byte_at(out, length - 1) == EQUALS and not kinds_of(out, length, end - begin, words) & uint64(STATE):
        return True
    if varies(text, begin, end, flags):
        return True
    is_behind = length >= 4 and (word_at(out, length - 4) & low_bytes(4)) == uint64(MASK_AND_BLANK)
    if not is_behind and not (end - begin == 3 and classes[byte_at(text, begin)] & CAPITAL):
        return False
    kinds = kinds_of(out, length, end - begin, words)
    if kinds & uint64(UNIT):
        return is_behind
    if not kinds & uint64(CALENDAR_WORD):
        return False
    return is_behind or is_before_a_time(text, end, limit, classes, words, out, length + end - begin)


@part
def put_mask(out, length):
    out[length] = LESS
    out[length + 1] = STAR
    out[length + 2] = GREATER
    return length + 3


@part
def put_shape(text, begin, limit, classes, words, out):
    """Writes the shape of `text[begin:limit]` to `out`, which has room for it; returns its length."""
    length, after_mask, at = int64(0), int64(-1), begin
    while at < limit:
        byte = byte_at(text, at)
        kind = classes[byte]
        if kind & SPACE:
            if length and byte_at(out, length - 1) != BLANK:
                out[length] = BLANK
                length += 1
            at += 1
        elif is_sign_of_a_number(text, at, begin, limit, classes):
            at += 1
        elif kind & SEPARATOR:
            is_closing = byte == CLOSING and length and byte_at(out, length - 1) == OPENING
            if is_closing and (length == 1 or byte_at(out, length - 2) == BLANK):
                length = put_mask(out, length)
            if byte != COMMA and byte != SEMICOLON and byte != BAR:
                after_mask = -1
            out[length] = byte
            length += 1
            at += 1
        elif byte == COLON_BYTE:
            out[length] = byte
            length += 1
            at += 1
            after_mask = -1
        elif byte == DOT_BYTE and at + 1 < limit and byte_at(text, at + 1) == DOT_BYTE:
            out[length] = out[length + 1] = byte
            length += 2
            while at < limit and byte_at(text, at) == DOT_BYTE:
                at += 1
            after_mask = -1
        else:
            start = at
            at, flags = copy_word(text, start, limit, classes, words, out, length)
            end = at
            while end > start and classes[byte_at(text, end - 1)] & WORD_END:
                end -= 1
            if end == start:
                length += 1 + (byte == DOT_BYTE and at > start + 1)
                after_mask = -1
                continue
            if end < at:
                flags = int64(0)
                for place in range(start, end):
                    flags |= int64(classes[byte_at(text, place)])
            if is_masked(text, start, end, flags, limit, out, length, classes, words):
                length = after_mask if after_mask >= 0 else put_mask(out, length)
                after_mask = length
            else:
                length += end - start
                after_mask = -1
            if end < at:
                out[length] = byte_at(text, end)
                length += 1
                after_mask = -1
    while length and byte_at(out, length - 1) == BLANK:
        length -= 1
    return length


@part
def identity(out, length):
    value = uint64(SEED) ^ uint64(length)
    for at in range(0, length, 8):
        word = word_at(out, at) & low_bytes(length - at)
        value = (value ^ word) * uint64(MULTIPLIER)
        value ^= value >> uint64(32)
    value = (value ^ (value >> uint64(33))) * uint64(FINAL_1)
    value = (value ^ (value >> uint64(33))) * uint64(FINAL_2)
    return value ^ (value >> uint64(33))


@part
def mixed(value, word):
    value = (value ^ word) * uint64(MULTIPLIER)
    return value ^ (value >> uint64(32))


@part
def evened_out(text, begin, limit, classes):
    """A number for the body with one digit for each word that begins with one, on which alone its shape depends.

    Equal for other bodies by chance only, as ids are. Eight bytes at a time: most of a log line's are words.
    """
    value, at = uint64(SEED), begin
    while at < limit:
        if at + 8 > len(text):
            word = uint64(0)
            for place in range(limit - at):
                word |= uint64(byte_at(text, at + place)) << uint64(8 * place)
        else:
            word = word_at(text, at)
        held = min(int64(8), limit - at)
        above = word ^ (uint64(0x30) * ONES)  # a digit's byte is below ten, and no other is
        ahead = trailing_zeros((above - uint64(10) * ONES) & ~above & HIGHS) >> 3
        if ahead >= held:
            value = mixed(value, word & low_bytes(held))
            at += held
            continue
        value = mixed(mixed(value, word & low_bytes(ahead)), uint64(ahead))
        at += ahead + 1
        while at < limit and classes[byte_at(text, at)] & WORD:
            at += 1
    return mixed(value, uint64(1)) | uint64(1)


@entry(
    "uint8[::1]", "int32[::1]", "int64", "uint16[::1]", "uint64[:,::1]", "uint8[::1]", "uint64[:,::1]", "uint64[::1]"
)
def shape_ids(text, ends, most, classes, words, out, known, ids):
    """Body i is `text[ends[i] : ends[i + 1]]`, of which `most` bytes count. Returns the length of the shape made last,
    which is left in `out` (four bytes for each of `most`, and a word). `known`: all zero."""
    length = int64(0)
    for row in range(len(ids)):
        begin = int64(ends[row])
        limit = min(int64(ends[row + 1]), begin + most)
        if PACKS and limit + WIDE_BLOCK <= len(text):
            value = evened_out_by_blocks(text, begin, limit, out)
        else:
            value = evened_out(text, begin, limit, classes)
        slot = value >> uint64(52)
        for _ in range(MOST_STEPS):
            if known[slot, 0] == value or known[slot, 0] == 0:
                break
            slot = (slot + uint64(1)) & uint64(KNOWN - 1)
        if known[slot, 0] != value:
            length = put_shape(text, begin, limit, classes, words, out)
            known[slot, 0] = value
            known[slot, 1] = identity(out, length)
        ids[row] = known[slot, 1]
    return length
