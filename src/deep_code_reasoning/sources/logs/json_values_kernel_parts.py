"""Values in JSON logs: strings, numbers as Python prints them, arrays that are written as Python would write them.

What is spelled in any other way is FOREIGN: the plain road knows better.
"""

from __future__ import annotations

from numba import float64, int64, uint64

from deep_code_reasoning.kernels.blocks import BLOCK, hex_digits, newlines, no_digits, string_stops
from deep_code_reasoning.kernels.compiling import inlined_part, part
from deep_code_reasoning.kernels.json_text import (
    BACKSLASH,
    CLOSE_BRACE,
    CLOSE_BRACKET,
    COMMA,
    ESCAPED,
    FOREIGN,
    FULL,
    OPEN_BRACE,
    OPEN_BRACKET,
    PLAIN,
    QUOTE,
    SHORT,
    WIDE,
)
from deep_code_reasoning.kernels.memory import HIGHS, ONES, low_bytes, trailing_zeros, word_at
from deep_code_reasoning.sources.logs.log_texts_kernel_parts import copy, is_text, low_bits, put_unescaped

STRING, INTEGER, FRACTION, TRUTH, NULL, ARRAY, OBJECT, EMPTY_OBJECT, ODD_FRACTION = range(9)

SPACED = 4  # what an array holds: blanks, that Python would not write

_SURE_DIGITS = 15  # so many digits of a decimal fraction come out of a double as they went in (IEEE 754)
_MOST_DIGITS = 18
_MAX_NANOS = 0x7FFFFFFFFFFFFFFF
NEWLINE, BLANK, MINUS, DOT, ZERO = 0x0A, 0x20, 0x2D, 0x2E, 0x30
_TRUE, _FALS, _NULL = 0x65757274, 0x736C6166, 0x6C6C756E


@inlined_part
def skip_blank(text, at):
    """Past what separates JSON's tokens within a line. Stops at the padding behind the text."""
    while text[at] == 0x20 or text[at] == 0x09 or text[at] == 0x0D:
        at += 1
    return at


@inlined_part
def string_end(text, at, end):
    """From behind the opening quote to the closing one and what the string holds. FOREIGN for control characters."""
    holds = PLAIN
    while at < end:
        stops, wide = string_stops(text, at)
        if stops == 0:
            if wide:
                holds |= WIDE
            at += BLOCK
            continue
        ahead = trailing_zeros(stops)
        if wide & low_bits(ahead):
            holds |= WIDE
        at += ahead
        if text[at] == QUOTE:
            return (at, holds) if at < end else (int64(SHORT), holds)
        if text[at] != BACKSLASH or text[at + 1] < 0x20:
            return int64(FOREIGN), holds
        holds |= ESCAPED
        at += 2
    return int64(SHORT), holds


@part
def line_end(text, at, end):
    """The position of the next newline, SHORT where there is none."""
    while at < end:
        ends, _ = newlines(text, at)
        if ends:
            at += trailing_zeros(ends)
            return at if at < end else int64(SHORT)
        at += BLOCK
    return int64(SHORT)


@part
def object_end(text, at, end):
    """Behind the object that opens at `at`; SHORT or FOREIGN where it does not end in its line."""
    depth = 0
    while at < end:
        byte = text[at]
        if byte == QUOTE:
            closing, _ = string_end(text, at + 1, end)
            if closing < 0:
                return closing
            at = closing
        elif byte == OPEN_BRACE or byte == OPEN_BRACKET:
            depth += 1
        elif byte == CLOSE_BRACE or byte == CLOSE_BRACKET:
            depth -= 1
            if depth == 0:
                return at + 1
        elif byte == NEWLINE:
            return int64(FOREIGN)
        at += 1
    return int64(SHORT)


@inlined_part
def value(text, at, end):
    """The value at `at`: the position behind it, its kind, where its text begins and ends and what that holds."""
    first = text[at]
    if first == QUOTE:
        closing, holds = string_end(text, at + 1, end)
        return closing + 1 if closing >= 0 else closing, STRING, at + 1, closing, holds
    if first == MINUS or ZERO <= first <= ZERO + 9:
        stop, kind = usual_number_end(text, at)
        return stop, kind, at, stop, PLAIN
    word = word_at(text, at) & uint64(0xFFFFFFFF)
    if word == uint64(_TRUE):
        return at + 4, TRUTH, at, at + 4, PLAIN
    if word == uint64(_FALS) and text[at + 4] == 0x65:
        return at + 5, TRUTH, at, at + 5, PLAIN
    if word == uint64(_NULL):
        return at + 4, NULL, at, at, PLAIN
    if first == OPEN_BRACE:
        if text[at + 1] == CLOSE_BRACE:
            return at + 2, EMPTY_OBJECT, at, at + 2, PLAIN
        is_empty = text[skip_blank(text, at + 1)] == CLOSE_BRACE
        stop = int64(FOREIGN) if is_empty else object_end(text, at, end)
        return stop, OBJECT, at, stop, PLAIN
    if first == OPEN_BRACKET:
        stop, holds = array_end(text, at, end)
        return stop, ARRAY, at, stop, holds
    return int64(FOREIGN), NULL, at, at, PLAIN


@inlined_part
def usual_number_end(text, at):
    """As `number_end`: one within a block, without an exponent, that needs no second look."""
    others = no_digits(text, at)
    whole = trailing_zeros(others)
    if whole == 0 or whole > _SURE_DIGITS or (text[at] == ZERO and whole > 1):
        return number_end(text, at)
    follows = text[at + whole]
    if follows != DOT:
        return (at + whole, INTEGER) if (follows | 0x20) != 0x65 else (int64(FOREIGN), INTEGER)
    decimals = trailing_zeros(others >> uint64(whole + 1))
    stop = at + whole + 1 + decimals
    if decimals == 0 or decimals + whole > _SURE_DIGITS or (text[stop] | 0x20) == 0x65 or text[at] == ZERO:
        return number_end(text, at)
    return stop, FRACTION if text[stop - 1] != ZERO or decimals == 1 else ODD_FRACTION


@part
def number_end(text, at):
    """Behind a number and whether it is an INTEGER, a FRACTION or, where Python prints it another way, an odd one."""
    start = at + (text[at] == MINUS)
    at = start
    while ZERO <= text[at] <= ZERO + 9:
        at += 1
    whole = at - start
    if whole == 0 or (text[start] == ZERO and whole > 1):
        return int64(FOREIGN), INTEGER
    follows = text[at] | 0x20
    if follows == 0x65:  # an exponent
        return int64(FOREIGN), INTEGER
    if text[at] != DOT:
        is_minus_zero = text[start] == ZERO and text[start - 1] == MINUS
        return int64(FOREIGN) if whole > _MOST_DIGITS or is_minus_zero else at, INTEGER
    at += 1
    point = at
    while ZERO <= text[at] <= ZERO + 9:
        at += 1
    decimals = at - point
    if decimals == 0 or (text[at] | 0x20) == 0x65:
        return int64(FOREIGN), FRACTION
    is_canonical = text[at - 1] != ZERO or decimals == 1
    if text[start] == ZERO:
        is_tiny = decimals > 4 and word_at(text, point) & uint64(0xFFFFFFFF) == uint64(0x30303030)
        is_canonical &= decimals <= _SURE_DIGITS and not is_tiny
    else:
        is_canonical &= decimals + whole <= _SURE_DIGITS
    return at, FRACTION if is_canonical else ODD_FRACTION


@part
def array_end(text, at, end):
    """Behind an array of scalars, and what it holds: its strings' WIDE, and SPACED; FOREIGN for others."""
    holds = PLAIN
    at += 1
    if text[at] == CLOSE_BRACKET:
        return at + 1, holds
    while True:
        begin = at
        at = skip_blank(text, at)
        first = text[at]
        if at > begin:
            holds |= SPACED
        if first == QUOTE:
            closing, held = string_end(text, at + 1, end)
            if closing < 0 or held & ESCAPED:
                return int64(FOREIGN), holds
            holds |= held
            at = closing + 1
        elif first == MINUS or ZERO <= first <= ZERO + 9:
            at, kind = number_end(text, at)
            if at < 0 or kind == ODD_FRACTION:
                return int64(FOREIGN), holds
        else:
            word = word_at(text, at) & uint64(0xFFFFFFFF)
            if word == uint64(_TRUE) or word == uint64(_NULL):
                at += 4
            elif word == uint64(_FALS) and text[at + 4] == 0x65:
                at += 5
            else:
                return int64(FOREIGN), holds
        begin = at
        at = skip_blank(text, at)
        if at > begin:
            holds |= SPACED
        if text[at] == CLOSE_BRACKET:
            return at + 1, holds
        if text[at] != COMMA:
            return int64(FOREIGN), holds
        at += 1


@part
def whole_number(text, begin, stop):
    """The number of at most 18 digits without a sign; -1 with one."""
    if text[begin] == MINUS:
        return int64(-1)
    number = int64(0)
    for at in range(begin, stop):
        number = number * 10 + (int64(text[at]) - ZERO)
    return number


@part
def epoch_nanos(text, begin, stop):
    """As instants.number_nanos, to the last bit; FOREIGN where that takes more than 63 bits, or is no time."""
    whole, part, power = int64(0), int64(0), int64(0)
    if text[begin] == MINUS or stop - begin > _MOST_DIGITS + 1:
        return int64(FOREIGN)
    for at in range(begin, stop):
        digit = int64(text[at]) - ZERO
        if text[at] == DOT:
            power = 1
        elif power:
            part, power = part * 10 + digit, power * 10
        else:
            whole = whole * 10 + digit
    if power == 0:
        scale = _scale(whole)
        return whole * scale if scale and whole <= _MAX_NANOS // scale else int64(FOREIGN)
    bits = int64(0)
    while whole >> bits:
        bits += 1
    below = 53 - bits  # bits behind the point that a double has room for
    if power > 1_000_000_000 or below < 0 or below > 33:
        return int64(FOREIGN)
    binary = _rounded(part << below, power)
    if binary >> below:
        whole, binary = whole + 1, int64(0)
    scale = _scale(whole)
    if not scale or whole >= _MAX_NANOS // scale:
        return int64(FOREIGN)
    rest = float64(binary) / float64(int64(1) << below) * float64(scale)
    nanos = int64(rest)
    left = rest - float64(nanos)
    if left > 0.5 or (left == 0.5 and nanos & 1):
        nanos += 1
    return whole * scale + nanos


@part
def _rounded(dividend, divisor):
    """The quotient, half to even."""
    quotient = dividend // divisor
    twice = 2 * (dividend - quotient * divisor)
    if twice > divisor or (twice == divisor and quotient & 1):
        quotient += 1
    return quotient


@part
def _scale(number):
    """Nanoseconds in the unit that an epoch of this size is in; 0 for what is no time."""
    if number < 100_000_000:
        return int64(0)
    if number < 100_000_000_000:
        return int64(1_000_000_000)
    if number < 100_000_000_000_000:
        return int64(1_000_000)
    return int64(1_000) if number < 100_000_000_000_000_000 else int64(1)


@inlined_part
def put_text(target, to, text, begin, stop, holds):
    """Writes a value's text to `target[to:]`; the end of what is written, FULL or FOREIGN."""
    if holds == PLAIN:
        copy(target, to, text, begin, stop - begin)
        return to + (stop - begin)
    return _put_odd_text(target, to, text, begin, stop, holds)


@part
def _put_odd_text(target, to, text, begin, stop, holds):
    if holds & WIDE and not is_text(text, begin, stop):
        return int64(FOREIGN)
    if holds & SPACED:
        return _unspaced(text, begin, stop, target, to)
    if holds & ESCAPED:
        return put_unescaped(target, to, text, begin, stop)
    copy(target, to, text, begin, stop - begin)
    return to + (stop - begin)


@part
def _unspaced(text, at, stop, side, written):
    """Writes an array without the blanks between its elements; the new end, or FULL."""
    if written + (stop - at) > side.shape[0]:
        return int64(FULL)
    is_within = False
    while at < stop:
        byte = text[at]
        is_within ^= byte == QUOTE
        if is_within or (byte != 0x20 and byte != 0x09 and byte != 0x0D):
            side[written] = byte
            written += 1
        at += 1
    return written


@inlined_part
def is_id(text, begin, stop, size):
    """Whether it is an id of `size` lower-case hex digits (32 or 16) that is not all zeros."""
    if stop - begin != size or ~hex_digits(text, begin) & low_bits(size):
        return False
    some = (word_at(text, begin) | word_at(text, begin + 8)) ^ (ONES * uint64(0x30))
    if size == 32:
        some |= (word_at(text, begin + 16) | word_at(text, begin + 24)) ^ (ONES * uint64(0x30))
    return some != 0


@part
def _within(word, low, high):
    """The high bit of each byte between `low` and `high`, of bytes below 128; none for others."""
    seven = word & ~HIGHS
    above = seven + ONES * uint64(0x80 - low)
    beyond = seven + ONES * uint64(0x7F - high)
    return above & ~beyond & ~word & HIGHS


@part
def has_capital(text, begin, size):
    """Whether an ASCII name has capital letters."""
    at = int64(0)
    while at < size:
        if _within(word_at(text, begin + at), 0x41, 0x5A) & low_bytes(size - at):
            return True
        at += 8
    return False
