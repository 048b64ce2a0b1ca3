"""What the message of a text record tells, as `text_message.complete` finds it: its level, ids of trace and span.

UNCERTAIN where bytes above 127 might be letters or blanks, or where an id stands unusually: the plain road decides.
"""

from __future__ import annotations

from numba import int64, uint64

from deep_code_reasoning.kernels.blocks import BLOCK, hex_digits, no_letters
from deep_code_reasoning.kernels.compiling import inlined_part, part
from deep_code_reasoning.kernels.memory import trailing_zeros
from deep_code_reasoning.kernels.names import find_name
from deep_code_reasoning.sources.logs.log_layout import WORD_NUMBER
from deep_code_reasoning.sources.logs.log_texts_kernel_parts import low_bits, new_word_slot, word_slot
from deep_code_reasoning.sources.logs.text_log_layout import FIRST, LONGEST_LEVEL, LOWER, UPPER
from deep_code_reasoning.sources.logs.text_message import LEVEL_CHARACTERS

NONE, UNCERTAIN = -1, -2
TRACE_DIGITS, SPAN_DIGITS = 32, 16
BLANK, QUOTE, OPEN_ROUND, COMMA, DASH, DOT, SLASH, COLON = 0x20, 0x22, 0x28, 0x2C, 0x2D, 0x2E, 0x2F, 0x3A
LESS, EQUALS, OPEN_SQUARE, UNDERSCORE, BAR, ZERO = 0x3C, 0x3D, 0x5B, 0x5F, 0x7C, 0x30


@part
def is_word(byte):
    r"""\w, of ASCII."""
    letter = byte | 0x20
    return 0x61 <= letter <= 0x7A or 0x30 <= byte <= 0x39 or byte == UNDERSCORE


@part
def is_lower_hex(byte):
    return 0x30 <= byte <= 0x39 or 0x61 <= byte <= 0x66


@part
def is_hex(byte):
    return is_lower_hex(byte) or 0x41 <= byte <= 0x46


@inlined_part
def letters_end(text, at, end):
    """Behind the letters at `at`, of which a block is looked at: no word for a level is longer."""
    return min(at + trailing_zeros(no_letters(text, at) | uint64(1 << BLOCK)), end)


@part
def word_code(words, text, begin, end):
    if end - begin > LONGEST_LEVEL or end - begin < 3:
        return int64(0)
    code = find_name(words, text, begin, end - begin)
    return code if code > 0 else int64(0)


@part
def head_end(text, at, end):
    """Behind the first LEVEL_CHARACTERS characters, and whether they all are ASCII."""
    limit = min(end, at + LEVEL_CHARACTERS)
    wide = 0
    for place in range(at, limit):
        wide |= text[place]
    if wide < 0x80:
        return limit, True
    count = 0
    while at < end:
        if text[at] & 0xC0 != 0x80:
            if count == LEVEL_CHARACTERS:
                break
            count += 1
        at += 1
    return at, False


@inlined_part
def level_slot(levels, words, state, text, begin, end):
    """The slot of the word that tells the level; NONE, UNCERTAIN, or FULL where there is no room for it.

    Most messages begin with one that others began with.
    """
    stop = letters_end(text, begin, end)
    length = stop - begin
    if 3 <= length <= LONGEST_LEVEL and (stop == end or text[stop] == BLANK):
        slot = word_slot(words, text, begin, length)
        code = int64(words[slot, WORD_NUMBER]) if slot >= 0 else word_code(levels, text, begin, stop)
        if code & FIRST:
            return slot if slot >= 0 else new_word_slot(words, state, text, begin, length, code)
    return _other_slot(levels, words, state, text, begin, end)


@part
def _other_slot(levels, words, state, text, begin, end):
    at, length, code = level_word(levels, text, begin, end)
    if at < 0:
        return at
    slot = word_slot(words, text, at, length)
    return slot if slot >= 0 else new_word_slot(words, state, text, at, length, code)


@part
def level_word(words, text, begin, end):
    """(position, length, code) of the word that tells the level; the position may be NONE or UNCERTAIN."""
    stop = letters_end(text, begin, end)
    code = word_code(words, text, begin, stop)
    if code & FIRST and (stop == end or text[stop] == BLANK):
        return begin, stop - begin, code
    limit, is_ascii = head_end(text, begin, end)
    at = begin
    while at < limit:
        byte = text[at]
        if 0x41 <= byte <= 0x5A:
            stop = letters_end(text, at, limit)
            code = word_code(words, text, at, stop)
            if code & UPPER:
                found = _stands_alone(text, begin, at, stop, limit)
                if found == UNCERTAIN:
                    return int64(UNCERTAIN), int64(0), int64(0)
                if found == 1:
                    return at, stop - at, code
            at = stop
        else:
            at += 1
    return lower_level(words, text, begin, limit, is_ascii)


@part
def _stands_alone(text, begin, at, stop, limit):
    """Whether an upper case word has a delimiter in front and does not go on; UNCERTAIN next to what is not ASCII."""
    if at > begin:
        before = text[at - 1]
        is_blank = 9 <= before <= 13 or 28 <= before <= 32
        is_mark = before == OPEN_SQUARE or before == OPEN_ROUND or before == LESS or before == BAR
        if not is_blank and not is_mark and before != EQUALS and before != QUOTE and before != COLON:
            return UNCERTAIN if before >= 0x80 else 0
    if stop < limit:
        after = text[stop]
        if after >= 0x80:
            return UNCERTAIN
        if is_word(after) or after == DOT or after == DASH:
            return 0
    return 1


@part
def lower_level(words, text, begin, limit, is_ascii):
    """As `level_word`: a lower case word in brackets, behind a bar or `level=`."""
    for place in range(begin, limit):
        byte = text[place]
        at = place + 1
        if byte == BAR:
            while at < limit and at <= place + 4 and (9 <= text[at] <= 13 or 28 <= text[at] <= 32):
                at += 1
        elif byte == EQUALS and _is_level_key(text, begin, place):
            if at < limit and text[at] == QUOTE:
                at += 1
        elif byte != OPEN_SQUARE and byte != LESS:
            continue
        if not is_ascii:
            return int64(UNCERTAIN), int64(0), int64(0)
        stop = letters_end(text, at, limit)
        if stop < limit and is_word(text[stop]):
            continue
        code = word_code(words, text, at, stop)
        if code & LOWER:
            return at, stop - at, code
    return int64(NONE), int64(0), int64(0)


@part
def _is_level_key(text, begin, equals):
    at = equals - 5
    if at < begin or (at > begin and is_word(text[at - 1])):
        return False
    e, v = 0x65, 0x76
    is_level = text[at] == 0x6C and text[at + 1] == e and text[at + 2] == v and text[at + 3] == e
    return is_level and text[at + 4] == 0x6C


@inlined_part
def trace_id(text, begin, end):
    """Where the 32 digits of a trace id begin; NONE or UNCERTAIN."""
    at = begin
    while at + TRACE_DIGITS <= end:
        digits = hex_digits(text, at) | hex_digits(text, at + BLOCK) << uint64(BLOCK)
        if end - at < 2 * BLOCK:
            digits &= low_bits(end - at)
        for step in (1, 2, 4, 8, 16):  # digits that so many others stand behind
            digits &= digits >> uint64(step)
        if digits:
            return _trace_id_in(text, begin, at + trailing_zeros(digits), end)
        at += BLOCK
    return int64(NONE)


@part
def _trace_id_in(text, begin, start, end):
    """As `trace_id`, of which 32 digits begin at `start`."""
    while start > begin and is_lower_hex(text[start - 1]):
        start -= 1
    stop = start + TRACE_DIGITS
    if stop < end and is_lower_hex(text[stop]):
        stop += 1
    return start if _is_trace_id(text, begin, start, stop, end) else int64(UNCERTAIN)


@part
def _is_trace_id(text, begin, start, stop, end):
    if stop - start != TRACE_DIGITS or (stop < end and is_hex(text[stop])):
        return False
    digits = 0
    for place in range(start, stop):
        digits |= text[place] ^ ZERO
    if digits == 0:
        return False
    if start == begin or (text[start - 1] != DASH and not is_hex(text[start - 1])):
        return True
    if text[start - 1] != DASH or start - begin < 3 or text[start - 2] != ZERO or text[start - 3] != ZERO:
        return False
    return start - begin == 3 or (text[start - 4] != DASH and not is_hex(text[start - 4]))


@part
def are_span_digits(text, at, end):
    """Whether exactly 16 lower case hexadecimal digits begin here."""
    if at + SPAN_DIGITS > end or (at + SPAN_DIGITS < end and is_hex(text[at + SPAN_DIGITS])):
        return False
    place = at
    while place < at + SPAN_DIGITS and is_lower_hex(text[place]):
        place += 1
    return place == at + SPAN_DIGITS


@part
def span_behind(text, at, end):
    """Where the 16 digits of a span id begin, that follow a trace id's end `at`; NONE.

    UNCERTAIN: they may follow the word `span` somewhere else.
    """
    place = at
    while place < end and place < at + 2:
        byte = text[place]
        if byte != DASH and byte != COMMA and byte != COLON and byte != SLASH and byte != BLANK:
            break
        place += 1
    if place > at and are_span_digits(text, place, end):
        return place
    return int64(NONE)


@part
def span_named(text, begin, end):
    """Where the 16 digits behind `span_id` and some marks begin; NONE or UNCERTAIN."""
    for at in range(begin, end - SPAN_DIGITS):
        if (text[at] | 0x20) != 0x70 or (text[at + 1] | 0x20) != 0x61 or (text[at + 2] | 0x20) != 0x6E:
            continue
        if at == begin or (text[at - 1] | 0x20) != 0x73:
            if at > begin and text[at - 1] >= 0x80:
                return int64(UNCERTAIN)  # a long s is one in another case
            continue
        place = at + 3
        if text[place] == UNDERSCORE:
            place += 1
        if text[place] == DASH:
            place += 1
        if text[place] >= 0x80:
            return int64(UNCERTAIN)
        if (text[place] | 0x20) != 0x69 or (text[place + 1] | 0x20) != 0x64:
            continue
        place += 2
        marks = place
        while place < end and place <= marks + 4 and not is_word(text[place]):
            if text[place] >= 0x80:
                return int64(UNCERTAIN)
            place += 1
        if 1 <= place - marks <= 4 and are_span_digits(text, place, end):
            return place
        if place < end and is_hex(text[place]):
            return int64(UNCERTAIN)  # in upper case they count too
    return int64(NONE)
