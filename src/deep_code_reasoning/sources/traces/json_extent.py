"""Where a JSON value ends that starts somewhere in a larger text.

msgspec passes over a value at over 1 GB/s and says in its error where the rest begins; what it refuses (control
characters in strings, deep nesting, half surrogate pairs) is followed bracket by bracket.
"""

from __future__ import annotations

import re

import msgspec

from deep_code_reasoning.sources.filling import Text

SHORT = -1  # the text ends within the value
BROKEN = -2  # brackets that do not match, or no value at all
UNSURE = -3  # nothing that msgspec would parse: ask `matching_end`

_TRUNCATED = "Input data was truncated"  # said also of a half surrogate pair
_TRAILING = re.compile(r"JSON is malformed: trailing characters \(byte (\d+)\)")
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|["{}\[\]]', re.DOTALL)
_pass_over = msgspec.json.Decoder(msgspec.Raw).decode


def end_of_value(text: Text, at: int, end: int) -> int:
    """The position behind the value at `at` (blanks may be included), SHORT or UNSURE."""
    try:
        _pass_over(memoryview(text)[at:end])
    except msgspec.DecodeError as error:
        message = str(error)
        if found := _TRAILING.fullmatch(message):
            return at + int(found[1]) - 1  # the byte it names is the first of the rest, counted from 1
        return SHORT if message == _TRUNCATED else UNSURE
    except RecursionError:
        return UNSURE
    return end


def matching_end(text: Text, at: int, end: int) -> int:
    """The position behind the bracket that closes the one at `at`, SHORT or BROKEN."""
    open_brackets = bytearray()
    if text[at] not in b"{[":
        return BROKEN
    for token in _TOKEN.finditer(text, at, end):
        mark = text[token.start()]
        if mark == 0x22:
            if token.end() - token.start() == 1:  # a string without its end
                return SHORT
        elif mark in b"{[":
            open_brackets.append(mark)
        elif open_brackets.pop() != mark - 2:  # "{" and "}", "[" and "]" lie 2 apart
            return BROKEN
        elif not open_brackets:
            return token.end()
    return SHORT
