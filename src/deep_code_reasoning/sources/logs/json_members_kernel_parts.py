"""One JSON object of a log: which of its members fill columns and which stay attributes, as `keyed_records` has it."""

from __future__ import annotations

from numba import int64, uint64

from deep_code_reasoning.kernels.compiling import inlined_part, part
from deep_code_reasoning.kernels.json_text import ESCAPED, FOREIGN, FULL, PLAIN, QUOTE
from deep_code_reasoning.kernels.names import UNKNOWN
from deep_code_reasoning.sources.logs import log_layout as logs
from deep_code_reasoning.sources.logs.json_log_layout import (
    AT_TIME,
    ATTEMPT,
    BEST,
    CODE,
    COLUMNS,
    END_ATTRIBUTES,
    END_NULLS,
    END_TEXTS,
    END_VALUE_BYTES,
    GLUE_SIZE,
    HAS_BODY,
    HOST,
    IS_CONTESTED,
    IS_ZONED,
    KEY,
    LEVEL_NUMBER,
    LEVEL_WORD,
    MET,
    MOST_PENDING,
    NAME,
    NAME_BUFFER,
    NAME_SIZE,
    NUMBER,
    PENDING,
    RANK_SHIFT,
    SERVICE,
    TAKEN,
)
from deep_code_reasoning.sources.logs.json_names_kernel_parts import OBJECT_END, expected, next_member
from deep_code_reasoning.sources.logs.json_values_kernel_parts import (
    FRACTION,
    INTEGER,
    NULL,
    OBJECT,
    ODD_FRACTION,
    STRING,
    epoch_nanos,
    is_id,
    put_text,
    skip_blank,
    value,
    whole_number,
)
from deep_code_reasoning.sources.logs.log_layout import (
    ATTRIBUTES,
    KEY_BYTES,
    KEYS,
    LONGEST_SEVERITY,
    NULLS,
    SIDE,
    SIDE_BUFFER,
    TEXT_BUFFER,
    TEXT_BYTES,
    TIME_SIZE,
    VALUE_BYTES,
    WORD_NUMBER,
)
from deep_code_reasoning.sources.logs.log_parts_kernel_parts import ZONED, iso_time, severity_at
from deep_code_reasoning.sources.logs.log_texts_kernel_parts import (
    copy,
    is_text,
    item,
    new_word_slot,
    put_unescaped,
    word_slot,
)

_CODE = {column: code for code, column in enumerate(COLUMNS)}
_TIME, _SEVERITY, _SEVERITY_NUMBER, _BODY = (_CODE[c] for c in ("time", "severity", "severity_number", "body"))
_TRACE_ID, _SPAN_ID, _SERVICE, _HOST = (_CODE[c] for c in ("trace_id", "span_id", "service_name", "host"))
_SCOPE, _EXCEPTION_TYPE, _STACK = (_CODE[c] for c in ("scope_name", "exception_type", "exception_stacktrace"))
_ALL_COLUMNS = len(COLUMNS)
_ALL_TEXTS = len(logs.TEXTS)
_TRACE_DIGITS, _SPAN_DIGITS = 32, 16
_COLUMN = (1 << RANK_SHIFT) - 1


@inlined_part
def record_end(text, begin, end, key_table, levels, scratch, state, texts, attributes, words, side):
    """Reads the object at `begin` into what `scratch` and the texts behind those so far hold then.

    The position behind it, SHORT, FOREIGN or FULL. Where two keys want one column the object is read again, knowing
    the best.
    """
    for column in range(_ALL_COLUMNS):
        scratch[BEST + column] = 0
    again = False
    while True:
        scratch[ATTEMPT] += 1
        scratch[IS_CONTESTED] = scratch[HAS_BODY] = 0
        scratch[AT_TIME] = scratch[LEVEL_NUMBER] = scratch[LEVEL_WORD] = scratch[NUMBER] = -1
        scratch[SERVICE + 1] = scratch[HOST + 1] = -1
        for column in range(_ALL_TEXTS):
            scratch[END_TEXTS + column] = state[TEXT_BYTES + column]
        behind = _members(text, begin, end, key_table, levels, scratch, state, texts, attributes, words, side, again)
        if behind < 0 or not scratch[IS_CONTESTED]:
            break
        again = True
    if behind >= 0 and (scratch[AT_TIME] < 0 or not scratch[HAS_BODY]):
        return int64(FOREIGN)
    return behind


@part
def _members(text, begin, end, key_table, levels, scratch, state, texts, attributes, words, side, again):
    """All members of the object and of those nested in it, in the order of log_keys.flatten."""
    keys, key_ends, key_codes, values, value_ends, value_present = attributes
    attempt, capacity = scratch[ATTEMPT], value_present.shape[0]
    child, value_bytes = state[ATTRIBUTES], state[VALUE_BYTES]
    behind, pending, nulls = int64(-1), int64(0), state[NULLS]
    parent, before, at = int64(0), int64(0), begin
    while True:
        member = expected(text, at, before, parent, scratch)
        if member > 0:
            at += item(scratch, member + GLUE_SIZE)
        else:
            at, member = next_member(text, at, end, before, parent, key_table, scratch, state, side)
            if at < 0:
                return at
            if member == OBJECT_END:
                behind = at if behind < 0 else behind
                if not pending:
                    break
                pending -= 1
                at, parent, before = scratch[PENDING + 2 * pending], scratch[PENDING + 2 * pending + 1], int64(0)
                continue
        if item(scratch, member + MET) == attempt:
            return int64(FOREIGN)
        scratch[uint64(member + MET)] = attempt
        before, code = member, item(scratch, member + CODE)
        if text[at] <= 0x20:
            at = skip_blank(text, at)
        if code != UNKNOWN:
            stop = _usual_end(text, at, end, code, again, scratch, state, texts)
            if stop > at:
                at = stop
                continue
        at, kind, start, stop, holds = value(text, at, end)
        if at < 0:
            return at
        if kind == OBJECT:
            if pending >= MOST_PENDING or scratch[member + NAME_SIZE] == 0:
                return int64(FOREIGN)
            scratch[PENDING + 2 * pending], scratch[PENDING + 2 * pending + 1] = start, member
            pending += 1
            continue
        if code != UNKNOWN and kind != NULL and _takes_column(scratch, code, again):
            outcome = _fill(text, code & _COLUMN, kind, start, stop, holds, levels, scratch, state, texts, words, side)
            if outcome < 0:
                return outcome
            if outcome == 0:
                continue
        if kind == ODD_FRACTION:
            return int64(FOREIGN)
        if child >= capacity:
            return int64(FULL)
        key = item(scratch, member + KEY)
        if key == 0:
            key = _new_key(text, member, scratch, state, keys, key_ends, side)
            if key < 0:
                return key
        key_codes[child] = key - 1
        value_present[child] = kind != NULL
        nulls += kind == NULL
        if kind != NULL:
            value_bytes = put_text(values, value_bytes, text, start, stop, holds)
            if value_bytes < 0:
                return value_bytes
        child += 1
        value_ends[child] = value_bytes
    scratch[END_ATTRIBUTES], scratch[END_VALUE_BYTES], scratch[END_NULLS] = child, value_bytes, nulls
    return behind


@part
def _new_key(text, member, scratch, state, keys, key_ends, side):
    """1 + the place of a member's name among the keys of attributes, where it is put; FULL."""
    name, size, place = scratch[member + NAME], scratch[member + NAME_SIZE], state[KEYS]
    begin = state[KEY_BYTES]
    if place + 1 >= key_ends.shape[0] or begin + size + 64 > keys.shape[0]:
        return int64(FULL)
    if scratch[member + NAME_BUFFER] == SIDE_BUFFER:
        copy(keys, begin, side, name, size)
    else:
        copy(keys, begin, text, name, size)
    state[KEYS], state[KEY_BYTES] = place + 1, begin + size
    key_ends[place + 1] = begin + size
    scratch[member + KEY] = place + 1
    return place + 1


@inlined_part
def _usual_end(text, at, end, code, again, scratch, state, texts):
    """Behind an id, or a time as long as the one before, that fills its column; -1 for all other values.

    What follows need not wait until the string's end has been found.
    """
    _, trace_ids, span_ids, _ = texts
    column = code & _COLUMN
    if column == _TIME:
        stop = at + 1 + state[TIME_SIZE]
        if stop >= end or text[at] != QUOTE or text[stop] != QUOTE:
            return int64(-1)
        behind, nanos, zoned = iso_time(text, at + 1, stop, state)
        if behind != stop or not _takes_column(scratch, code, again):
            return int64(-1)
        scratch[AT_TIME], scratch[IS_ZONED] = nanos, zoned == ZONED
        return stop + 1
    if column != _TRACE_ID and column != _SPAN_ID:
        return int64(-1)
    size = int64(_TRACE_DIGITS) if column == _TRACE_ID else int64(_SPAN_DIGITS)
    stop = at + 1 + size
    if stop >= end or text[at] != QUOTE or text[stop] != QUOTE or not is_id(text, at + 1, stop, size):
        return int64(-1)
    if not _takes_column(scratch, code, again):
        return int64(-1)
    if column == _TRACE_ID:
        copy(trace_ids, scratch[END_TEXTS + logs.TRACE_ID], text, at + 1, _TRACE_DIGITS)
        scratch[END_TEXTS + logs.TRACE_ID] += _TRACE_DIGITS
    else:
        copy(span_ids, scratch[END_TEXTS + logs.SPAN_ID], text, at + 1, _SPAN_DIGITS)
        scratch[END_TEXTS + logs.SPAN_ID] += _SPAN_DIGITS
    return stop + 1


@inlined_part
def _takes_column(scratch, code, again):
    """Whether a member takes its column: the first one the first time, the first of the best rank the second time."""
    place = BEST + (code & _COLUMN)
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
def _fill(text, column, kind, begin, stop, holds, levels, scratch, state, texts, words, side):
    """A member into its column: 0, or 1 where it stays an attribute, else FOREIGN or FULL."""
    bodies, _, _, seldom = texts
    if column == _TIME:
        return _fill_time(text, kind, begin, stop, holds, scratch, state)
    if column == _SEVERITY:
        return _fill_severity(text, kind, begin, stop, holds, levels, scratch, state, words)
    if column == _BODY:
        if kind == ODD_FRACTION:
            return int64(FOREIGN)
        after = put_text(bodies, scratch[END_TEXTS + logs.BODY], text, begin, stop, holds)
        scratch[END_TEXTS + logs.BODY], scratch[HAS_BODY] = after, 1
        return min(after, int64(0))
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
        return int64(FOREIGN)  # `_usual_end` reads usual ones
    if column == _SERVICE:
        return _fill_name(text, begin, stop, holds, scratch, SERVICE, state, side)
    if column == _HOST:
        return _fill_name(text, begin, stop, holds, scratch, HOST, state, side)
    if column == _STACK:
        return int64(FOREIGN)
    return _fill_seldom(seldom, column - _SCOPE, text, begin, stop, holds, scratch)


@part
def _fill_seldom(seldom, column, text, begin, stop, holds, scratch):
    room, place = seldom.shape[0] // (_ALL_TEXTS - logs.SELDOM), END_TEXTS + logs.SELDOM + column
    after = put_text(seldom, column * room + scratch[place], text, begin, stop, holds)
    if after < 0:
        return after
    scratch[place] = after - column * room
    return int64(0)


@part
def _fill_time(text, kind, begin, stop, holds, scratch, state):
    zoned, nanos = True, int64(FOREIGN)
    if kind == STRING and holds == PLAIN:
        behind, found, spelled = iso_time(text, begin, stop, state)
        if behind == stop:
            nanos, zoned, state[TIME_SIZE] = found, spelled == ZONED, stop - begin
    elif kind == INTEGER or kind == FRACTION or kind == ODD_FRACTION:
        nanos = epoch_nanos(text, begin, stop)
    if nanos < 0:
        return int64(FOREIGN)
    scratch[AT_TIME], scratch[IS_ZONED] = nanos, zoned
    return int64(0)


@inlined_part
def _fill_severity(text, kind, begin, stop, holds, levels, scratch, state, words):
    if holds != PLAIN or (kind != STRING and kind != INTEGER) or stop - begin > LONGEST_SEVERITY:
        return int64(FOREIGN)
    slot = word_slot(words, text, begin, stop - begin)
    if slot < 0:
        if kind == STRING:
            number = int64(severity_at(levels, text, begin, stop - begin))
        else:
            number = _node_severity(whole_number(text, begin, stop))
        if number < 0:
            return int64(FOREIGN)
        slot = new_word_slot(words, state, text, begin, stop - begin, number)
        if slot < 0:
            return slot
    scratch[LEVEL_NUMBER], scratch[LEVEL_WORD] = int64(words[slot, WORD_NUMBER]), slot
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
    if holds > ESCAPED and not is_text(text, begin, stop):
        return int64(FOREIGN)
    scratch[place], scratch[place + 1], scratch[place + 2] = begin, stop - begin, TEXT_BUFFER
    if holds & ESCAPED:
        written = state[SIDE]
        after = put_unescaped(side, written, text, begin, stop)
        if after < 0:
            return after
        scratch[place], scratch[place + 1], scratch[place + 2] = written, after - written, SIDE_BUFFER
        state[SIDE] = after
    return int64(0)
