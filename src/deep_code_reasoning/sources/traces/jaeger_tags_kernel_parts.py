"""Parts of the Jaeger kernel: ids, times and lists of tags. What they do not know makes the trace FOREIGN."""

from __future__ import annotations

from numba import int64, uint64

from deep_code_reasoning.kernels.compiling import part
from deep_code_reasoning.kernels.json_text import (
    CLOSE_BRACE,
    CLOSE_BRACKET,
    COLON,
    COMMA,
    ESCAPED,
    FOREIGN,
    FULL,
    OPEN_BRACE,
    OPEN_BRACKET,
    QUOTE,
    SHORT,
    digits,
    next_member,
    quoted,
    skip_blank,
    skip_value,
    string_end,
    value_start,
)
from deep_code_reasoning.kernels.memory import word_at
from deep_code_reasoning.kernels.names import UNKNOWN, find_name
from deep_code_reasoning.kernels.views import put_view
from deep_code_reasoning.sources.otlp.span_layout import (
    EVENT_NAME,
    KIND,
    NARROW,
    SIDE,
    STATUS,
    STATUS_MESSAGE,
    WHOLE_NUMBER,
)
from deep_code_reasoning.sources.otlp.values_kernel_parts import put_text, takes_column
from deep_code_reasoning.sources.traces.jaeger_layout import (
    CODE,
    EVENT_ERROR,
    FALSE,
    FIRST_STATUS,
    SAID,
    SAID_ERROR,
    SAID_EVENT,
    SAID_KIND,
    SAID_LIBRARY,
    SAID_MESSAGE,
    SAID_OPEN_TRACING,
    SAID_SCOPE,
    SAID_STATUS,
    SCOPE,
    TRUE,
)

KEY, TYPE, VALUE = CODE["key"], CODE["type"], CODE["value"]
TEXT, NUMBER = 1, 2  # a tag's value: a string, or what is taken as it is written
MAX_MICROS = (2**63 - 1) // 1000
STATUS_IS_ERROR = EVENT_ERROR - FIRST_STATUS


def _word(text: bytes) -> int:
    return int.from_bytes(text, "little")


OPENS_KEY, OPENS_TYPE, OPENS_VALUE = _word(b'{"key":"'), _word(b'","type"'), _word(b'","value')
NULL, TRUE_WORD, FALSE_WORD = _word(b"null"), _word(b"true"), _word(b"fals")


@part
def is_null(text, at, end):
    return end - at > 4 and word_at(text, at) & uint64(0xFFFFFFFF) == uint64(NULL)


@part
def put_padded_id(views, row, text, begin, end, size, side, state):
    """Writes an id in `size` lower-case hex digits: 0, FULL or FOREIGN, and its last 64 bits."""
    length = end - begin
    number = uint64(0)
    if length > size or length < 1:
        return FOREIGN, number
    is_usual = length == size
    high = uint64(0)
    for at in range(begin, end):
        byte = text[at]
        if 0x30 <= byte <= 0x39:
            digit = byte - 0x30
        elif 0x61 <= byte <= 0x66:
            digit = byte - 0x57
        elif 0x41 <= byte <= 0x46:
            digit = byte - 0x37
            is_usual = False
        else:
            return FOREIGN, number
        high |= uint64(digit)
        number = (number << uint64(4)) | uint64(digit)
    if high == 0:
        return FOREIGN, number
    if is_usual:
        put_view(views, row, text, begin, size, 0)
        return 0, number
    written = state[SIDE]
    if written + size > side.shape[0] - 32:
        return FULL, number
    for place in range(size - length):
        side[written + place] = 0x30
    for at in range(begin, end):
        byte = text[at]
        side[written + size - end + at] = byte + 0x20 if 0x41 <= byte <= 0x46 else byte
    put_view(views, row, side, written, size, 1)
    state[SIDE] = written + size
    return 0, number


@part
def micros(text, at, end):
    """A time in microseconds, as nanoseconds, and the position behind it; SHORT or FOREIGN."""
    number, after = digits(text, at, end)
    if after < 0:
        return int64(0), FOREIGN
    if after >= end:
        return int64(0), SHORT
    byte = text[after]
    if number > MAX_MICROS or (text[at] == 0x30 and after > at + 1):
        return int64(0), FOREIGN
    if byte == COMMA or byte == CLOSE_BRACE or byte <= 0x20:
        return number * 1000, after
    return int64(0), FOREIGN


@part
def _is_digit(text, at, end):
    return at < end and 0x30 <= text[at] <= 0x39


@part
def _is_written(text, begin, end):
    """Whether it is `true`, `false` or a number that Python would write as it stands here."""
    word = word_at(text, begin) & uint64(0xFFFFFFFF)
    if end - begin == 4 and word == uint64(TRUE_WORD):
        return True
    if end - begin == 5 and word == uint64(FALSE_WORD) and text[begin + 4] == 0x65:
        return True
    at = begin + 1 if text[begin] == 0x2D else begin
    start = at
    while _is_digit(text, at, end):
        at += 1
    if at == start or (text[start] == 0x30 and at - start > 1):
        return False
    if at == end:
        return at - start <= 18 and not (text[start] == 0x30 and start > begin)
    if text[at] == 0x2E:
        at += 1
        if not _is_digit(text, at, end):
            return False
        while _is_digit(text, at, end):
            at += 1
    if at < end and (text[at] == 0x65 or text[at] == 0x45):
        at += 1
        if at < end and (text[at] == 0x2B or text[at] == 0x2D):
            at += 1
        if not _is_digit(text, at, end):
            return False
        while _is_digit(text, at, end):
            at += 1
    return at == end


@part
def _value(text, at, end):
    """A tag's value: the position behind it, TEXT or NUMBER, its begin, end and what it holds."""
    if text[at] == QUOTE:
        begin, stop, holds = quoted(text, at, end)
        return (stop + 1 if stop >= 0 else int64(SHORT)), TEXT, begin, stop, holds
    if text[at] == OPEN_BRACE or text[at] == OPEN_BRACKET:
        return int64(FOREIGN), NUMBER, at, at, 0
    stop = skip_value(text, at, end)
    if stop >= 0 and not _is_written(text, at, stop):
        return int64(FOREIGN), NUMBER, at, at, 0
    return stop, NUMBER, at, stop, 0


@part
def _tag(text, at, end, members):
    """The position behind a tag, its key's begin, end and holding, then as `_value`.

    Nearly all are written as `{"key":"k","type":"t","value":...}`, which is told by words and not by members.
    """
    if word_at(text, at) == uint64(OPENS_KEY):
        key = at + 8
        key_end, key_holds = string_end(text, key, end)
        value = _usual_value(text, key_end, end) if key_end >= 0 else int64(0)
        if value:
            after, kind, begin, stop, holds = _value(text, value, end)
            if 0 <= after < end and text[after] == CLOSE_BRACE:
                return after + 1, key, key_end, key_holds, kind, begin, stop, holds
    return _any_tag(text, at, end, members)


@part
def _usual_value(text, key_end, end):
    """Where the value behind `","type":"..","value":` starts; 0 where it is written otherwise."""
    if word_at(text, key_end) != uint64(OPENS_TYPE) or text[key_end + 8] != COLON or text[key_end + 9] != QUOTE:
        return int64(0)
    closing, _ = string_end(text, key_end + 10, end)
    if closing < 0 or closing >= end - 12 or word_at(text, closing) != uint64(OPENS_VALUE):
        return int64(0)
    is_usual = text[closing + 8] == QUOTE and text[closing + 9] == COLON and text[closing + 10] > 0x20
    return closing + 10 if is_usual else int64(0)


@part
def _any_tag(text, at, end, members):
    key, key_end, key_holds = int64(0), int64(-1), 0
    kind, begin, stop, holds = 0, int64(0), int64(0), 0
    if text[at] != OPEN_BRACE:
        return int64(FOREIGN), key, key_end, key_holds, kind, begin, stop, holds
    seen = 0
    at = next_member(text, at + 1, end, True)
    while at >= 0 and text[at] != CLOSE_BRACE:
        closing, _ = string_end(text, at + 1, end)
        if closing < 0:
            return int64(SHORT), key, key_end, key_holds, kind, begin, stop, holds
        member = find_name(members, text, at + 1, closing - at - 1)
        at = value_start(text, closing, end)
        if at < 0:
            break
        if member < KEY or seen >> member & 1:
            at = int64(FOREIGN)
            break
        seen |= 1 << member
        if member == KEY:
            key, key_end, key_holds = quoted(text, at, end)
            at = key_end + 1 if key_end >= 0 else key_end
        elif member == VALUE:
            at, kind, begin, stop, holds = _value(text, at, end)
        else:
            at = skip_value(text, at, end)
        if at < 0:
            break
        at = next_member(text, at, end, False)
    if at >= 0:
        at = at + 1 if key_end >= 0 and kind else int64(FOREIGN)
    return at, key, key_end, key_holds, kind, begin, stop, holds


@part
def tag_list(text, at, end, tables, promotions, rows, row, counter, side, state):
    """A list of tags into the columns they have, the others behind `state[counter]`. The position behind the list.

    Where two tags want one column the list is read again, knowing the better name.
    """
    before = state[counter]
    after, contested = _tag_list(text, at, end, tables, promotions, rows, row, counter, side, state, False)
    if after >= 0 and contested:
        state[counter] = before
        after, _ = _tag_list(text, at, end, tables, promotions, rows, row, counter, side, state, True)
    return after


@part
def _tag_list(text, at, end, tables, promotions, rows, row, counter, side, state, again):
    """As `tag_list`, and whether two tags want one column."""
    numbers, texts, present, keys, values, value_present = rows
    contested = False
    members, said_values = tables[0], tables[1]
    capacity = numbers.shape[1]
    said, scope, scope_end = int64(0), int64(0), int64(0)
    if text[at] != OPEN_BRACKET:
        return (at + 4 if is_null(text, at, end) else int64(FOREIGN)), contested
    at = skip_blank(text, at + 1, end)
    is_first = True
    while True:
        if at >= end:
            return int64(SHORT), contested
        if text[at] == CLOSE_BRACKET:
            break
        if not is_first:
            if text[at] != COMMA:
                return int64(FOREIGN), contested
            at = skip_blank(text, at + 1, end)
            if at >= end:
                return int64(SHORT), contested
        is_first = False
        at, key, key_end, key_holds, kind, begin, stop, holds = _tag(text, at, end, members)
        if at < 0:
            return at, contested
        if key_holds & ESCAPED:
            return int64(FOREIGN), contested
        code = find_name(promotions, text, key, key_end - key)
        has_column = code != UNKNOWN and code & SAID == 0
        if has_column:
            has_column, is_contested = takes_column(rows, row, code, again)
            contested |= is_contested
        if has_column:
            problem = _promote(text, begin, stop, holds, code, numbers, texts, row, side, state)
            if problem:
                return problem, contested
        elif code == UNKNOWN or code & SAID == 0:
            child = state[counter]
            if child >= keys.shape[0]:
                return int64(FULL), contested
            problem = put_text(keys, child, text, key, key_end, key_holds, side, state)
            if problem:
                return int64(problem), contested
            problem = put_text(values, child, text, begin, stop, holds, side, state)
            if problem:
                return int64(problem), contested
            value_present[child] = 1
            state[counter] = child + 1
        else:
            what = code & 0xFF
            if said >> what & 1 or (kind != TEXT and what != SAID_ERROR):
                return int64(FOREIGN), contested
            said |= int64(1) << what
            problem = int64(0)
            if what == SAID_SCOPE or what == SAID_LIBRARY:
                if scope_end == 0:
                    if begin == stop:
                        return int64(FOREIGN), contested
                    scope, scope_end = begin, stop
                    problem = int64(put_text(texts, SCOPE * capacity + row, text, begin, stop, holds, side, state))
                    present[row, SCOPE] = 1
                elif not same_text(text, scope, scope_end, begin, stop):
                    return int64(FOREIGN), contested
            elif what == SAID_MESSAGE or what == SAID_EVENT:
                column = STATUS_MESSAGE if what == SAID_MESSAGE else EVENT_NAME
                if what == SAID_EVENT and _is_open_tracing(text, begin, stop, holds, said_values):
                    return int64(FOREIGN), contested
                if stop > begin:
                    problem = int64(put_text(texts, column * capacity + row, text, begin, stop, holds, side, state))
                    present[row, column] = 1
            else:
                problem = _say(text, begin, stop, holds, what, said_values, numbers, row)
            if problem:
                return problem, contested
        at = skip_blank(text, at, end)
    if said >> SAID_OPEN_TRACING & 1:
        return int64(FOREIGN), contested
    return at + 1, contested


@part
def _is_open_tracing(text, begin, stop, holds, said_values):
    """Whether an event's name may be `error`, whose fields have other names."""
    return holds & ESCAPED or find_name(said_values, text, begin, stop - begin) == EVENT_ERROR


@part
def same_text(text, begin, end, other, other_end):
    if end - begin != other_end - other:
        return False
    at = 0
    while at < end - begin and text[begin + at] == text[other + at]:
        at += 1
    return at == end - begin


@part
def _say(text, begin, stop, holds, what, said_values, numbers, row):
    """Kind, status and error of a span; an error is kept in the status, whichever comes first. 0 or FOREIGN."""
    value = find_name(said_values, text, begin, stop - begin)
    if holds & ESCAPED or value == UNKNOWN:
        return int64(FOREIGN)
    if what == SAID_KIND and value < FIRST_STATUS:
        numbers[KIND, row] = value
    elif what == SAID_STATUS and FIRST_STATUS <= value <= EVENT_ERROR:
        if numbers[STATUS, row] != STATUS_IS_ERROR:
            numbers[STATUS, row] = value - FIRST_STATUS
    elif what == SAID_ERROR and value == TRUE:
        numbers[STATUS, row] = STATUS_IS_ERROR
    elif not (what == SAID_ERROR and value == FALSE):
        return int64(FOREIGN)
    return int64(0)


@part
def _promote(text, begin, stop, holds, code, numbers, texts, row, side, state):
    """A tag into its column; 0, FULL or FOREIGN."""
    column = code & 0xFF
    if not code & WHOLE_NUMBER:
        return int64(put_text(texts, column * numbers.shape[1] + row, text, begin, stop, holds, side, state))
    is_negative = text[begin] == 0x2D
    start = begin + 1 if is_negative else begin
    number, after = digits(text, start, stop)
    if after != stop or (text[start] == 0x30 and stop - begin > 1):
        return int64(FOREIGN)
    if is_negative:
        number = -number
    if code & NARROW and (number < -0x80000000 or number > 0x7FFFFFFF):
        return int64(FOREIGN)
    numbers[column, row] = number
    return int64(0)
