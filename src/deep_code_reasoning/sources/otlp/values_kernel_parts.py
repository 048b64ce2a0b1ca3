"""Parts of the OTLP/JSON kernels: strings, ids, times, enums and attribute lists, as `values` has them in Python."""

from __future__ import annotations

from numba import int64, uint64

from deep_code_reasoning.kernels.compiling import inlined_part, part
from deep_code_reasoning.kernels.json_text import (
    CLOSE_BRACE,
    CLOSE_BRACKET,
    COMMA,
    ESCAPED,
    FOREIGN,
    FULL,
    OPEN_BRACE,
    OPEN_BRACKET,
    QUOTE,
    SHORT,
    WIDE,
    digits,
    next_member,
    skip_blank,
    skip_value,
    string_end,
    value_start,
)
from deep_code_reasoning.kernels.memory import word_at
from deep_code_reasoning.kernels.names import UNKNOWN, find_name
from deep_code_reasoning.kernels.utf8 import is_utf8, unescape
from deep_code_reasoning.kernels.views import put_view
from deep_code_reasoning.sources.otlp.span_layout import (
    CODE,
    NARROW,
    RANK_SHIFT,
    REWRITES,
    SIDE,
    TAKEN,
    WHOLE_NUMBER,
)

KEY, VALUE = CODE["key"], CODE["value"]
STRING_VALUE, INT_VALUE, BOOL_VALUE = CODE["stringValue"], CODE["intValue"], CODE["boolValue"]
DOUBLE_VALUE, BYTES_VALUE = CODE["doubleValue"], CODE["bytesValue"]
ARRAY_VALUE, KVLIST_VALUE = CODE["arrayValue"], CODE["kvlistValue"]

NOTHING, TEXT, NUMBER, ARRAY, MAP = range(5)  # what an AnyValue turned out to be


@part
def put_text(views, row, text, begin, end, holds, side, state):
    """Writes a JSON string's content as a view; 0, FULL or FOREIGN."""
    if holds & WIDE and not is_utf8(text, begin, end):
        return FOREIGN
    if not holds & ESCAPED:
        put_view(views, row, text, begin, end - begin, 0)
        return 0
    written = state[SIDE]
    after = unescape(text, begin, end, side, written)
    if after < 0:
        return after
    put_view(views, row, side, written, after - written, 1)
    state[SIDE] = after
    return 0


@part
def put_id(views, row, text, begin, end, size):
    """Writes an id of `size` lower-case hex digits that is not all zeros; 0, or FOREIGN for every other spelling."""
    if end - begin != size:
        return FOREIGN
    valid = True
    some = False
    for at in range(begin, end):
        byte = text[at]
        valid &= (0x30 <= byte <= 0x39) | (0x61 <= byte <= 0x66)
        some |= byte != 0x30
    if not valid or not some:
        return FOREIGN
    put_view(views, row, text, begin, size, 0)
    return 0


@part
def quoted(text, at, end):
    """The string value at `at`: its begin, its end and what it holds; the end is SHORT or FOREIGN."""
    if text[at] != QUOTE:
        return at, FOREIGN, 0
    closing, holds = string_end(text, at + 1, end)
    return at + 1, closing, holds


@part
def whole_number(text, at, end):
    """A number of nanoseconds, a code: digits, quoted or not. The number and the position behind; SHORT, FOREIGN."""
    is_quoted = text[at] == QUOTE
    number, after = digits(text, at + 1 if is_quoted else at, end)
    if after >= end:
        return number, SHORT
    if after < 0:
        return number, FOREIGN
    if is_quoted:
        return number, after + 1 if text[after] == QUOTE else FOREIGN
    byte = text[after]
    if byte == COMMA or byte == CLOSE_BRACE or byte == CLOSE_BRACKET or byte <= 0x20:
        return number, after
    return number, FOREIGN


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
        return NUMBER if _is_integer(text, begin, stop) else NOTHING
    if member == DOUBLE_VALUE:
        return NUMBER if first == 0x2D or 0x30 <= first <= 0x39 else NOTHING
    return NOTHING


@part
def _is_integer(text, begin, stop):
    """Digits with a sign or not, as Python would print the number."""
    at = begin + 1 if text[begin] == 0x2D else begin
    if at == stop or stop - at > 19 or (text[at] == 0x30 and (stop - at > 1 or at > begin)):
        return False
    while at < stop:
        if text[at] < 0x30 or text[at] > 0x39:
            return False
        at += 1
    return True


@part
def attribute_list(text, at, end, members, promotions, rows, row, counter, rewrite_table, rewrites, side, state):
    """A list of KeyValue: promoted ones into the row's columns, the others behind `state[counter]`.

    `rows`: (numbers, texts, present, keys, values, value_present); see `span_columns`. Returns the position behind
    the list, SHORT, FOREIGN or FULL. Where two names want one column the list is read again, knowing the best.
    """
    if text[at] != OPEN_BRACKET:
        return FOREIGN
    start, before, rewritten = at + 1, state[counter], state[REWRITES]
    contested, again, is_first = False, False, True
    at = skip_blank(text, start, end)
    while True:
        if at >= end:
            return SHORT
        if text[at] == CLOSE_BRACKET:
            if again or not contested:
                return at + 1
            again, is_first = True, True
            state[counter], state[REWRITES] = before, rewritten
            at = skip_blank(text, start, end)
            continue
        if not is_first:
            if text[at] != COMMA:
                return FOREIGN
            at = skip_blank(text, at + 1, end)
            if at >= end:
                return SHORT
        is_first = False
        at, key, key_end, key_holds, kind, begin, stop, holds = _key_value(text, at, end, members)
        if at < 0:
            return at
        written = (text, key, key_end, key_holds, kind, begin, stop, holds)
        code = find_name(promotions, text, key, key_end - key) if kind != NOTHING else UNKNOWN
        has_column = code != UNKNOWN
        if has_column:
            has_column, is_contested = takes_column(rows, row, code, again)
            contested |= is_contested
        if has_column:
            problem = _put_promoted(written, code, rows, row, side, state)
        else:
            problem = _put_attribute(written, rows, counter, rewrite_table, rewrites, side, state)
        if problem:
            return problem
        at = skip_blank(text, at, end)


@inlined_part
def takes_column(rows, row, code, again):
    """Whether an attribute with this code takes its column, and whether the column is contested.

    `present` holds 1 + the best rank so far; the second time the first attribute that has it takes the column.
    """
    _, texts, present, _, _, _ = rows
    flag = code & 0xFF
    if code & WHOLE_NUMBER:
        flag += texts.shape[0] // rows[0].shape[1]
    rank = 1 + (code >> RANK_SHIFT & 0xFF)
    held = present[row, flag]
    if again:
        takes = held == rank
        if takes:
            present[row, flag] = TAKEN | rank
        return takes, False
    if held == 0 or rank < held:
        present[row, flag] = rank
    return held == 0, held != 0


@inlined_part
def _put_promoted(written, code, rows, row, side, state):
    """An attribute into its column; 0, FULL, or FOREIGN where it does not fit."""
    text, _, _, _, kind, begin, stop, holds = written
    numbers, texts, _, _, _, _ = rows
    column = code & 0xFF
    if kind >= ARRAY:
        return FOREIGN
    if not code & WHOLE_NUMBER:
        return put_text(texts, column * numbers.shape[1] + row, text, begin, stop, holds, side, state)
    if not _is_integer(text, begin, stop):
        return FOREIGN
    number, fits = _signed(text, begin, stop, code & NARROW)
    if not fits:
        return FOREIGN
    numbers[column, row] = number
    return 0


@inlined_part
def _put_attribute(written, rows, counter, rewrite_table, rewrites, side, state):
    """An attribute behind those of the rows so far; 0, FULL or FOREIGN."""
    text, key, key_end, key_holds, kind, begin, stop, holds = written
    _, _, _, keys, values, value_present = rows
    child = state[counter]
    if child >= keys.shape[0] or state[REWRITES] >= rewrites.shape[0]:
        return FULL
    problem = put_text(keys, child, text, key, key_end, key_holds, side, state)
    if problem:
        return problem
    value_present[child] = kind != NOTHING
    if kind >= ARRAY:
        rewrite = state[REWRITES]
        rewrites[rewrite, 0], rewrites[rewrite, 1] = rewrite_table, child
        rewrites[rewrite, 2], rewrites[rewrite, 3], rewrites[rewrite, 4] = begin, stop, kind == MAP
        state[REWRITES] = rewrite + 1
    elif kind != NOTHING:
        problem = put_text(values, child, text, begin, stop, holds, side, state)
        if problem:
            return problem
    state[counter] = child + 1
    return 0


@part
def _signed(text, begin, stop, narrow):
    is_negative = text[begin] == 0x2D
    number, after = digits(text, begin + 1 if is_negative else begin, stop)
    if after != stop:
        return int64(0), False
    if is_negative:
        number = -number
    if narrow and (number < -0x80000000 or number > 0x7FFFFFFF):
        return int64(0), False
    return number, True


def _word(text: bytes) -> int:
    return int.from_bytes(text, "little")


OPENS_KEY = _word(b'{"key":"')
OPENS_VALUE = _word(b',"value"')
OPENS_STRING = (_word(b':{"strin'), _word(b'gValue":'))


@inlined_part
def _key_value(text, at, end, members):
    """One KeyValue: the position behind it, its key's begin, end and holding, then as `any_value`.

    Nearly all are written as `{"key":"k","value":{"stringValue":"v"}}`, which is told by words and not by members.
    """
    if word_at(text, at) == uint64(OPENS_KEY):
        key = at + 8
        key_end, key_holds = string_end(text, key, end)
        if key_end >= 0 and word_at(text, key_end + 1) == uint64(OPENS_VALUE):
            inner = word_at(text, key_end + 9)
            if inner == uint64(OPENS_STRING[0]) and word_at(text, key_end + 17) == uint64(OPENS_STRING[1]):
                begin = key_end + 26
                if begin < end and text[begin - 1] == QUOTE:
                    stop, holds = string_end(text, begin, end)
                    is_whole = 0 <= stop < end - 2
                    if is_whole and text[stop + 1] == CLOSE_BRACE and text[stop + 2] == CLOSE_BRACE:
                        return stop + 3, key, key_end, key_holds, TEXT, begin, stop, holds
    return _any_key_value(text, at, end, members)


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
