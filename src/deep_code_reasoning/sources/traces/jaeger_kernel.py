"""Jaeger's traces, walked in one pass from bytes to columns, one after another for as long as they are of a known form.

A trace is taken whole or not at all; where it stops, `traces.jaeger_spans` reads the next, whose rows these equal.
Which service a span is of shows behind the spans, so names of processes are noted and found at the end of the trace.
"""

from __future__ import annotations

from numba import int64, uint64

from deep_code_reasoning.kernels.compiling import entry, part
from deep_code_reasoning.kernels.json_text import (
    CLOSE_BRACE,
    COMMA,
    ESCAPED,
    FOREIGN,
    FULL,
    OPEN_BRACE,
    OPEN_BRACKET,
    SHORT,
    next_member,
    quoted,
    skip_blank,
    skip_value,
    string_end,
    value_start,
)
from deep_code_reasoning.kernels.names import find_name
from deep_code_reasoning.sources.otlp.span_layout import (
    ATTRIBUTES,
    DOCUMENT,
    DURATION,
    KIND,
    NAME,
    OFFSET,
    PARENT_ID,
    POSITION,
    RESOURCE_SLOT,
    ROWS,
    SIDE,
    SPAN_ID,
    START,
    STATUS,
    TRACE_ID,
)
from deep_code_reasoning.sources.otlp.span_parts_kernel_parts import next_element
from deep_code_reasoning.sources.otlp.values_kernel_parts import put_text
from deep_code_reasoning.sources.traces.jaeger_layout import (
    CODE,
    GENERATION,
    KEY_BEGIN,
    KEY_END,
    MOST_PROBES,
    MOST_PROCESSES,
    MOST_SPANS,
    NAME_BITS,
    PROCESS_NAME,
    PROCESSES,
    TRACE_BEGIN,
    VALUE_BEGIN,
    VALUE_END,
)
from deep_code_reasoning.sources.traces.jaeger_parts_kernel_parts import span_logs, span_references
from deep_code_reasoning.sources.traces.jaeger_tags_kernel_parts import (
    MAX_MICROS,
    micros,
    put_padded_id,
    same_text,
    tag_list,
)

M_TRACE_ID, M_SPAN_ID, M_PARENT_ID = CODE["traceID"], CODE["spanID"], CODE["parentSpanID"]
M_NAME, M_REFERENCES, M_START, M_DURATION = (
    CODE["operationName"],
    CODE["references"],
    CODE["startTime"],
    CODE["duration"],
)
M_TAGS, M_LOGS, M_PROCESS, M_FLAGS = CODE["tags"], CODE["logs"], CODE["processID"], CODE["flags"]
M_WARNINGS, M_SPANS, M_PROCESSES = CODE["warnings"], CODE["spans"], CODE["processes"]
NEEDED = 1 << M_TRACE_ID | 1 << M_SPAN_ID | 1 << M_START | 1 << M_PROCESS
MULTIPLIER = 0x9E3779B97F4A7C15

NUMBERS, VIEWS, FLAGS, ENDS = "int64[:,::1]", "uint64[:,::1]", "uint8[:,::1]", "int32[::1]"
ROWS_OF_TABLE = (NUMBERS, VIEWS, FLAGS, ENDS, VIEWS, VIEWS, "uint8[::1]")


@entry(
    *("uint8[::1]", "int64", "int64[::1]"),
    *("uint64[::1]", "uint64[::1]", "uint64[::1]", "uint64[::1]"),
    *ROWS_OF_TABLE,
    *ROWS_OF_TABLE,
    *ROWS_OF_TABLE,
    *(NUMBERS, "uint64[::1]", "int64[::1]", "uint8[::1]"),
)
def read_traces(
    text,
    end,
    state,
    members,
    said_values,
    span_tags,
    event_tags,
    span_numbers,
    span_texts,
    span_present,
    span_ends,
    span_keys,
    span_values,
    span_value_present,
    event_numbers,
    event_texts,
    event_present,
    event_ends,
    event_keys,
    event_values,
    event_value_present,
    link_numbers,
    link_texts,
    link_present,
    link_ends,
    link_keys,
    link_values,
    link_value_present,
    processes,
    ids,
    generations,
    side,
):
    """Reads traces from `state[POSITION]` on, which is then behind the last: 0, SHORT, FULL or FOREIGN says why."""
    spans = (span_numbers, span_texts, span_present, span_keys, span_values, span_value_present)
    events = (event_numbers, event_texts, event_present, event_keys, event_values, event_value_present)
    links = (link_numbers, link_texts, link_present, link_keys, link_values, link_value_present)
    tables = (members, said_values, span_tags, event_tags)
    at = state[POSITION]
    while True:
        at = skip_blank(text, at, end)
        if at < end and text[at] == COMMA:
            at = skip_blank(text, at + 1, end)
        if at >= end:
            return SHORT
        if text[at] != OPEN_BRACE:
            return 0
        row, attributes, event, event_attributes = state[ROWS], state[ROWS + 1], state[ROWS + 2], state[ROWS + 3]
        link, link_attributes, written, process = state[ROWS + 4], state[ROWS + 5], state[SIDE], state[PROCESSES]
        state[DOCUMENT] = at
        state[GENERATION] += 1
        after = _trace(
            text, at, end, spans, events, links, span_ends, event_ends, link_ends, tables, processes, ids, generations,
            side, state,
        )  # fmt: skip
        if after < 0:
            state[ROWS], state[ROWS + 1], state[ROWS + 2], state[ROWS + 3] = row, attributes, event, event_attributes
            state[ROWS + 4], state[ROWS + 5], state[SIDE], state[PROCESSES] = link, link_attributes, written, process
            return after
        state[POSITION] = at = after


@part
def _trace(
    text, at, end, spans, events, links, span_ends, event_ends, link_ends, tables, processes, ids, generations,
    side, state,
):  # fmt: skip
    """One trace; the position behind it, SHORT, FOREIGN or FULL."""
    row, process = state[ROWS], state[PROCESSES]
    seen = 0
    at = next_member(text, at + 1, end, True)
    while at >= 0 and text[at] != CLOSE_BRACE:
        closing, _ = string_end(text, at + 1, end)
        if closing < 0:
            return int64(SHORT)
        member = find_name(tables[0], text, at + 1, closing - at - 1)
        at = value_start(text, closing, end)
        if at < 0:
            return int64(at)
        if member < 0 or seen >> member & 1:
            return int64(FOREIGN)
        seen |= 1 << member
        if member == M_SPANS:
            if text[at] != OPEN_BRACKET:
                return int64(FOREIGN)
            at = next_element(text, at + 1, end, True)
            while at >= 0 and text[at] == OPEN_BRACE:
                if state[ROWS] >= spans[0].shape[1]:
                    return int64(FULL)
                at = _span(
                    text, at, end, spans, events, links, event_ends, link_ends, tables, ids, generations, side, state
                )
                if at < 0:
                    return at
                span_ends[state[ROWS]] = state[ATTRIBUTES]
                state[ROWS] += 1
                if state[ROWS] - row > MOST_SPANS:
                    return int64(FOREIGN)
                at = next_element(text, at, end, False)
            at = at + 1 if at >= 0 else at
        elif member == M_PROCESSES:
            at = _processes(text, at, end, processes, process, state)
        elif member == M_TRACE_ID:
            _, closing, _ = quoted(text, at, end)
            at = closing + 1 if closing >= 0 else closing
        elif member == M_WARNINGS:
            at = skip_value(text, at, end)
        else:
            return int64(FOREIGN)
        if at < 0:
            return int64(at)
        at = next_member(text, at, end, False)
    if at < 0:
        return int64(at)
    if not seen >> M_SPANS & 1 or not _resolve(text, spans[0], row, processes, process, state):
        return int64(FOREIGN)
    return at + 1


@part
def _processes(text, at, end, processes, first, state):
    """Notes where each process of a trace lies; the position behind them."""
    if text[at] != OPEN_BRACE:
        return int64(FOREIGN)
    at = next_member(text, at + 1, end, True)
    while at >= 0 and text[at] != CLOSE_BRACE:
        process = state[PROCESSES]
        if process >= processes.shape[0]:
            return int64(FULL)
        closing, holds = string_end(text, at + 1, end)
        if closing < 0:
            return int64(SHORT)
        if holds & ESCAPED or process - first >= MOST_PROCESSES:
            return int64(FOREIGN)
        for other in range(first, process):
            if same_text(text, processes[other, KEY_BEGIN], processes[other, KEY_END], at + 1, closing):
                return int64(FOREIGN)
        processes[process, KEY_BEGIN], processes[process, KEY_END] = at + 1, closing
        at = value_start(text, closing, end)
        if at < 0:
            return int64(at)
        if text[at] != OPEN_BRACE:
            return int64(FOREIGN)
        after = skip_value(text, at, end)
        if after < 0:
            return int64(after)
        processes[process, VALUE_BEGIN], processes[process, VALUE_END] = at, after
        processes[process, TRACE_BEGIN] = state[DOCUMENT]
        state[PROCESSES] = process + 1
        at = next_member(text, after, end, False)
    return at + 1 if at >= 0 else int64(at)


@part
def _resolve(text, numbers, row, processes, first, state):
    """Gives each span of a trace the place of its process; False where one has none."""
    found = first
    while row < state[ROWS]:
        begin = numbers[PROCESS_NAME, row] >> NAME_BITS
        stop = begin + (numbers[PROCESS_NAME, row] & ((1 << NAME_BITS) - 1))
        tried = 0
        count = state[PROCESSES] - first
        while tried < count:
            if same_text(text, processes[found, KEY_BEGIN], processes[found, KEY_END], begin, stop):
                break
            found = found + 1 if found + 1 < state[PROCESSES] else first
            tried += 1
        if tried == count:
            return False
        numbers[RESOURCE_SLOT, row] = found
        row += 1
    return True


@part
def _is_new(number, ids, generations, state):
    """Whether no span of this trace had the id before."""
    size = ids.shape[0]
    slot = int64((number * uint64(MULTIPLIER)) >> uint64(40)) & (size - 1)
    for _ in range(MOST_PROBES):
        if generations[slot] != state[GENERATION]:
            generations[slot], ids[slot] = state[GENERATION], number
            return True
        if ids[slot] == number:
            return False
        slot = (slot + 1) & (size - 1)
    return False


@part
def _span(text, at, end, spans, events, links, event_ends, link_ends, tables, ids, generations, side, state):
    """One span into the next row; the position behind it."""
    numbers, texts, present = spans[0], spans[1], spans[2]
    capacity = numbers.shape[1]
    row = state[ROWS]
    present[row, :] = 0
    numbers[KIND, row] = numbers[STATUS, row] = 0
    seen = 0
    start, duration = int64(0), int64(0)
    trace, trace_end, parent, parent_end, old_parent, old_end = (
        int64(0),
        int64(0),
        int64(0),
        int64(0),
        int64(0),
        int64(0),
    )
    at = next_member(text, at + 1, end, True)
    while at >= 0 and text[at] != CLOSE_BRACE:
        closing, _ = string_end(text, at + 1, end)
        if closing < 0:
            return int64(SHORT)
        member = find_name(tables[0], text, at + 1, closing - at - 1)
        at = value_start(text, closing, end)
        if at < 0:
            return int64(at)
        if member < 0 or seen >> member & 1:
            return int64(FOREIGN)
        seen |= 1 << member
        if member == M_TAGS:
            at = tag_list(text, at, end, tables, tables[2], spans, row, ATTRIBUTES, side, state)
        elif member == M_START:
            start, at = micros(text, at, end)
        elif member == M_DURATION:
            duration, at = micros(text, at, end)
        elif member == M_REFERENCES:
            at, parent, parent_end = span_references(
                text, at, end, trace, trace_end, links, link_ends, tables, side, state
            )
        elif member == M_LOGS:
            at = span_logs(text, at, end, events, event_ends, tables, side, state)
        elif member == M_FLAGS or member == M_WARNINGS:
            at = skip_value(text, at, end)
        elif member <= M_NAME or member == M_PROCESS:
            begin, closing, holds = quoted(text, at, end)
            if closing < 0:
                return int64(closing)
            at = closing + 1
            problem = int64(0)
            if member == M_NAME:
                problem = int64(put_text(texts, NAME * capacity + row, text, begin, closing, holds, side, state))
                present[row, NAME] = 1
            elif member == M_TRACE_ID:
                trace, trace_end = begin, closing
                problem, _ = put_padded_id(texts, TRACE_ID * capacity + row, text, begin, closing, 32, side, state)
                present[row, TRACE_ID] = 1
            elif member == M_SPAN_ID:
                problem, number = put_padded_id(texts, SPAN_ID * capacity + row, text, begin, closing, 16, side, state)
                present[row, SPAN_ID] = 1
                if not problem and not _is_new(number, ids, generations, state):
                    problem = int64(FOREIGN)
            elif member == M_PARENT_ID:
                old_parent, old_end = begin, closing
            elif holds & ESCAPED or closing - begin >= 1 << NAME_BITS:
                problem = int64(FOREIGN)
            else:
                numbers[PROCESS_NAME, row] = begin << NAME_BITS | (closing - begin)
            if problem:
                return int64(problem)
        else:
            return int64(FOREIGN)
        if at < 0:
            return int64(at)
        at = next_member(text, at, end, False)
    if at < 0:
        return int64(at)
    if seen & NEEDED != NEEDED or start // 1000 + duration // 1000 > MAX_MICROS:
        return int64(FOREIGN)
    if parent_end == 0:
        parent, parent_end = old_parent, old_end
    if parent_end > parent:
        problem, _ = put_padded_id(texts, PARENT_ID * capacity + row, text, parent, parent_end, 16, side, state)
        if problem:
            return int64(problem)
        present[row, PARENT_ID] = 1
    numbers[START, row], numbers[DURATION, row], numbers[OFFSET, row] = start, duration, state[DOCUMENT]
    return at + 1
