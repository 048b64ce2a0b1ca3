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
    OPEN_BRACKET,
    QUOTE,
    SHORT,
    WIDE,
    digits,
    skip_blank,
)
from deep_code_reasoning.kernels.memory import ONES, word_at
from deep_code_reasoning.kernels.names import UNKNOWN, find_name
from deep_code_reasoning.kernels.utf8 import is_utf8, unescape
from deep_code_reasoning.kernels.views import put_view
from deep_code_reasoning.kernels.words import are_lower_hex
from deep_code_reasoning.sources.otlp.key_values_kernel_parts import (
    ARRAY,
    MAP,
    NOTHING,
    is_integer,
    key_value,
)
from deep_code_reasoning.sources.otlp.span_layout import (
    NARROW,
    RANK_SHIFT,
    REWRITES,
    SIDE,
    TAKEN,
    WHOLE_NUMBER,
)

ZEROS = ONES * uint64(0x30)  # eight digits


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
    some = uint64(0)
    at = begin
    while at < end:
        word = word_at(text, at)
        if not are_lower_hex(word):
            return FOREIGN
        some |= word ^ ZEROS
        at += 8
    if some == 0:
        return FOREIGN
    put_view(views, row, text, begin, size, 0)
    return 0


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
        at, key, key_end, key_holds, kind, begin, stop, holds = key_value(text, at, end, members)
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
    if not is_integer(text, begin, stop):
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
