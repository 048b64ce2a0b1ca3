"""The records of JSON logs, walked in one pass from bytes to columns.

One object a line. What the kernel does not understand it passes over, line by line; where a text may go on behind its
line it stops. Both are read by the plain road, `json_records`, whose rows these equal.
"""

from __future__ import annotations

from numba import int64

from deep_code_reasoning.kernels.compiling import entry, inlined_part, part
from deep_code_reasoning.kernels.json_text import COLON, COMMA, FOREIGN, FULL, OPEN_BRACE, OPEN_BRACKET, SHORT
from deep_code_reasoning.sources.logs.json_log_layout import (
    AT_TIME,
    END_ATTRIBUTES,
    END_NULLS,
    END_TEXTS,
    END_VALUE_BYTES,
    HOST,
    IS_ZONED,
    LEVEL_NUMBER,
    LEVEL_WORD,
    NUMBER,
    SERVICE,
)
from deep_code_reasoning.sources.logs.json_members_kernel_parts import record_end
from deep_code_reasoning.sources.logs.json_names_kernel_parts import forget_members, keep_room_for_members
from deep_code_reasoning.sources.logs.json_values_kernel_parts import line_end
from deep_code_reasoning.sources.logs.log_layout import (
    ATTRIBUTES,
    BASE,
    BODY,
    FOREIGN_LINES,
    HOLDING,
    LINE_BEGIN,
    LINE_END,
    LINE_LIMIT,
    LINE_ROW,
    NULLS,
    OFFSET,
    POSITION,
    PRODUCER,
    ROWS,
    SEVERITY,
    SEVERITY_TEXT,
    TEXT_BYTES,
    TEXTS,
    TIME,
    UNSEVERE,
    UNWORDED,
    UNZONED,
    VALUE_BYTES,
    WORD_CODE,
)
from deep_code_reasoning.sources.logs.log_producers_kernel_parts import producer_slot

NEWLINE = 0x0A
_ALL_TEXTS = len(TEXTS)
_NUMBERS, _CODES, _ENDS, _BYTES, _NAMES = "int64[:,::1]", "int32[:,::1]", "int32[::1]", "uint8[::1]", "uint64[::1]"


@entry(
    *(_BYTES, "int64", _NAMES, _NAMES, "int64[::1]", "int64[::1]"),
    *(_NUMBERS, _CODES, _CODES, _BYTES, _BYTES, _BYTES, _BYTES),
    *(_ENDS, _BYTES, _ENDS, _ENDS, _BYTES, _ENDS, _BYTES, "uint64[:,::1]"),
    *(_NUMBERS, _NUMBERS, _ENDS, _BYTES),
)
def read_json_logs(
    text,
    end,
    key_table,
    levels,
    scratch,
    state,
    numbers,
    codes,
    text_ends,
    bodies,
    trace_ids,
    span_ids,
    seldom,
    ends,
    keys,
    key_ends,
    key_codes,
    values,
    value_ends,
    value_present,
    words,
    lines,
    producers,
    producer_table,
    side,
):
    """Reads `text[state[POSITION] : end]`. 0 when all is read; SHORT, FULL or FOREIGN at the line `state[POSITION]`."""
    texts = (bodies, trace_ids, span_ids, seldom)
    attributes = (keys, key_ends, key_codes, values, value_ends, value_present)
    at = state[POSITION]
    forget_members(scratch)
    ends[0] = key_ends[0] = value_ends[0] = 0
    for column in range(_ALL_TEXTS):
        text_ends[column, 0] = 0
    while True:
        state[POSITION] = at
        begin = _blank_end(text, at, end)
        if begin >= end:
            return 0 if at >= end else SHORT
        if text[begin] == NEWLINE:
            at = begin + 1
            continue
        behind = int64(FOREIGN)
        row = state[ROWS]
        if text[begin] == OPEN_BRACE:
            if row >= numbers.shape[1]:
                return FULL
            keep_room_for_members(scratch)
            behind = record_end(text, begin, end, key_table, levels, scratch, state, texts, attributes, words, side)
            if behind >= 0:
                behind = _blank_end(text, behind, end)
                if behind >= end or text[behind] != NEWLINE or behind - at > state[LINE_LIMIT]:
                    behind = int64(FOREIGN)
        if behind >= 0:
            service = (scratch[SERVICE], scratch[SERVICE + 1], scratch[SERVICE + 2])
            host = (scratch[HOST], scratch[HOST + 1], scratch[HOST + 2])
            slot = producer_slot(text, side, service, host, row, producers, producer_table, state)
            if slot >= 0:
                numbers[TIME, row], numbers[OFFSET, row] = scratch[AT_TIME], state[BASE] + begin
                codes[PRODUCER, row] = slot
                _put_row(scratch, state, codes, text_ends, words, row)
                ends[row + 1] = scratch[END_ATTRIBUTES]
                at = behind + 1
                continue
            behind = slot
        if behind == FULL:
            return FULL
        behind = _note_line(text, at, begin, end, lines, state)
        if behind < 0:
            return behind
        at = behind + 1


@inlined_part
def _put_row(scratch, state, codes, text_ends, words, row):
    """The record at hand is a row."""
    number, word = scratch[NUMBER] if scratch[NUMBER] > 0 else scratch[LEVEL_NUMBER], scratch[LEVEL_WORD]
    codes[SEVERITY, row] = number if number > 0 else -1
    codes[SEVERITY_TEXT, row] = int64(words[word, WORD_CODE]) - 1 if word >= 0 else -1
    state[UNSEVERE] += number <= 0
    state[UNWORDED] += word < 0
    for column in range(_ALL_TEXTS):
        behind = scratch[END_TEXTS + column]
        text_ends[column, row + 1] = behind
        state[HOLDING + column] += column == BODY or behind > state[TEXT_BYTES + column]
        state[TEXT_BYTES + column] = behind
    state[ATTRIBUTES], state[VALUE_BYTES] = scratch[END_ATTRIBUTES], scratch[END_VALUE_BYTES]
    state[NULLS] = scratch[END_NULLS]
    if not scratch[IS_ZONED] and not state[UNZONED]:
        state[UNZONED] = row + 1
    state[ROWS] = row + 1


@part
def _blank_end(text, at, end):
    """Past what surrounds a document in its line (json_documents.BLANK)."""
    while at < end and _is_blank(text[at]):
        at += 1
    return at


@part
def _is_blank(byte):
    return byte == 0x20 or byte == 0x09 or byte == 0x0D or byte == 0x00 or byte == 0x1E


@part
def _note_line(text, at, begin, end, lines, state):
    """Notes the line from `at` on as one for the plain road: its end. FOREIGN where its text may go on behind it."""
    newline = line_end(text, begin, end)
    if newline < 0:
        return int64(SHORT)
    if newline - at > state[LINE_LIMIT]:
        return int64(FOREIGN)
    if text[begin] == OPEN_BRACE or text[begin] == OPEN_BRACKET:
        last = newline - 1
        while _is_blank(text[last]):
            last -= 1
        byte = text[last]
        if byte == OPEN_BRACE or byte == OPEN_BRACKET or byte == COMMA or byte == COLON:
            return int64(FOREIGN)
    note = state[FOREIGN_LINES]
    if note >= lines.shape[0]:
        return int64(FULL)
    lines[note, LINE_BEGIN], lines[note, LINE_END], lines[note, LINE_ROW] = at, newline, state[ROWS]
    state[FOREIGN_LINES] = note + 1
    return newline
