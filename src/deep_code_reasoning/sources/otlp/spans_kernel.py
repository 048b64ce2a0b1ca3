"""The spans of OTLP/JSON requests, walked in one pass from bytes to columns.

Stops between two spans wherever input or room for output ends, and goes on there in the next call. A span that it
does not understand is noted and passed over, a request that it does not understand is left to the caller: both are
then read by the plain road, `otlp.json`, whose rows this one's equal.
"""

from __future__ import annotations

from numba import int64

from deep_code_reasoning.kernels.compiling import entry, part
from deep_code_reasoning.kernels.json_text import (
    CLOSE_BRACE,
    CLOSE_BRACKET,
    COMMA,
    FOREIGN,
    FULL,
    OPEN_BRACE,
    OPEN_BRACKET,
    SHORT,
    next_member,
    quoted,
    skip_value,
    string_end,
    value_start,
)
from deep_code_reasoning.kernels.names import find_name
from deep_code_reasoning.sources.otlp.span_layout import (
    AT_DOCUMENT,
    ATTRIBUTES,
    CODE,
    COUNTERS,
    DOCUMENT,
    DURATION,
    EVENT_ATTRIBUTES,
    EVENTS,
    FOREIGN_SPANS,
    IN_ARRAY,
    IS_FIRST,
    KIND,
    LEVEL,
    LINK_ATTRIBUTES,
    LINKS,
    NAME,
    OFFSET,
    POSITION,
    REQUEST,
    RESOURCE,
    RESOURCE_LIST,
    RESOURCE_SLOT,
    RESOURCE_SPANS,
    RESOURCES,
    REWRITES,
    ROWS,
    SCOPE,
    SCOPE_LIST,
    SCOPE_SLOT,
    SCOPE_SPANS,
    SCOPES,
    SIDE,
    SPAN_ID,
    SPAN_LIST,
    START,
    STATUS,
    TOP,
    TRACE_ID,
)
from deep_code_reasoning.sources.otlp.span_parts_kernel_parts import (
    SPANS_TABLE,
    next_element,
    span_events,
    span_kind,
    span_links,
    span_status,
)
from deep_code_reasoning.sources.otlp.values_kernel_parts import (
    attribute_list,
    put_id,
    put_text,
    whole_number,
)

M_RESOURCE_SPANS, M_SCOPE_SPANS, M_SCHEMA = CODE["resourceSpans"], CODE["scopeSpans"], CODE["schemaUrl"]
M_RESOURCE, M_SCOPE, M_SPANS = CODE["resource"], CODE["scope"], CODE["spans"]
M_TRACE_ID, M_PARENT_ID, M_NAME = CODE["traceId"], CODE["parentSpanId"], CODE["name"]
M_START, M_END, M_KIND, M_STATUS = CODE["startTimeUnixNano"], CODE["endTimeUnixNano"], CODE["kind"], CODE["status"]
M_ATTRIBUTES, M_EVENTS, M_LINKS = CODE["attributes"], CODE["events"], CODE["links"]
M_FLAGS, M_DROPPED_LINKS = CODE["flags"], CODE["droppedLinksCount"]

NUMBERS, VIEWS, FLAGS, ENDS = "int64[:,::1]", "uint64[:,::1]", "uint8[:,::1]", "int32[::1]"
ROWS_OF_TABLE = (NUMBERS, VIEWS, FLAGS, ENDS, VIEWS, VIEWS, "uint8[::1]")


@entry(
    *("uint8[::1]", "int64", "int64[::1]"),
    *("uint64[::1]", "uint64[::1]", "uint64[::1]", "uint64[::1]"),
    *ROWS_OF_TABLE,
    *ROWS_OF_TABLE,
    *ROWS_OF_TABLE,
    *(NUMBERS, NUMBERS, NUMBERS, NUMBERS, "uint8[::1]"),
)
def read_spans(
    text,
    end,
    state,
    members,
    span_promotions,
    event_promotions,
    no_promotions,
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
    rewrites,
    foreign_spans,
    resources,
    scopes,
    side,
):
    """Reads `text[state[POSITION] : end]`. 0 when all is read, SHORT, FULL, or FOREIGN at `state[POSITION]`."""
    spans = (span_numbers, span_texts, span_present, span_keys, span_values, span_value_present)
    events = (event_numbers, event_texts, event_present, event_keys, event_values, event_value_present)
    links = (link_numbers, link_texts, link_present, link_keys, link_values, link_value_present)
    tables = (members, span_promotions, event_promotions, no_promotions)
    output = (spans, events, links, event_ends, link_ends, tables, rewrites, side, state)
    return _walk(text, end, state, members, output, span_ends, foreign_spans, resources, scopes)


@part
def _walk(text, end, state, members, output, span_ends, foreign_spans, resources, scopes):
    at, level, is_first = state[POSITION], state[LEVEL], state[IS_FIRST] != 0
    while True:
        state[POSITION], state[LEVEL], state[IS_FIRST] = at, level, is_first
        if level == TOP:
            at = _next_document(text, at, end, state)
            if at == end:
                state[POSITION] = at
                return SHORT if state[IN_ARRAY] else 0
            if not state[IN_ARRAY]:
                _begin_document(at, state)
            if text[at] != OPEN_BRACE:
                state[POSITION] = at
                return FOREIGN
            at, level, is_first = at + 1, REQUEST, True
        elif level in (RESOURCE_LIST, SCOPE_LIST, SPAN_LIST):
            at = next_element(text, at, end, is_first)
            if at < 0:
                return at
            is_first = False
            if text[at] == CLOSE_BRACKET:
                at, level = at + 1, level - 1
            elif level == SPAN_LIST:
                at = _span(text, at, end, output, span_ends, foreign_spans, state)
                if at < 0:
                    return at
            else:
                if not _new_slot(resources, scopes, level, state):
                    return FULL
                at, level, is_first = at + 1, level + 1, True
        else:
            at = next_member(text, at, end, is_first)
            if at < 0:
                return at
            is_first = False
            if text[at] == CLOSE_BRACE:
                at, level = at + 1, level - 1 if level > REQUEST else TOP
                continue
            at, is_first = _member_of_request(text, at, end, level, members, resources, scopes, state)
            if at < 0:
                return at
            level += is_first


@part
def _new_slot(resources, scopes, level, state):
    """Begins a ResourceSpans or ScopeSpans; whether there was room to note it."""
    slots, slot, counter = (resources, RESOURCE, RESOURCES) if level == RESOURCE_LIST else (scopes, SCOPE, SCOPES)
    place = state[counter]
    if place >= slots.shape[0]:
        return False
    slots[place, 0], slots[place, 1], slots[place, 2] = 0, 0, state[DOCUMENT]
    state[slot] = place
    state[counter] = place + 1
    return True


@part
def _begin_document(at, state):
    state[DOCUMENT] = at
    for counter in range(COUNTERS):
        state[AT_DOCUMENT + counter] = state[ROWS + counter]


@part
def _next_document(text, at, end, state):
    """Past blanks, NULs and what lies between the requests of an array, which is one document."""
    while at < end:
        byte = text[at]
        if byte == OPEN_BRACKET and not state[IN_ARRAY]:
            state[IN_ARRAY] = 1
            _begin_document(at, state)
        elif byte == CLOSE_BRACKET and state[IN_ARRAY]:
            state[IN_ARRAY] = 0
        elif byte > 0x20 and not (byte == COMMA and state[IN_ARRAY]):
            break
        at += 1
    return at


@part
def _member_of_request(text, at, end, level, members, resources, scopes, state):
    """One member of the objects around the spans: the position behind it and whether a list was entered."""
    closing, _ = string_end(text, at + 1, end)
    if closing < 0:
        return SHORT, False
    member = find_name(members, text, at + 1, closing - at - 1)
    at = value_start(text, closing, end)
    if at < 0:
        return at, False
    is_list = (
        (level == REQUEST and member == M_RESOURCE_SPANS)
        or (level == RESOURCE_SPANS and member == M_SCOPE_SPANS)
        or (level == SCOPE_SPANS and member == M_SPANS)
    )
    if is_list:
        return (at + 1, True) if text[at] == OPEN_BRACKET else (FOREIGN, False)
    after = skip_value(text, at, end)
    if after < 0:
        return after, False
    if level == RESOURCE_SPANS and member == M_RESOURCE:
        if text[at] != OPEN_BRACE or resources[state[RESOURCE], 1]:
            return FOREIGN, False
        resources[state[RESOURCE], 0], resources[state[RESOURCE], 1] = at, after
    elif level == SCOPE_SPANS and member == M_SCOPE:
        if text[at] != OPEN_BRACE or scopes[state[SCOPE], 1]:
            return FOREIGN, False
        scopes[state[SCOPE], 0], scopes[state[SCOPE], 1] = at, after
    elif level == REQUEST or member != M_SCHEMA:
        return FOREIGN, False
    return after, False


@part
def _note_foreign(foreign_spans, state, begin, end):
    note = state[FOREIGN_SPANS]
    foreign_spans[note, 0], foreign_spans[note, 1] = begin, end
    foreign_spans[note, 2], foreign_spans[note, 3] = state[RESOURCE], state[SCOPE]
    foreign_spans[note, 4] = state[DOCUMENT]
    state[FOREIGN_SPANS] = note + 1


@part
def _span(text, at, end, output, span_ends, foreign_spans, state):
    """One span into the next row, or noted as foreign; the position behind it. SHORT and FULL leave no trace."""
    if state[ROWS] >= span_ends.shape[0] or state[FOREIGN_SPANS] >= foreign_spans.shape[0]:
        return FULL
    attributes, event, event_attributes = state[ATTRIBUTES], state[EVENTS], state[EVENT_ATTRIBUTES]
    link, link_attributes, written, rewrite = state[LINKS], state[LINK_ATTRIBUTES], state[SIDE], state[REWRITES]
    after = _span_members(text, at, end, output)
    if after >= 0:
        span_ends[state[ROWS]] = state[ATTRIBUTES]
        state[ROWS] += 1
        return after
    state[ATTRIBUTES], state[EVENTS], state[EVENT_ATTRIBUTES] = attributes, event, event_attributes
    state[LINKS], state[LINK_ATTRIBUTES], state[SIDE], state[REWRITES] = link, link_attributes, written, rewrite
    if after == FOREIGN:
        after = skip_value(text, at, end)
        if after >= 0:
            _note_foreign(foreign_spans, state, at, after)
    return after


@part
def _span_members(text, at, end, output):
    spans, events, links, event_ends, link_ends, tables, rewrites, side, state = output
    numbers, texts, present, _, _, _ = spans
    members, promotions, _, _ = tables
    capacity = numbers.shape[1]
    row = state[ROWS]
    present[row, :] = 0
    kind, status, start, stop = int64(0), int64(0), int64(-1), int64(0)
    at = next_member(text, at + 1, end, True)
    while at >= 0 and text[at] != CLOSE_BRACE:
        closing, _ = string_end(text, at + 1, end)
        if closing < 0:
            return SHORT
        member = find_name(members, text, at + 1, closing - at - 1)
        at = value_start(text, closing, end)
        if at < 0:
            return at
        if M_TRACE_ID <= member <= M_NAME:
            at = _identity(text, at, end, member, texts, present, row, capacity, side, state)
        elif member == M_START:
            start, at = whole_number(text, at, end)
        elif member == M_END:
            stop, at = whole_number(text, at, end)
        elif member == M_KIND:
            kind, at = span_kind(text, at, end)
        elif member == M_STATUS:
            status, at = span_status(text, at, end, members, texts, present, row, capacity, side, state)
        elif member == M_ATTRIBUTES:
            at = attribute_list(
                text, at, end, members, promotions, spans, row, ATTRIBUTES, SPANS_TABLE, rewrites, side, state
            )
        elif member == M_EVENTS:
            at = span_events(text, at, end, events, event_ends, tables, rewrites, side, state)
        elif member == M_LINKS:
            at = span_links(text, at, end, links, link_ends, tables, rewrites, side, state)
        elif M_FLAGS <= member <= M_DROPPED_LINKS:
            at = skip_value(text, at, end)
        else:
            return FOREIGN
        if at < 0:
            return at
        at = next_member(text, at, end, False)
    if at < 0:
        return at
    if start < 0 or not present[row, TRACE_ID] or not present[row, SPAN_ID] or (stop and stop < start):
        return FOREIGN
    numbers[START, row] = start
    numbers[DURATION, row] = stop - start if stop else 0
    numbers[OFFSET, row] = state[DOCUMENT]
    numbers[RESOURCE_SLOT, row], numbers[SCOPE_SLOT, row] = state[RESOURCE], state[SCOPE]
    numbers[KIND, row], numbers[STATUS, row] = kind, status
    return at + 1


@part
def _identity(text, at, end, member, texts, present, row, capacity, side, state):
    """An id or the name; the position behind it."""
    column = member - M_TRACE_ID
    begin, closing, holds = quoted(text, at, end)
    if closing < 0:
        return closing
    problem = int64(0)
    if member == M_NAME:
        problem = put_text(texts, NAME * capacity + row, text, begin, closing, holds, side, state)
        present[row, column] = 1
    elif member != M_PARENT_ID or closing > begin:
        problem = put_id(texts, column * capacity + row, text, begin, closing, 32 if member == M_TRACE_ID else 16)
        present[row, column] = 1
    return problem if problem else closing + 1
