"""Parts of the OTLP/JSON kernels: one KeyValue, and the AnyValue in it.

Nearly all are written as `{"key":"k","value":{"stringValue":"v"}}`, and likewise with another kind of value, without
blanks and in this order: that is told by words. What is written in another way is walked member by member.
"""

from __future__ import annotations

from numba import int64, uint64

from deep_code_reasoning.kernels.compiling import inlined_part, part
from deep_code_reasoning.kernels.json_text import (
    CLOSE_BRACE,
    FOREIGN,
    OPEN_BRACE,
    QUOTE,
    SHORT,
    next_member,
    quoted,
    skip_value,
    string_end,
    value_start,
)
from deep_code_reasoning.kernels.memory import low_bytes, word_at
from deep_code_reasoning.kernels.names import find_name
from deep_code_reasoning.sources.otlp.span_layout import CODE

KEY, VALUE = CODE["key"], CODE["value"]
STRING_VALUE, INT_VALUE, BOOL_VALUE = CODE["stringValue"], CODE["intValue"], CODE["boolValue"]
DOUBLE_VALUE, BYTES_VALUE = CODE["doubleValue"], CODE["bytesValue"]
ARRAY_VALUE, KVLIST_VALUE = CODE["arrayValue"], CODE["kvlistValue"]

NOTHING, TEXT, NUMBER, ARRAY, MAP = range(5)  # what an AnyValue turned out to be


def _word(text: bytes) -> int:
    return int.from_bytes(text, "little")


OPENS_KEY = _word(b'{"key":"')
OPENS_VALUE = _word(b',"value"')
OPENS_STRING = (_word(b':{"strin'), _word(b'gValue":'))
OPENS_INT = (_word(b':{"intVa'), _word(b'lue":'))
OPENS_DOUBLE = (_word(b':{"doubl'), _word(b'eValue":'))
OPENS_BOOL = (_word(b':{"boolV'), _word(b'alue":'))
TRUE, FALSE = _word(b"true}}"), _word(b"false}}")


@inlined_part
def key_value(text, at, end, members):
    """One KeyValue: the position behind it, its key's begin, end and holding, then as `any_value`."""
    if word_at(text, at) == uint64(OPENS_KEY):
        key = at + 8
        key_end, key_holds = string_end(text, key, end)
        if key_end >= 0 and word_at(text, key_end + 1) == uint64(OPENS_VALUE):
            kind, begin, stop, holds = _usual_value(text, key_end + 9, end)
            if kind != NOTHING:
                behind = stop + 1 if kind == TEXT else stop
                return behind + 2, key, key_end, key_holds, kind, begin, stop, holds
    return _any_key_value(text, at, end, members)


@inlined_part
def _usual_value(text, at, end):
    """`:{"...Value":...}}` from the colon on: the value's kind, begin, end and holding; NOTHING for the unusual."""
    first, second = word_at(text, at), word_at(text, at + 8)
    begin, stop, holds = int64(0), int64(-1), 0
    if first == uint64(OPENS_STRING[0]) and second == uint64(OPENS_STRING[1]) and text[at + 16] == QUOTE:
        begin = at + 17
        stop, holds = string_end(text, begin, end) if begin < end else (int64(-1), 0)
        return (TEXT if _are_closed(text, stop + 1, end) else NOTHING), begin, stop, holds
    if first == uint64(OPENS_INT[0]) and second & low_bytes(5) == uint64(OPENS_INT[1]):
        is_quoted = text[at + 13] == QUOTE
        begin = at + 13 + is_quoted
        stop = _behind_digits(text, begin, end)
        if stop <= begin or (is_quoted and text[stop] != QUOTE) or not _are_closed(text, stop + is_quoted, end):
            return NOTHING, begin, stop, holds
        if is_quoted:
            return TEXT, begin, stop, holds
        return (NUMBER if is_integer(text, begin, stop) else NOTHING), begin, stop, holds
    if first == uint64(OPENS_DOUBLE[0]) and second == uint64(OPENS_DOUBLE[1]):
        begin = at + 16
        stop = _behind_number(text, begin, end)
        return (NUMBER if stop > begin and _are_closed(text, stop, end) else NOTHING), begin, stop, holds
    if first == uint64(OPENS_BOOL[0]) and second & low_bytes(6) == uint64(OPENS_BOOL[1]):
        begin = at + 14
        word = word_at(text, begin)
        stop = begin + (4 if word & low_bytes(6) == uint64(TRUE) else 5)
        is_usual = word & low_bytes(6) == uint64(TRUE) or word & low_bytes(7) == uint64(FALSE)
        return (NUMBER if is_usual and stop + 1 < end else NOTHING), begin, stop, holds
    return NOTHING, begin, stop, holds


@inlined_part
def _are_closed(text, at, end):
    """Whether the value and the KeyValue around it end here."""
    return 0 < at < end - 1 and text[at] == CLOSE_BRACE and text[at + 1] == CLOSE_BRACE


@inlined_part
def _behind_digits(text, at, end):
    """Behind a whole number, with a sign or not."""
    if text[at] == 0x2D:
        at += 1
    while at < end and 0x30 <= text[at] <= 0x39:
        at += 1
    return at


@inlined_part
def _behind_number(text, at, end):
    """Behind what starts as a number; its spelling is not looked at."""
    if text[at] != 0x2D and not 0x30 <= text[at] <= 0x39:
        return int64(-1)
    while at < end and (0x30 <= text[at] <= 0x39 or text[at] == 0x2E or text[at] == 0x2D):
        at += 1
    return at


@part
def _any_key_value(text, at, end, members):
    key, key_end, key_holds = int64(0), int64(-1), 0
    kind, begin, stop, holds = NOTHING, int64(0), int64(0), 0
    if text[at] != OPEN_BRACE:
        return FOREIGN, key, key_end, key_holds, kind, begin, stop, holds
    at = next_member(text, at + 1, end, True)
    while at >= 0 and text[at] != CLOSE_BRACE:
        closing, _ = string_end(text, at + 1, end)
        if closing < 0:
            return SHORT, key, key_end, key_holds, kind, begin, stop, holds
        member = find_name(members, text, at + 1, closing - at - 1)
        at = value_start(text, closing, end)
        if at < 0:
            break
        if member == KEY:
            key, key_end, key_holds = quoted(text, at, end)
            if key_end < 0:
                return key_end, key, key_end, key_holds, kind, begin, stop, holds
            at = key_end + 1
        elif member == VALUE and kind == NOTHING:
            at, kind, begin, stop, holds = any_value(text, at, end, members)
            if at < 0:
                break
        else:
            at = FOREIGN
            break
        at = next_member(text, at, end, False)
    if at < 0:
        return at, key, key_end, key_holds, kind, begin, stop, holds
    if key_end < 0:
        return FOREIGN, key, key_end, key_holds, kind, begin, stop, holds
    return at + 1, key, key_end, key_holds, kind, begin, stop, holds


@part
def any_value(text, at, end, members):
    """An AnyValue: the position behind it, what it is, where its text begins and ends and what that holds."""
    if text[at] != OPEN_BRACE:
        return FOREIGN, NOTHING, 0, 0, 0
    kind, begin, stop, holds = NOTHING, int64(0), int64(0), 0
    at = next_member(text, at + 1, end, True)
    while True:
        if at < 0:
            return at, kind, begin, stop, holds
        if text[at] == CLOSE_BRACE:
            return at + 1, kind, begin, stop, holds
        if kind != NOTHING:
            return FOREIGN, kind, begin, stop, holds
        closing, _ = string_end(text, at + 1, end)
        if closing < 0:
            return SHORT, kind, begin, stop, holds
        member = find_name(members, text, at + 1, closing - at - 1)
        at = value_start(text, closing, end)
        if at < 0:
            return at, kind, begin, stop, holds
        if text[at] == QUOTE:
            begin, stop, holds = quoted(text, at, end)
            if stop < 0:
                return SHORT, kind, begin, stop, holds
            at = stop + 1
            kind = TEXT
            if member != STRING_VALUE and (holds or not _may_be_quoted(member)):
                return FOREIGN, kind, begin, stop, holds
        else:
            begin = at
            at = skip_value(text, at, end)
            if at < 0:
                return at, kind, begin, stop, holds
            stop = at
            kind = _unquoted_kind(text, begin, stop, member)
            if kind == NOTHING:
                return FOREIGN, kind, begin, stop, holds
        at = next_member(text, at, end, False)


@part
def _may_be_quoted(member):
    return member == INT_VALUE or member == DOUBLE_VALUE or member == BYTES_VALUE


@part
def _unquoted_kind(text, begin, stop, member):
    """NUMBER, ARRAY or MAP where an unquoted value has the form that its member asks for, else NOTHING."""
    first = text[begin]
    if member == ARRAY_VALUE or member == KVLIST_VALUE:
        form = ARRAY if member == ARRAY_VALUE else MAP
        return form if first == OPEN_BRACE else NOTHING
    if member == BOOL_VALUE:
        return NUMBER if (first == 0x74 and stop - begin == 4) or (first == 0x66 and stop - begin == 5) else NOTHING
    if member == INT_VALUE:
        return NUMBER if is_integer(text, begin, stop) else NOTHING
    if member == DOUBLE_VALUE:
        return NUMBER if first == 0x2D or 0x30 <= first <= 0x39 else NOTHING
    return NOTHING


@part
def is_integer(text, begin, stop):
    """Digits with a sign or not, as Python would print the number."""
    at = begin + 1 if text[begin] == 0x2D else begin
    if at == stop or stop - at > 19 or (text[at] == 0x30 and (stop - at > 1 or at > begin)):
        return False
    while at < stop:
        if text[at] < 0x30 or text[at] > 0x39:
            return False
        at += 1
    return True
