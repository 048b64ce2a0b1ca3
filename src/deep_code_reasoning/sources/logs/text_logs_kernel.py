"""The records of text logs that begin with an ISO time, walked in one pass from bytes to columns.

A line becomes a row when it certainly begins a record and the next one does too, so that nothing continues it.
All other lines, each with what continues it, are left to the plain road, `log_lines`, whose rows these equal.
"""

from __future__ import annotations

from numba import int64

from deep_code_reasoning.kernels.blocks import BLOCK, newlines
from deep_code_reasoning.kernels.compiling import entry, inlined_part, part
from deep_code_reasoning.kernels.json_text import FULL
from deep_code_reasoning.kernels.memory import trailing_zeros
from deep_code_reasoning.sources.logs.log_layout import (
    BASE,
    BODY,
    FOREIGN_LINES,
    HOLDING,
    HOST_SIZE,
    LINE_BEGIN,
    LINE_END,
    LINE_LIMIT,
    LINE_ROW,
    OFFSET,
    POSITION,
    PRODUCER,
    PRODUCERS,
    ROWS,
    SERVICE_SIZE,
    SEVERITY,
    SEVERITY_TEXT,
    SPAN_ID,
    TEXT_BYTES,
    TIME,
    TRACE_ID,
    UNSEVERE,
    UNWORDED,
    UNZONED,
    WORD_CODE,
    WORD_NUMBER,
)
from deep_code_reasoning.sources.logs.log_parts_kernel_parts import ZONED, iso_time
from deep_code_reasoning.sources.logs.log_texts_kernel_parts import (
    copy,
    is_text,
    low_bits,
)
from deep_code_reasoning.sources.logs.text_log_layout import FOREIGN_BYTES, NUMBER
from deep_code_reasoning.sources.logs.text_messages_kernel_parts import (
    NONE,
    SPAN_DIGITS,
    TRACE_DIGITS,
    UNCERTAIN,
    level_slot,
    span_behind,
    span_named,
    trace_id,
)

NEWLINE, RETURN, TAB, BLANK, NUL = 0x0A, 0x0D, 0x09, 0x20, 0x00
QUOTE, CLOSE_ROUND, COMMA, DASH, DOT, SLASH = 0x22, 0x29, 0x2C, 0x2D, 0x2E, 0x2F
COLON, SEMICOLON, GREATER, OPEN_SQUARE, CLOSE_SQUARE = 0x3A, 0x3B, 0x3E, 0x5B, 0x5D
MOST_BLANKS = 256
NO = -1
_NUMBERS, _CODES, _BYTES = "int64[:,::1]", "int32[:,::1]", "uint8[::1]"


@entry(
    *(_BYTES, "int64", "int64", "uint64[::1]", "int64[::1]"),
    *(_NUMBERS, _CODES, _CODES, _BYTES, _BYTES, _BYTES, "uint64[:,::1]"),
    *(_NUMBERS, _NUMBERS),
)
def read_text_logs(
    text,
    end,
    has_ended,
    levels,
    state,
    numbers,
    codes,
    text_ends,
    bodies,
    trace_ids,
    span_ids,
    words,
    lines,
    producers,
):
    """Reads `text[state[POSITION] : end]`, to the end where the stream `has_ended`. 0, or FULL at `state[POSITION]`.

    Left for the next call are a line that is not complete, and a record behind which nothing is known yet.
    """
    producers[0, SERVICE_SIZE] = producers[0, HOST_SIZE] = -1
    state[PRODUCERS] = 1
    columns = (numbers, codes, text_ends, bodies, trace_ids, span_ids, words)
    text_ends[BODY, 0] = text_ends[TRACE_ID, 0] = text_ends[SPAN_ID, 0] = 0
    at, foreign = state[POSITION], int64(NO)
    begin, body, stop, nanos, zoned, is_wide = int64(NO), int64(0), int64(0), int64(0), int64(0), False
    while at < end:
        if state[ROWS] + 1 >= numbers.shape[1] or state[FOREIGN_LINES] + 2 >= lines.shape[0]:
            break
        newline, wide = line_end(text, at, end)
        if newline == end and not has_ended:
            break
        until = newline
        while until > at and text[until - 1] == RETURN:
            until -= 1
        next_body, next_nanos, next_zoned = record_start(text, at, until, state)
        if newline - at > state[LINE_LIMIT]:
            next_body = int64(NO)
        if next_body >= 0:
            if begin >= 0:
                if not put_row(text, begin, body, stop, is_wide, nanos, zoned, levels, columns, state):
                    put_foreign(lines, state, begin, at)
            elif foreign >= 0:
                put_foreign(lines, state, foreign, at)
            begin, body, stop, nanos, zoned, is_wide = at, next_body, until, next_nanos, int64(next_zoned), wide
            foreign = int64(NO)
        else:
            if begin >= 0:
                foreign = begin
                begin = int64(NO)
            elif foreign < 0:
                foreign = at
            if newline - foreign >= FOREIGN_BYTES:
                put_foreign(lines, state, foreign, min(newline + 1, end))
                foreign = int64(NO)
        at = min(newline + 1, end)
    if foreign >= 0:
        put_foreign(lines, state, foreign, at)
    elif begin >= 0 and at == end and has_ended:
        if not put_row(text, begin, body, stop, is_wide, nanos, zoned, levels, columns, state):
            put_foreign(lines, state, begin, end)
    elif begin >= 0:
        at = begin
    state[POSITION] = at
    is_full = state[ROWS] + 1 >= numbers.shape[1] or state[FOREIGN_LINES] + 2 >= lines.shape[0]
    return FULL if is_full else 0


@inlined_part
def line_end(text, at, end):
    """The position of the next newline, or `end`, and whether bytes above 127 come before it."""
    wide = False
    while at < end:
        ends, high = newlines(text, at)
        if ends == 0:
            wide |= high != 0
            at += BLOCK
            continue
        ahead = trailing_zeros(ends)
        wide |= (high & low_bits(ahead)) != 0
        return min(at + ahead, end), wide
    return end, wide


@inlined_part
def record_start(text, at, end, state):
    """(position of the message, nanoseconds, ZONED or NO_ZONE) of a line that begins with an ISO time; NO.

    Only where no other layout can match: a date with dashes, or one with slashes and no word in brackets behind it.
    """
    first = at
    if at < end and text[at] == OPEN_SQUARE:
        at += 1
    if end - at < 19 or text[at + 13] != COLON or text[at + 16] != COLON:
        return int64(NO), int64(0), 0
    if text[at + 4] != DASH:
        if text[at + 4] != SLASH or at > first:
            return int64(NO), int64(0), 0
        if end - at > 20 and text[at + 19] == BLANK and text[at + 20] == OPEN_SQUARE:
            return int64(NO), int64(0), 0
    at, nanos, zoned = iso_time(text, at, end, state)
    if at < 0:
        return int64(NO), int64(0), 0
    if at < end:
        byte = text[at]
        if 0x30 <= byte <= 0x39 or byte == COMMA or byte == SEMICOLON or byte == DOT:
            return int64(NO), int64(0), 0
        if byte == COLON and at + 1 < end and 0x30 <= text[at + 1] <= 0x39:
            return int64(NO), int64(0), 0
        if byte == CLOSE_SQUARE or byte == CLOSE_ROUND or byte == GREATER or byte == QUOTE:
            at += 1
    most = at + MOST_BLANKS
    while at < end and (text[at] == BLANK or text[at] == TAB):
        at += 1
    if at > most:
        return int64(NO), int64(0), 0
    return at, nanos, zoned


@part
def put_foreign(lines, state, begin, end):
    """Notes lines for the plain road, together with those right before them."""
    last = state[FOREIGN_LINES] - 1
    if last >= 0 and lines[last, LINE_END] == begin and end - lines[last, LINE_BEGIN] <= FOREIGN_BYTES:
        lines[last, LINE_END] = end
        return
    lines[last + 1, LINE_BEGIN], lines[last + 1, LINE_END], lines[last + 1, LINE_ROW] = begin, end, state[ROWS]
    state[FOREIGN_LINES] = last + 2


@inlined_part
def put_row(text, begin, body, end, is_wide, nanos, zoned, levels, columns, state):
    """Writes the record of one line; False, and nothing is written, where the plain road has to read it."""
    numbers, codes, text_ends, bodies, trace_ids, span_ids, words = columns
    if end > body and (text[body] == NUL or text[end - 1] == NUL):
        return False
    if is_wide and not is_text(text, body, end):
        return False
    trace = trace_id(text, body, end)
    if trace == UNCERTAIN:
        return False
    span = int64(NONE)
    if trace >= 0:
        span = span_behind(text, trace + TRACE_DIGITS, end)
        if span < 0:
            span = span_named(text, body, end)
        if span == UNCERTAIN:
            return False
    word = level_slot(levels, words, state, text, body, end)
    if word < NONE:
        return False
    row = state[ROWS]
    codes[SEVERITY, row] = int64(words[word, WORD_NUMBER]) & NUMBER if word >= 0 else NO
    codes[SEVERITY_TEXT, row] = int64(words[word, WORD_CODE]) - 1 if word >= 0 else NO
    codes[PRODUCER, row] = 0
    state[UNSEVERE] += word < 0
    state[UNWORDED] += word < 0
    _put_text(bodies, text, body, end - body, BODY, row, text_ends, state)
    _put_text(trace_ids, text, trace, TRACE_DIGITS if trace >= 0 else 0, TRACE_ID, row, text_ends, state)
    _put_text(span_ids, text, span, SPAN_DIGITS if span >= 0 else 0, SPAN_ID, row, text_ends, state)
    state[HOLDING + BODY] += 1
    state[HOLDING + TRACE_ID] += trace >= 0
    state[HOLDING + SPAN_ID] += span >= 0
    numbers[TIME, row], numbers[OFFSET, row] = nanos, state[BASE] + begin
    if zoned != ZONED and state[UNZONED] == 0:
        state[UNZONED] = row + 1
    state[ROWS] = row + 1
    return True


@inlined_part
def _put_text(target, text, begin, size, column, row, text_ends, state):
    written = state[TEXT_BYTES + column]
    if size:
        copy(target, written, text, begin, size)
    state[TEXT_BYTES + column] = written + size
    text_ends[column, row + 1] = written + size
