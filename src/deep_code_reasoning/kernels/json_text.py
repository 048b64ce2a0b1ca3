"""JSON text, walked where it lies. Positions go in, positions come out; what is below zero is not a position.

Looser than RFC 8259 in what it passes over (control characters in strings, numbers of any spelling): what a record
is made of is checked where it is used.
"""

from __future__ import annotations

from numba import int64, uint64

from deep_code_reasoning.kernels.compiling import part
from deep_code_reasoning.kernels.memory import HIGHS, bytes_equal_to, low_bytes, trailing_zeros, word_at

SHORT = -1  # the text ends before the value does
FOREIGN = -2  # not of the form that the kernel knows
FULL = -3  # no room left for the output

PLAIN, ESCAPED, WIDE = 0, 1, 2  # what a string holds: ASCII alone, escapes, bytes above 127 (added up)

QUOTE, BACKSLASH = 0x22, 0x5C
COMMA, COLON = 0x2C, 0x3A
OPEN_BRACE, CLOSE_BRACE = 0x7B, 0x7D
OPEN_BRACKET, CLOSE_BRACKET = 0x5B, 0x5D


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
def skip_value(text, at, end):
    """Behind the value that starts at `at`; SHORT, or FOREIGN where no value starts."""
    if at >= end:
        return SHORT
    first = text[at]
    if first == QUOTE:
        closing, _ = string_end(text, at + 1, end)
        return closing + 1 if closing >= 0 else SHORT
    if first != OPEN_BRACE and first != OPEN_BRACKET:
        return _skip_scalar(text, at, end)
    depth = 0
    while at < end:
        byte = text[at]
        if byte == QUOTE:
            closing, _ = string_end(text, at + 1, end)
            if closing < 0:
                return SHORT
            at = closing + 1
            continue
        if byte == OPEN_BRACE or byte == OPEN_BRACKET:
            depth += 1
        elif byte == CLOSE_BRACE or byte == CLOSE_BRACKET:
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    return SHORT


@part
def _skip_scalar(text, at, end):
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
    while at < end:
        digit = text[at] - 0x30
        if digit < 0 or digit > 9:
            break
        number = number * uint64(10) + uint64(digit)
        at += 1
    if at == start or at - start > 19 or number > uint64(0x7FFFFFFFFFFFFFFF):
        return int64(0), FOREIGN
    return int64(number), at
