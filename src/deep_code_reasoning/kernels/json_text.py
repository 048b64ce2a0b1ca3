"""JSON text, walked where it lies. Positions go in, positions come out; what is below zero is not a position.

Looser than RFC 8259 in what it passes over (control characters in strings, numbers of any spelling): what a record
is made of is checked where it is used.
"""

from __future__ import annotations

from numba import int64, uint64

from deep_code_reasoning.kernels.compiling import part
from deep_code_reasoning.kernels.memory import HIGHS, bytes_equal_to, low_bytes, trailing_zeros, word_at
from deep_code_reasoning.kernels.words import are_digits, eight_digits

SHORT = -1  # the text ends before the value does
FOREIGN = -2  # not of the form that the kernel knows
FULL = -3  # no room left for the output

PLAIN, ESCAPED, WIDE = 0, 1, 2  # what a string holds: ASCII alone, escapes, bytes above 127 (added up)

QUOTE, BACKSLASH = 0x22, 0x5C
COMMA, COLON = 0x2C, 0x3A
OPEN_BRACE, CLOSE_BRACE = 0x7B, 0x7D
OPEN_BRACKET, CLOSE_BRACKET = 0x5B, 0x5D

_DEEPEST = 64  # levels of a value that is passed over, a bit each


@part
def skip_blank(text, at, end):
    while at < end and (text[at] == 0x20 or text[at] == 0x0A or text[at] == 0x0D or text[at] == 0x09):
        at += 1
    return at


@part
def string_end(text, at, end):
    """From behind the opening quote to the closing quote's position, and what the string holds; SHORT."""
    holds = PLAIN
    while at < end:
        word = word_at(text, at)
        hit = bytes_equal_to(word, QUOTE) | bytes_equal_to(word, BACKSLASH)
        if hit == 0:
            if word & HIGHS:
                holds |= WIDE
            at += 8
            continue
        ahead = trailing_zeros(hit) >> 3
        if word & HIGHS & low_bytes(ahead):
            holds |= WIDE
        at += ahead
        if at >= end:
            break
        if text[at] == QUOTE:
            return at, holds
        holds |= ESCAPED
        at += 2
    return SHORT, holds


@part
def quoted(text, at, end):
    """The string value at `at`: its begin, its end and what it holds; the end is SHORT or FOREIGN."""
    if text[at] != QUOTE:
        return at, FOREIGN, 0
    closing, holds = string_end(text, at + 1, end)
    return at + 1, closing, holds


@part
def skip_value(text, at, end):
    """Behind the value that starts at `at`; SHORT, or FOREIGN where none starts or its members do not fit together.

    Were brackets merely counted, a value broken off would reach to whatever closes as many, lines behind.
    """
    kinds, depth = uint64(0), 0  # a bit for each level, the innermost lowest: whether it is an object
    while True:
        if at >= end:
            return SHORT
        byte = text[at]
        if byte == OPEN_BRACE or byte == OPEN_BRACKET:
            if depth == _DEEPEST:
                return FOREIGN
            kinds = kinds << uint64(1) | uint64(byte == OPEN_BRACE)
            depth += 1
            at = skip_blank(text, at + 1, end)
            if at >= end:
                return SHORT
            if text[at] != CLOSE_BRACE and text[at] != CLOSE_BRACKET:
                at = _next_value(text, at, end, kinds)
                if at < 0:
                    return at
                continue
        else:
            at = _skip_leaf(text, at, end)
            if at < 0:
                return at
        at, kinds, depth = _close(text, at, end, kinds, depth)
        if at < 0 or depth == 0:
            return at
        at = _next_value(text, skip_blank(text, at + 1, end), end, kinds)
        if at < 0:
            return at


@part
def _close(text, at, end, kinds, depth):
    """From behind a value past what it closes, to the comma before the next; and the levels still open."""
    while depth:
        at = skip_blank(text, at, end)
        if at >= end:
            return SHORT, kinds, depth
        if text[at] == COMMA:
            break
        if text[at] != (CLOSE_BRACE if kinds & uint64(1) else CLOSE_BRACKET):
            return FOREIGN, kinds, depth
        kinds >>= uint64(1)
        depth -= 1
        at += 1
    return at, kinds, depth


@part
def _next_value(text, at, end, kinds):
    """Past a member's key where the innermost level is an object."""
    if not kinds & uint64(1):
        return at if at < end else SHORT
    if at >= end:
        return SHORT
    if text[at] != QUOTE:
        return FOREIGN
    closing, _ = string_end(text, at + 1, end)
    return value_start(text, closing, end) if closing >= 0 else SHORT


@part
def _skip_leaf(text, at, end):
    """Behind a string, number or word; a number may be spelled in any way."""
    if text[at] == QUOTE:
        closing, _ = string_end(text, at + 1, end)
        return closing + 1 if closing >= 0 else SHORT
    start = at
    while at < end:
        byte = text[at]
        if byte == COMMA or byte == CLOSE_BRACE or byte == CLOSE_BRACKET or byte <= 0x20:
            return at if at > start else FOREIGN
        if byte == QUOTE or byte == COLON or byte == OPEN_BRACE or byte == OPEN_BRACKET:
            return FOREIGN
        at += 1
    return SHORT


@part
def next_member(text, at, end, is_first):
    """To the opening quote of an object's next key, or FOREIGN or SHORT; a closing brace is returned as is.

    `at` is behind the opening brace or behind the value before.
    """
    at = skip_blank(text, at, end)
    if at >= end:
        return SHORT
    if text[at] == CLOSE_BRACE:
        return at
    if not is_first:
        if text[at] != COMMA:
            return FOREIGN
        at = skip_blank(text, at + 1, end)
        if at >= end:
            return SHORT
    return at if text[at] == QUOTE else FOREIGN


@part
def value_start(text, closing_quote, end):
    """From a key's closing quote to the first byte of its value; SHORT or FOREIGN."""
    at = closing_quote + 1
    if at < end and text[at] != COLON:
        at = skip_blank(text, at, end)
    if at >= end:
        return SHORT
    if text[at] != COLON:
        return FOREIGN
    at += 1
    if at < end and text[at] <= 0x20:
        at = skip_blank(text, at, end)
    return at if at < end else SHORT


@part
def digits(text, at, end):
    """The whole number of at most 19 digits at `at` and the position behind it; FOREIGN where it does not fit."""
    number = uint64(0)
    start = at
    while at - start <= 8 and at + 8 <= end and are_digits(word_at(text, at)):
        number = number * uint64(100_000_000) + eight_digits(word_at(text, at))
        at += 8
    while at < end:
        digit = text[at] - 0x30
        if digit < 0 or digit > 9:
            break
        number = number * uint64(10) + uint64(digit)
        at += 1
    if at == start or at - start > 19 or number > uint64(0x7FFFFFFFFFFFFFFF):
        return int64(0), FOREIGN
    return int64(number), at
