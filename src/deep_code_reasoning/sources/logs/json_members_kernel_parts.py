"""One JSON object of a log: which of its members fill columns and which stay attributes, as `keyed_records` has it."""

from __future__ import annotations

from numba import int64, uint64

from deep_code_reasoning.kernels.compiling import inlined_part, part
from deep_code_reasoning.kernels.json_text import (
    CLOSE_BRACE,
    COLON,
    COMMA,
    ESCAPED,
    FOREIGN,
    FULL,
    PLAIN,
    QUOTE,
)
from deep_code_reasoning.kernels.memory import low_bytes, word_at
from deep_code_reasoning.kernels.names import UNKNOWN, find_name
from deep_code_reasoning.kernels.utf8 import is_utf8, unescape
from deep_code_reasoning.kernels.views import put_view
from deep_code_reasoning.sources.logs import log_layout as logs
from deep_code_reasoning.sources.logs.json_log_layout import (
    AT_TIME,
    BEST,
    COLUMNS,
    HOST,
    IS_CONTESTED,
    IS_ZONED,
    KNOWN,
    KNOWN_MEMBERS,
    LEVEL_NUMBER,
    LONGEST_KEY,
    MEMBERS,
    MOST_MEMBERS,
    MOST_PENDING,
    NUMBER,
    PENDING,
    RANK_SHIFT,
    SERVICE,
    TAKEN,
)
from deep_code_reasoning.sources.logs.json_values_kernel_parts import (
    FRACTION,
    INTEGER,
    NULL,
    OBJECT,
    ODD_FRACTION,
    STRING,
    epoch_nanos,
    has_capital,
    put_id,
    put_text,
    skip_blank,
    string_end,
    value,
    whole_number,
)
from deep_code_reasoning.sources.logs.log_layout import ATTRIBUTES, ROWS, SIDE, SIDE_BUFFER, TEXT_BUFFER
from deep_code_reasoning.sources.logs.log_parts_kernel_parts import ZONED, iso_time, severity_at

_CODE = {column: code for code, column in enumerate(COLUMNS)}
_TIME, _SEVERITY, _SEVERITY_NUMBER, _BODY = (_CODE[c] for c in ("time", "severity", "severity_number", "body"))
_TRACE_ID, _SPAN_ID, _SERVICE, _HOST = (_CODE[c] for c in ("trace_id", "span_id", "service_name", "host"))
_SCOPE, _EXCEPTION_TYPE, _STACK = (_CODE[c] for c in ("scope_name", "exception_type", "exception_stacktrace"))
_ALL_COLUMNS = len(COLUMNS)
_ALL_TEXTS = len(logs.TEXTS)
_LONGEST_NAME = 500  # of a nested member; plain.flatten leaves longer ones together
_MULTIPLIER = 0x9E3779B97F4A7C15


@part
def record_end(text, begin, end, key_table, levels, scratch, state, columns, side):
    """Reads the object at `begin` into the next row; the position behind it, SHORT, FOREIGN or FULL.

    Where two keys want one column the object is read again, knowing the best.
    """
    numbers, _, present, _, _, _ = columns
    row = state[ROWS]
    attributes, written = state[ATTRIBUTES], state[SIDE]
    for column in range(_ALL_COLUMNS):
        scratch[BEST + column] = 0
    again = False
    while True:
        scratch[IS_CONTESTED] = 0
        scratch[AT_TIME] = scratch[LEVEL_NUMBER] = scratch[NUMBER] = scratch[SERVICE + 1] = scratch[HOST + 1] = -1
        behind = _members(text, begin, end, key_table, levels, scratch, state, columns, side, again)
        if behind < 0:
            return behind
        if not scratch[IS_CONTESTED]:
            break
        again = True
        forget(row, present)
        state[ATTRIBUTES], state[SIDE] = attributes, written
    number = scratch[NUMBER] if scratch[NUMBER] > 0 else scratch[LEVEL_NUMBER]
    if number > 0:
        numbers[logs.SEVERITY, row] = number
        present[row, _ALL_TEXTS + logs.SEVERITY] = 1
    return behind if scratch[AT_TIME] >= 0 and present[row, logs.BODY] else int64(FOREIGN)


@part
def forget(row, present):
    """As if nothing had been written of a row."""
    for column in range(_ALL_TEXTS + logs.NUMBERS):
        present[row, column] = 0


@part
def _members(text, begin, end, key_table, levels, scratch, state, columns, side, again):
    """All members of the object and of those nested in it, in the order of log_keys.flatten.

    `is_usual`: the keys so far were those of the record before, in their order, and need not be looked up again.
    """
    behind = int64(-1)
    count, pending = int64(0), int64(0)
    prefix, prefix_size, prefix_buffer = int64(0), int64(0), int64(TEXT_BUFFER)
    is_first, is_usual = True, True
    at = begin + 1
    while True:
        at = skip_blank(text, at)
        byte = text[at]
        if byte == CLOSE_BRACE:
            if behind < 0:
                behind = at + 1
            if not pending:
                return behind
            pending -= 1
            place = PENDING + 4 * pending
            at, prefix = scratch[place] + 1, scratch[place + 1]
            prefix_size, prefix_buffer = scratch[place + 2], scratch[place + 3]
            is_first = True
            continue
        if not is_first:
            if byte != COMMA:
                return int64(FOREIGN)
            at = skip_blank(text, at + 1)
            byte = text[at]
        is_first = False
        if byte != QUOTE:
            return int64(FOREIGN)
        key = at + 1
        known = PENDING
        if is_usual and prefix_size == 0 and count < scratch[KNOWN_MEMBERS]:
            known = KNOWN + 3 * count
        size = scratch[known + 1]
        is_usual = known != PENDING and _is_key(text, key, scratch[known], size)
        if not is_usual:
            closing, holds = string_end(text, key, end)
            if closing < 0 or holds != PLAIN:
                return int64(FOREIGN)
            size = closing - key
        at = skip_blank(text, key + size + 1)
        if text[at] != COLON:
            return int64(FOREIGN)
        at = skip_blank(text, at + 1)
        buffer = int64(TEXT_BUFFER)
        if prefix_size > 0:
            if prefix_size + size > _LONGEST_NAME or state[SIDE] + prefix_size + size + 1 > side.shape[0] - 64:
                return int64(FOREIGN)
            key = _joined(text, side, prefix, prefix_size, prefix_buffer, key, size, state)
            size, buffer = size + prefix_size + 1, int64(SIDE_BUFFER)
        source = side if buffer == SIDE_BUFFER else text
        if is_usual:
            code = scratch[known + 2]
        else:
            if not _is_new(source, key, size, scratch, count):
                return int64(FOREIGN)
            code = _code(key_table, source, key, size, side, state)
            known = KNOWN + 3 * count
            scratch[known], scratch[known + 1], scratch[known + 2] = key, size, code
            if prefix_size == 0:
                scratch[KNOWN_MEMBERS] = count + 1
            elif scratch[KNOWN_MEMBERS] > count:
                scratch[KNOWN_MEMBERS] = count
        count += 1
        at, kind, start, stop, holds = value(text, at, end)
        if at < 0:
            return at
        if kind == OBJECT:
            if pending >= MOST_PENDING or size == 0:
                return int64(FOREIGN)
            place = PENDING + 4 * pending
            scratch[place], scratch[place + 1], scratch[place + 2], scratch[place + 3] = start, key, size, buffer
            pending += 1
            continue
        if code != UNKNOWN and kind != NULL and _takes_column(scratch, code, again):
            column = code & ((1 << RANK_SHIFT) - 1)
            outcome = _fill(text, column, kind, start, stop, holds, levels, scratch, state, columns, side)
            if outcome < 0:
                return outcome
            if outcome == 0:
                continue
        if kind == ODD_FRACTION:
            return int64(FOREIGN)
        outcome = _put_attribute(text, source, key, size, buffer, kind, start, stop, holds, state, columns, side)
        if outcome < 0:
            return outcome


@part
def _joined(text, side, prefix, prefix_size, prefix_buffer, key, size, state):
    """Writes `prefix.key` behind the texts so far; where it begins."""
    begin = state[SIDE]
    for at in range(prefix_size):
        side[begin + at] = side[prefix + at] if prefix_buffer == SIDE_BUFFER else text[prefix + at]
    side[begin + prefix_size] = 0x2E
    for at in range(size):
        side[begin + prefix_size + 1 + at] = text[key + at]
    state[SIDE] = begin + prefix_size + 1 + size
    return begin


@inlined_part
def _is_key(text, key, known, size):
    """Whether the key that begins at `key` is the one of this size at `known`, up to its closing quote."""
    at = int64(0)
    while at <= size:
        if (word_at(text, key + at) ^ word_at(text, known + at)) & low_bytes(size + 1 - at):
            return False
        at += 8
    return True


@inlined_part
def _is_new(source, key, size, scratch, count):
    """Notes a name; whether the record has no other like it. Two that only look alike are taken for one."""
    if count >= MOST_MEMBERS:
        return False
    found = uint64(size)
    at = int64(0)
    while at < size:
        found = (found ^ (word_at(source, key + at) & low_bytes(size - at))) * uint64(_MULTIPLIER)
        found ^= found >> uint64(32)
        at += 8
    named = int64(found)
    is_new = True
    for member in range(count):
        is_new &= scratch[MEMBERS + member] != named
    scratch[MEMBERS + count] = named
    return is_new


@inlined_part
def _code(key_table, source, key, size, side, state):
    """What a key fills, in whatever case it is written."""
    if not has_capital(source, key, size):
        return find_name(key_table, source, key, size)
    if size > LONGEST_KEY or state[SIDE] + LONGEST_KEY + 16 > side.shape[0]:
        return UNKNOWN
    begin = state[SIDE]
    for at in range(size):
        byte = source[key + at]
        side[begin + at] = byte | 0x20 if 0x41 <= byte <= 0x5A else byte
    return find_name(key_table, side, begin, size)


@inlined_part
def _takes_column(scratch, code, again):
    """Whether a member takes its column: the first one the first time, the first of the best rank the second time."""
    place = BEST + (code & ((1 << RANK_SHIFT) - 1))
    rank = 1 + (code >> RANK_SHIFT)
    best = scratch[place]
    if again:
        if best == rank:
            scratch[place] = TAKEN | rank
        return best == rank
    if best == 0:
        scratch[place] = rank
        return True
    scratch[IS_CONTESTED] = 1
    if rank < best:
        scratch[place] = rank
    return False


@inlined_part
def _fill(text, column, kind, begin, stop, holds, levels, scratch, state, columns, side):
    """A member into its column: 0, or 1 where it stays an attribute, else FOREIGN or FULL."""
    numbers, texts, present, _, _, _ = columns
    row, capacity = state[ROWS], numbers.shape[1]
    if column == _TIME:
        return _fill_time(text, kind, begin, stop, holds, scratch)
    if column == _SEVERITY:
        if kind == STRING and holds == PLAIN:
            number = int64(severity_at(levels, text, begin, stop - begin))
        elif kind == INTEGER:
            number = _node_severity(whole_number(text, begin, stop))
        else:
            number = int64(-1)
        if number < 0:
            return int64(FOREIGN)
        scratch[LEVEL_NUMBER] = number
        put_view(texts, logs.SEVERITY_TEXT * capacity + row, text, begin, stop - begin, TEXT_BUFFER)
        present[row, logs.SEVERITY_TEXT] = 1
        return int64(0)
    if column == _BODY:
        if kind == ODD_FRACTION:
            return int64(FOREIGN)
        present[row, logs.BODY] = 1
        return put_text(texts, logs.BODY * capacity + row, text, begin, stop, holds, side, state)
    if column == _SEVERITY_NUMBER:
        number = whole_number(text, begin, stop) if kind == INTEGER else int64(-1)
        if number < 1 or number > 24:
            return int64(FOREIGN)
        scratch[NUMBER] = number
        return int64(0)
    if kind != STRING:
        return int64(FOREIGN) if column == _TRACE_ID or column == _SPAN_ID else int64(1)
    if begin == stop:
        return int64(1)
    if column == _TRACE_ID or column == _SPAN_ID:
        is_trace = column == _TRACE_ID
        flag, size = (logs.TRACE_ID, 32) if is_trace else (logs.SPAN_ID, 16)
        present[row, flag] = 1
        return put_id(texts, flag * capacity + row, text, begin, stop, size)
    if column == _SERVICE:
        return _fill_name(text, begin, stop, holds, scratch, SERVICE, state, side)
    if column == _HOST:
        return _fill_name(text, begin, stop, holds, scratch, HOST, state, side)
    if column == _STACK:
        return int64(FOREIGN)
    flag = column - _SCOPE + logs.SCOPE_NAME
    present[row, flag] = 1
    return put_text(texts, flag * capacity + row, text, begin, stop, holds, side, state)


@inlined_part
def _fill_time(text, kind, begin, stop, holds, scratch):
    zoned, nanos = True, int64(FOREIGN)
    if kind == STRING and holds == PLAIN:
        behind, found, spelled = iso_time(text, begin, stop)
        if behind == stop:
            nanos, zoned = found, spelled == ZONED
    elif kind == INTEGER or kind == FRACTION or kind == ODD_FRACTION:
        nanos = epoch_nanos(text, begin, stop)
    if nanos < 0:
        return int64(FOREIGN)
    scratch[AT_TIME], scratch[IS_ZONED] = nanos, zoned
    return int64(0)


@part
def _node_severity(level):
    """As severity.node_severity, 0 for none; -1 for a level below zero."""
    if level < 0:
        return int64(-1)
    step = level // 10
    return step * 4 - 3 if 1 <= step <= 6 else int64(0)


@inlined_part
def _fill_name(text, begin, stop, holds, scratch, place, state, side):
    """A service or host, which the producer of the row is made of."""
    if holds > ESCAPED and not is_utf8(text, begin, stop):
        return int64(FOREIGN)
    scratch[place], scratch[place + 1], scratch[place + 2] = begin, stop - begin, TEXT_BUFFER
    if holds & ESCAPED:
        written = state[SIDE]
        after = int64(unescape(text, begin, stop, side, written))
        if after < 0:
            return after
        scratch[place], scratch[place + 1], scratch[place + 2] = written, after - written, SIDE_BUFFER
        state[SIDE] = after
    return int64(0)


@inlined_part
def _put_attribute(text, source, key, size, buffer, kind, begin, stop, holds, state, columns, side):
    """A member behind those of the rows so far; 0, FULL or FOREIGN."""
    _, _, _, keys, values, value_present = columns
    child = state[ATTRIBUTES]
    if child >= keys.shape[0]:
        return int64(FULL)
    put_view(keys, child, source, key, size, buffer)
    value_present[child] = kind != NULL
    state[ATTRIBUTES] = child + 1
    if kind == NULL:
        return int64(0)
    return put_text(values, child, text, begin, stop, holds, side, state)
