"""The spans of OTLP protobuf messages, walked in one pass from bytes to columns.

Reads whole frames only. A span that it does not understand is noted and passed over, a frame that it does not
understand is left to the caller: both are then read by the plain road, `protobuf_records`, whose rows this one's equal.
"""

from __future__ import annotations

from numba import int64, uint64

from deep_code_reasoning.kernels.compiling import entry, part
from deep_code_reasoning.kernels.json_text import FOREIGN, FULL, SHORT
from deep_code_reasoning.sources.otlp import protobuf_signals as signals
from deep_code_reasoning.sources.otlp import span_layout as layout
from deep_code_reasoning.sources.otlp.protobuf_span_layout import PREVIOUS, TOLD_TOGETHER, UNFRAMED, VARINT_FRAMED
from deep_code_reasoning.sources.otlp.protobuf_span_parts_kernel_parts import span_fields, tells_span
from deep_code_reasoning.sources.otlp.protobuf_wire import LEN, tag
from deep_code_reasoning.sources.otlp.protobuf_wire_kernel_parts import delimited, tag_at, varint
from deep_code_reasoning.sources.otlp.span_layout import (
    COUNTERS,
    DOCUMENT,
    FOREIGN_SPANS,
    POSITION,
    RESOURCE,
    RESOURCES,
    ROWS,
    SCOPE,
    SCOPES,
)

AT_DOCUMENT = layout.AT_DOCUMENT
LAST_COUNTER = ROWS + COUNTERS
ELEMENT = tag(1, LEN)
T_RESOURCE, T_SCOPE, T_RECORD = tag(signals.RESOURCE, LEN), tag(signals.SCOPE, LEN), tag(signals.RECORDS, LEN)
T_SCOPES, T_SCOPES_BEFORE = tag(signals.SCOPES[0], LEN), tag(signals.SCOPES[1], LEN)

NUMBERS, VIEWS, FLAGS, ENDS = "int64[:,::1]", "uint64[:,::1]", "uint8[:,::1]", "int32[::1]"
ROWS_OF_TABLE = (NUMBERS, VIEWS, FLAGS, ENDS, VIEWS, VIEWS, "uint8[::1]")


@entry(
    *("uint8[::1]", "int64", "int64", "int64", "int64[::1]"),
    *("uint64[::1]", "uint64[::1]", "uint64[::1]"),
    *ROWS_OF_TABLE,
    *ROWS_OF_TABLE,
    *ROWS_OF_TABLE,
    *(NUMBERS, NUMBERS, NUMBERS, NUMBERS, "uint8[::1]"),
)
def read_frames(
    text,
    end,
    framing,
    limit,
    state,
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
    """Reads `text[state[POSITION] : end]`. 0 when all is read; SHORT, FULL or FOREIGN in the frame at state[DOCUMENT].

    `limit`: the most bytes that a Resource* message may have.
    """
    spans = (span_numbers, span_texts, span_present, span_keys, span_values, span_value_present)
    events = (event_numbers, event_texts, event_present, event_keys, event_values, event_value_present)
    links = (link_numbers, link_texts, link_present, link_keys, link_values, link_value_present)
    tables = (span_promotions, event_promotions, no_promotions)
    ends = (span_ends, event_ends, link_ends)
    notes = (rewrites, foreign_spans, resources, scopes)
    at = state[POSITION]
    while at < end:
        state[PREVIOUS], state[DOCUMENT] = state[DOCUMENT], at
        for counter in range(ROWS, LAST_COUNTER):
            state[AT_DOCUMENT + counter - ROWS] = state[counter]
        at, after = _frame(text, at, end, framing)
        if after < 0:
            return after
        while at < after:
            begin, at = _element(text, at, after)
            if at < 0 or at - begin > limit:
                return FOREIGN
            problem = _resource_spans(text, begin, at, spans, events, links, ends, tables, notes, side, state)
            if problem:
                return problem
        state[POSITION] = at
    return 0


@part
def _frame(text, at, end, framing):
    """Where a frame's message begins and ends; SHORT in place of the end, FOREIGN where there is nothing in it."""
    if framing == UNFRAMED:
        if text[at] != ELEMENT:
            return at, int64(FOREIGN)
        size, begin = varint(text, at + 1, end)
    elif framing == VARINT_FRAMED:
        size, begin = varint(text, at, end)
    else:
        if end - at < 4:
            return at, int64(SHORT)
        size, begin = uint64(0), at + 4
        for place in range(at, begin):
            size = size << uint64(8) | uint64(text[place])
    if begin < 0 or size > uint64(end - begin):
        return at, int64(SHORT)
    if framing == UNFRAMED:
        return at, begin + int64(size)
    if size == uint64(0):
        return begin, int64(FOREIGN)
    return begin, begin + int64(size)


@part
def _element(text, at, end):
    if text[at] != ELEMENT:
        return at, int64(FOREIGN)
    return delimited(text, at + 1, end)


@part
def _resource_spans(text, at, end, spans, events, links, ends, tables, notes, side, state):
    """One ResourceSpans; 0, FOREIGN or FULL."""
    resources = notes[2]
    slot = state[RESOURCES]
    if slot >= resources.shape[0]:
        return FULL
    state[RESOURCE], state[RESOURCES] = slot, slot + 1
    resources[slot, 0], resources[slot, 1], resources[slot, 2] = 0, 0, state[DOCUMENT]
    while at < end:
        field, at = tag_at(text, at, end)
        if at < 0 or field & 7 != LEN:
            return FOREIGN
        begin, at = delimited(text, at, end)
        if at < 0:
            return FOREIGN
        if field == T_RESOURCE:
            if resources[slot, 1]:
                return FOREIGN
            resources[slot, 0], resources[slot, 1] = begin, at
        elif field == T_SCOPES or field == T_SCOPES_BEFORE:
            problem = _scope_spans(text, begin, at, spans, events, links, ends, tables, notes, side, state)
            if problem:
                return problem
    return 0


@part
def _scope_spans(text, at, end, spans, events, links, ends, tables, notes, side, state):
    """One ScopeSpans; 0, FOREIGN or FULL."""
    rewrites, scopes = notes[0], notes[3]
    slot = state[SCOPES]
    if slot >= scopes.shape[0]:
        return FULL
    state[SCOPE], state[SCOPES] = slot, slot + 1
    scopes[slot, 0], scopes[slot, 1] = 0, 0
    records = int64(0)
    while at < end:
        field, at = tag_at(text, at, end)
        if at < 0 or field & 7 != LEN:
            return FOREIGN
        begin, at = delimited(text, at, end)
        if at < 0:
            return FOREIGN
        if field == T_RECORD:
            problem = _span(text, begin, at, spans, events, links, ends, tables, rewrites, side, state)
            if problem == FOREIGN:
                if records % TOLD_TOGETHER == 0 and not tells_span(text, begin, at):
                    return FOREIGN
                problem = _note_foreign(notes[1], state, begin, at)
            if problem:
                return problem
            records += 1
        elif field == T_SCOPE:
            if scopes[slot, 1]:
                return FOREIGN
            scopes[slot, 0], scopes[slot, 1] = begin, at
    return 0


@part
def _note_foreign(foreign_spans, state, begin, end):
    note = state[FOREIGN_SPANS]
    if note >= foreign_spans.shape[0]:
        return FULL
    foreign_spans[note, 0], foreign_spans[note, 1] = begin, end
    foreign_spans[note, 2], foreign_spans[note, 3] = state[RESOURCE], state[SCOPE]
    foreign_spans[note, 4] = state[DOCUMENT]
    state[FOREIGN_SPANS] = note + 1
    return 0


@part
def _span(text, at, end, spans, events, links, ends, tables, rewrites, side, state):
    """One span into the next row; 0, or FOREIGN or FULL, which leave no trace."""
    attributes, event, event_attributes = state[layout.ATTRIBUTES], state[layout.EVENTS], state[layout.EVENT_ATTRIBUTES]
    link, link_attributes = state[layout.LINKS], state[layout.LINK_ATTRIBUTES]
    written, rewrite = state[layout.SIDE], state[layout.REWRITES]
    if state[ROWS] >= spans[0].shape[1]:
        return FULL
    problem = span_fields(text, at, end, spans, events, links, ends, tables, rewrites, side, state)
    if problem == 0:
        ends[0][state[ROWS]] = state[layout.ATTRIBUTES]
        state[ROWS] += 1
        return 0
    state[layout.ATTRIBUTES], state[layout.EVENTS], state[layout.EVENT_ATTRIBUTES] = attributes, event, event_attributes
    state[layout.LINKS], state[layout.LINK_ATTRIBUTES] = link, link_attributes
    state[layout.SIDE], state[layout.REWRITES] = written, rewrite
    return problem
