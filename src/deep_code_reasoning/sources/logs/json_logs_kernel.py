"""The records of JSON logs, walked in one pass from bytes to columns.

One object a line. What the kernel does not understand it passes over, line by line; where a text may go on behind its
line it stops. Both are read by the plain road, `json_records`, whose rows these equal.
"""

from __future__ import annotations

from numba import int64

from deep_code_reasoning.kernels.compiling import entry, part
from deep_code_reasoning.kernels.json_text import COLON, COMMA, FOREIGN, FULL, OPEN_BRACE, OPEN_BRACKET, SHORT
from deep_code_reasoning.sources.logs.json_log_layout import (
    AT_TIME,
    HOST,
    IS_ZONED,
    KNOWN_MEMBERS,
    SERVICE,
)
from deep_code_reasoning.sources.logs.json_members_kernel_parts import forget, record_end
from deep_code_reasoning.sources.logs.json_values_kernel_parts import line_end
from deep_code_reasoning.sources.logs.log_layout import (
    ATTRIBUTES,
    FOREIGN_LINES,
    LINE_BEGIN,
    LINE_END,
    LINE_LIMIT,
    LINE_ROW,
    OFFSET,
    POSITION,
    PRODUCER,
    ROWS,
    SIDE,
    TIME,
    UNZONED,
)
from deep_code_reasoning.sources.logs.log_producers_kernel_parts import producer_slot

NEWLINE = 0x0A
_NUMBERS, _VIEWS, _FLAGS, _NAMES = "int64[:,::1]", "uint64[:,::1]", "uint8[:,::1]", "uint64[::1]"


@entry(
    *("uint8[::1]", "int64", _NAMES, _NAMES, "int64[::1]", "int64[::1]"),
    *(_NUMBERS, _VIEWS, _FLAGS, "int32[::1]", _VIEWS, _VIEWS, "uint8[::1]"),
    *(_NUMBERS, _NUMBERS, "int32[::1]", "uint8[::1]"),
)
def read_json_logs(
    text,
    end,
    key_table,
    levels,
    scratch,
    state,
    numbers,
    texts,
    present,
    ends,
    keys,
    values,
    value_present,
    lines,
    producers,
    producer_table,
    side,
):
    """Reads `text[state[POSITION] : end]`. 0 when all is read; SHORT, FULL or FOREIGN at the line `state[POSITION]`."""
    columns = (numbers, texts, present, keys, values, value_present)
    at = state[POSITION]
    scratch[KNOWN_MEMBERS] = 0
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
        attributes, written = state[ATTRIBUTES], state[SIDE]
        if text[begin] == OPEN_BRACE:
            if row >= ends.shape[0]:
                return FULL
            behind = record_end(text, begin, end, key_table, levels, scratch, state, columns, side)
            if behind >= 0:
                behind = _blank_end(text, behind, end)
                if behind >= end or text[behind] != NEWLINE or behind - at > state[LINE_LIMIT]:
                    behind = int64(FOREIGN)
        if behind >= 0:
            service = (scratch[SERVICE], scratch[SERVICE + 1], scratch[SERVICE + 2])
            host = (scratch[HOST], scratch[HOST + 1], scratch[HOST + 2])
            slot = producer_slot(text, side, service, host, row, producers, producer_table, state)
            if slot < 0:
                behind = slot
        if behind >= 0:
            numbers[TIME, row], numbers[OFFSET, row], numbers[PRODUCER, row] = scratch[AT_TIME], begin, slot
            if not scratch[IS_ZONED] and not state[UNZONED]:
                state[UNZONED] = row + 1
            ends[row] = state[ATTRIBUTES]
            state[ROWS] = row + 1
            at = behind + 1
            continue
        state[ATTRIBUTES], state[SIDE] = attributes, written
        if row < ends.shape[0]:
            forget(row, present)
        if behind == FULL:
            return FULL
        behind = _note_line(text, at, begin, end, lines, state)
        if behind < 0:
            return behind
        at = behind + 1


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
