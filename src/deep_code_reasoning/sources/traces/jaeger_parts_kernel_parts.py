"""Parts of the Jaeger kernel: references and logs of a span."""

from __future__ import annotations

from numba import int64

from deep_code_reasoning.kernels.compiling import part
from deep_code_reasoning.kernels.json_text import (
    CLOSE_BRACE,
    ESCAPED,
    FOREIGN,
    FULL,
    OPEN_BRACE,
    OPEN_BRACKET,
    SHORT,
    next_member,
    quoted,
    string_end,
    value_start,
)
from deep_code_reasoning.kernels.names import find_name
from deep_code_reasoning.kernels.views import put_view
from deep_code_reasoning.sources.otlp.span_layout import (
    DOCUMENT,
    EVENT_ATTRIBUTES,
    EVENT_NAME,
    EVENTS,
    LINK_ATTRIBUTES,
    LINK_SPAN_ID,
    LINK_TRACE_ID,
    LINKS,
    OFFSET,
    OWNER,
    ROWS,
    TIME,
)
from deep_code_reasoning.sources.otlp.span_parts_kernel_parts import next_element
from deep_code_reasoning.sources.traces.jaeger_layout import (
    CHILD_OF,
    CHILD_OF_SIZE,
    CODE,
    FOLLOWS_FROM,
    FOLLOWS_FROM_SIZE,
    REF_TYPE_SIZE,
)
from deep_code_reasoning.sources.traces.jaeger_tags_kernel_parts import (
    is_null,
    micros,
    put_padded_id,
    same_text,
    tag_list,
)

M_TRACE_ID, M_SPAN_ID, M_REF_TYPE = CODE["traceID"], CODE["spanID"], CODE["refType"]
M_TIMESTAMP, M_FIELDS = CODE["timestamp"], CODE["fields"]


@part
def span_references(text, at, end, trace, trace_end, links, link_ends, tables, side, state):
    """References as links, but for the parent's; the position behind the list and where the parent's id lies.

    `trace` to `trace_end` is the trace's id as the span writes it.
    """
    parent, parent_end, is_child = int64(0), int64(0), False
    if text[at] != OPEN_BRACKET:
        return (at + 4 if is_null(text, at, end) else int64(FOREIGN)), parent, parent_end
    at = next_element(text, at + 1, end, True)
    while at >= 0 and text[at] == OPEN_BRACE:
        at, kind, begin, stop, span, span_end = _reference(text, at, end, tables[0], tables[1])
        if at < 0:
            break
        if trace_end == 0:
            at = int64(FOREIGN)
            break
        is_within = same_text(text, trace, trace_end, begin, stop)
        if is_within and kind == CHILD_OF and not is_child:
            parent, parent_end, is_child = span, span_end, True
        else:
            if is_within and parent_end == 0:
                parent, parent_end = span, span_end
            problem = _put_link(text, kind, begin, stop, span, span_end, links, link_ends, side, state)
            if problem:
                at = int64(problem)
                break
        at = next_element(text, at, end, False)
    return (at + 1 if at >= 0 else int64(at)), parent, parent_end


@part
def _reference(text, at, end, members, said_values):
    """The position behind a reference, its type, and where the ids of its trace and span begin and end."""
    kind, begin, stop, span, span_end = int64(-1), int64(0), int64(0), int64(0), int64(0)
    seen = 0
    at = next_member(text, at + 1, end, True)
    while at >= 0 and text[at] != CLOSE_BRACE:
        closing, _ = string_end(text, at + 1, end)
        if closing < 0:
            return int64(SHORT), kind, begin, stop, span, span_end
        member = find_name(members, text, at + 1, closing - at - 1)
        at = value_start(text, closing, end)
        if at < 0:
            break
        first, last, holds = quoted(text, at, end)
        if last < 0:
            at = int64(last)
            break
        if holds & ESCAPED or member < 0 or seen >> member & 1:
            at = int64(FOREIGN)
            break
        seen |= 1 << member
        if member == M_REF_TYPE:
            kind = find_name(said_values, text, first, last - first)
        elif member == M_TRACE_ID:
            begin, stop = first, last
        elif member == M_SPAN_ID:
            span, span_end = first, last
        else:
            at = int64(FOREIGN)
            break
        at = next_member(text, last + 1, end, False)
    if at >= 0:
        is_known = (kind == CHILD_OF or kind == FOLLOWS_FROM) and stop > begin and span_end > span
        at = at + 1 if is_known else int64(FOREIGN)
    return int64(at), kind, begin, stop, span, span_end


@part
def _put_link(text, kind, begin, stop, span, span_end, links, link_ends, side, state):
    """0, FULL or FOREIGN."""
    numbers, texts, present, keys, values, value_present = links
    row, child = state[LINKS], state[LINK_ATTRIBUTES]
    capacity = numbers.shape[1]
    if row >= capacity or child >= keys.shape[0]:
        return int64(FULL)
    problem, _ = put_padded_id(texts, LINK_TRACE_ID * capacity + row, text, begin, stop, 32, side, state)
    if not problem:
        problem, _ = put_padded_id(texts, LINK_SPAN_ID * capacity + row, text, span, span_end, 16, side, state)
    if problem:
        return int64(problem)
    present[row, LINK_TRACE_ID] = present[row, LINK_SPAN_ID] = 1
    put_view(keys, child, side, 0, REF_TYPE_SIZE, 1)
    if kind == CHILD_OF:
        put_view(values, child, side, REF_TYPE_SIZE, CHILD_OF_SIZE, 1)
    else:
        put_view(values, child, side, REF_TYPE_SIZE + CHILD_OF_SIZE, FOLLOWS_FROM_SIZE, 1)
    value_present[child] = 1
    numbers[OWNER, row], numbers[OFFSET, row] = state[ROWS], state[DOCUMENT]
    state[LINK_ATTRIBUTES] = child + 1
    state[LINKS] = row + 1
    link_ends[row] = child + 1
    return int64(0)


@part
def span_logs(text, at, end, events, event_ends, tables, side, state):
    """Logs as events; the position behind the list."""
    numbers, texts, present = events[0], events[1], events[2]
    capacity = numbers.shape[1]
    if text[at] != OPEN_BRACKET:
        return at + 4 if is_null(text, at, end) else int64(FOREIGN)
    at = next_element(text, at + 1, end, True)
    while at >= 0 and text[at] == OPEN_BRACE:
        row = state[EVENTS]
        if row >= capacity:
            return int64(FULL)
        present[row, :] = 0
        put_view(texts, EVENT_NAME * capacity + row, text, at, 0, 0)
        time, seen = int64(0), 0
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
            if member == M_TIMESTAMP:
                time, at = micros(text, at, end)
            elif member == M_FIELDS:
                at = tag_list(text, at, end, tables, tables[3], events, row, EVENT_ATTRIBUTES, side, state)
            else:
                return int64(FOREIGN)
            if at < 0:
                return int64(at)
            at = next_member(text, at, end, False)
        if at < 0:
            return int64(at)
        numbers[OWNER, row], numbers[TIME, row], numbers[OFFSET, row] = state[ROWS], time, state[DOCUMENT]
        state[EVENTS] = row + 1
        event_ends[row] = state[EVENT_ATTRIBUTES]
        at = next_element(text, at + 1, end, False)
    return at + 1 if at >= 0 else int64(at)
