"""Attributes in OTLP's protobuf for kernels, as `protobuf_messages.key_value` and `Promotion.place` have them."""

from __future__ import annotations

from numba import int64, uint64

from deep_code_reasoning.kernels.compiling import inlined_part, part
from deep_code_reasoning.kernels.json_text import FOREIGN, FULL
from deep_code_reasoning.kernels.memory import word_at
from deep_code_reasoning.kernels.names import UNKNOWN, find_name
from deep_code_reasoning.sources.otlp.protobuf_span_layout import COMPOUND, DOUBLE
from deep_code_reasoning.sources.otlp.protobuf_wire import I64, LEN, VARINT, tag
from deep_code_reasoning.sources.otlp.protobuf_wire_kernel_parts import (
    delimited,
    put_boolean,
    put_integer,
    put_text,
    spelled_integer,
    tag_at,
    varint,
)
from deep_code_reasoning.sources.otlp.span_layout import NARROW, REWRITES, WHOLE_NUMBER
from deep_code_reasoning.sources.otlp.values_kernel_parts import takes_column

KEY, VALUE = tag(1, LEN), tag(2, LEN)
STRING_VALUE, BOOL_VALUE, INT_VALUE, DOUBLE_VALUE = tag(1, LEN), tag(2, VARINT), tag(3, VARINT), tag(4, I64)
ARRAY_VALUE, MAP_VALUE, BYTES_VALUE = tag(5, LEN), tag(6, LEN), tag(7, LEN)

CONTESTED = -4  # beside FOREIGN and FULL
NOTHING, TEXT, BOOLEAN, INTEGER, FRACTION, OTHER = range(6)  # what an AnyValue turned out to be


@inlined_part
def key_value(text, at, end):
    """Begin and end of the key and of the value; the key's end is FOREIGN where it is not one key and one value.

    Most are both short and in this order: one look at each of their lengths.
    """
    if end - at >= 4 and text[at] == KEY and text[at + 1] < 0x80:
        key_end = at + 2 + int64(text[at + 1])
        value = key_end + 2
        if value <= end and text[key_end] == VALUE and text[key_end + 1] == end - value and end - value < 0x80:
            return at + 2, key_end, value, end
    return _any_key_value(text, at, end)


@part
def _any_key_value(text, at, end):
    key, key_end, value, value_end = int64(0), int64(-1), int64(0), int64(-1)
    while at < end:
        field, at = tag_at(text, at, end)
        if at < 0:
            return key, int64(FOREIGN), value, value_end
        if field == KEY and key_end < 0:
            key, key_end = delimited(text, at, end)
            at = key_end
        elif field == VALUE and value_end < 0:
            value, value_end = delimited(text, at, end)
            at = value_end
        else:
            return key, int64(FOREIGN), value, value_end
        if at < 0:
            return key, int64(FOREIGN), value, value_end
    if key_end < 0:
        key_end = int64(FOREIGN)
    return key, key_end, value, value_end


@inlined_part
def any_value(text, at, end):
    """What an AnyValue of one field is, where its content begins, a number's bits; FOREIGN in place of the first."""
    if at >= end:
        return NOTHING, at, uint64(0)
    if text[at] == STRING_VALUE and end - at >= 2 and text[at + 1] == end - at - 2 and end - at < 0x80:
        return TEXT, at + 2, uint64(0)
    field, at = tag_at(text, at, end)
    if at < 0:
        return FOREIGN, at, uint64(0)
    if field == STRING_VALUE or field == ARRAY_VALUE or field == MAP_VALUE or field == BYTES_VALUE:
        begin, after = delimited(text, at, end)
        if after != end:
            return FOREIGN, begin, uint64(0)
        return (TEXT if field == STRING_VALUE else OTHER), begin, uint64(0)
    if field == INT_VALUE or field == BOOL_VALUE:
        number, after = varint(text, at, end)
        if after != end:
            return FOREIGN, at, uint64(0)
        return (INTEGER if field == INT_VALUE else BOOLEAN), at, number
    if field == DOUBLE_VALUE and end - at == 8:
        return FRACTION, at, word_at(text, at)
    return FOREIGN, at, uint64(0)


@inlined_part
def put_value(views, row, text, kind, begin, end, number, side, state):
    """A TEXT, INTEGER or BOOLEAN as text; 0, FULL or FOREIGN."""
    if kind == TEXT:
        return put_text(views, row, text, begin, end)
    if kind == INTEGER:
        return put_integer(views, row, int64(number), side, state)
    if kind == BOOLEAN:
        put_boolean(views, row, number)
        return 0
    return FOREIGN


@inlined_part
def attribute(text, at, end, promotions, rows, row, counter, table, rewrites, side, state, again):
    """One KeyValue, into the row's column where it has one, else behind `state[counter]`; 0, FOREIGN or FULL.

    `rows`: (numbers, texts, present, keys, values, value_present); see `span_columns`. CONTESTED where another has
    taken the column: when all were seen, they are to be read `again`.
    """
    numbers, texts, _, keys, values, value_present = rows
    key, key_end, value, value_end = key_value(text, at, end)
    if key_end < 0:
        return FOREIGN
    kind, begin, number = any_value(text, value, value_end)
    if kind < 0:
        return FOREIGN
    code = find_name(promotions, text, key, key_end - key) if kind != NOTHING else UNKNOWN
    takes, contested = False, False
    if code != UNKNOWN:
        takes, contested = takes_column(rows, row, code, again)
    if contested:
        return CONTESTED
    if takes:
        column = code & 0xFF
        if not code & WHOLE_NUMBER:
            return put_value(texts, column * numbers.shape[1] + row, text, kind, begin, value_end, number, side, state)
        whole, fits = int64(number), kind == INTEGER
        if kind == TEXT:
            whole, fits = spelled_integer(text, begin, value_end)
        if not fits or (code & NARROW and (whole < -0x80000000 or whole > 0x7FFFFFFF)):
            return FOREIGN
        numbers[column, row] = whole
        return 0
    child = state[counter]
    if child >= keys.shape[0]:
        return FULL
    problem = put_text(keys, child, text, key, key_end)
    if problem:
        return problem
    value_present[child] = kind != NOTHING
    if kind == FRACTION or kind == OTHER:
        rewrite = state[REWRITES]
        if rewrite >= rewrites.shape[0]:
            return FULL
        rewrites[rewrite, 0], rewrites[rewrite, 1] = table, child
        rewrites[rewrite, 2] = begin if kind == FRACTION else value
        rewrites[rewrite, 3] = value_end
        rewrites[rewrite, 4] = DOUBLE if kind == FRACTION else COMPOUND
        state[REWRITES] = rewrite + 1
    elif kind != NOTHING:
        problem = put_value(values, child, text, kind, begin, value_end, number, side, state)
        if problem:
            return problem
    state[counter] = child + 1
    return 0
