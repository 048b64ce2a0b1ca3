"""A span in OTLP's protobuf for kernels, with its status, events and links: as `protobuf_messages.span` has it.

Each part returns 0, or FOREIGN for what the plain road must read, or FULL. Source: opentelemetry-proto, `trace.proto`.
"""

from __future__ import annotations

from numba import int64, uint64

from deep_code_reasoning.kernels.compiling import inlined_part, part
from deep_code_reasoning.kernels.json_text import FOREIGN, FULL
from deep_code_reasoning.kernels.memory import word_at
from deep_code_reasoning.kernels.views import put_view
from deep_code_reasoning.sources.otlp import span_layout as layout
from deep_code_reasoning.sources.otlp.protobuf_values_kernel_parts import CONTESTED, attribute
from deep_code_reasoning.sources.otlp.protobuf_wire import I32, I64, LEN, VARINT, tag
from deep_code_reasoning.sources.otlp.protobuf_wire_kernel_parts import (
    delimited,
    put_id,
    put_text,
    skip_value,
    tag_at,
    varint,
)

TRACE_ID, SPAN_ID, PARENT_ID = layout.TRACE_ID, layout.SPAN_ID, layout.PARENT_ID
NAME, STATUS_MESSAGE = layout.NAME, layout.STATUS_MESSAGE
START, DURATION, OFFSET = layout.START, layout.DURATION, layout.OFFSET
RESOURCE_SLOT, SCOPE_SLOT, KIND, STATUS = layout.RESOURCE_SLOT, layout.SCOPE_SLOT, layout.KIND, layout.STATUS
OWNER, TIME = layout.OWNER, layout.TIME
ROWS, EVENTS, LINKS, DOCUMENT = layout.ROWS, layout.EVENTS, layout.LINKS, layout.DOCUMENT
ATTRIBUTES, EVENT_ATTRIBUTES, LINK_ATTRIBUTES = layout.ATTRIBUTES, layout.EVENT_ATTRIBUTES, layout.LINK_ATTRIBUTES
SIDE, REWRITES = layout.SIDE, layout.REWRITES
RESOURCE, SCOPE = layout.RESOURCE, layout.SCOPE
EVENT_NAME, LINK_TRACE_ID, LINK_SPAN_ID = layout.EVENT_NAME, layout.LINK_TRACE_ID, layout.LINK_SPAN_ID

T_TRACE_ID, T_SPAN_ID = tag(1, LEN), tag(2, LEN)
T_PARENT_ID, T_NAME, T_KIND, T_START, T_END = tag(4, LEN), tag(5, LEN), tag(6, VARINT), tag(7, I64), tag(8, I64)
T_ATTRIBUTES, T_EVENTS, T_LINKS, T_STATUS = tag(9, LEN), tag(11, LEN), tag(13, LEN), tag(15, LEN)

LAST_FIELD = 16
OF_WIRE = {  # the fields of a Span by wire type, a bit each
    wire: sum(1 << number for number in numbers)
    for wire, numbers in {VARINT: (6, 10, 12, 14), I64: (7, 8), LEN: (1, 2, 3, 4, 5, 9, 11, 13, 15), I32: (16,)}.items()
}
LEN_FIELDS, VARINT_FIELDS, I64_FIELDS, I32_FIELDS = OF_WIRE[LEN], OF_WIRE[VARINT], OF_WIRE[I64], OF_WIRE[I32]

T_EVENT_TIME, T_EVENT_NAME, T_EVENT_ATTRIBUTES = tag(1, I64), tag(2, LEN), tag(3, LEN)
T_LINK_ATTRIBUTES = tag(4, LEN)
T_MESSAGE, T_CODE = tag(2, LEN), tag(3, VARINT)

SPANS_TABLE, EVENTS_TABLE, LINKS_TABLE = range(3)
MAX_NANOS = (1 << 63) - 1
KIND_COUNT, STATUS_COUNT, NO_STATUS = 6, 3, -1


@part
def tells_span(text, at, end):
    """Whether `signal_of` surely takes a record for a span: no other signal has the wire types of such fields."""
    trace, own, has_start = int64(-1), int64(-1), False
    while at < end:
        field, at = tag_at(text, at, end)
        if at < 0 or not _is_of_span(field):
            return False
        begin = at
        at = skip_value(text, at, end, field & 7)
        if at < 0:
            return False
        if field == T_TRACE_ID:
            trace = at - begin
        elif field == T_SPAN_ID:
            own = at - begin
        elif field == T_START:
            has_start = True
    return trace == 17 and own == 9 and has_start  # with the byte that holds the length


@part
def _is_of_span(field):
    """Whether a field has the wire type that it has in a Span, or is unknown."""
    number, wire = field >> 3, field & 7
    if number > LAST_FIELD:
        return True
    fields = int64(0)
    if wire == LEN:
        fields = int64(LEN_FIELDS)
    elif wire == VARINT:
        fields = int64(VARINT_FIELDS)
    elif wire == I64:
        fields = int64(I64_FIELDS)
    elif wire == I32:
        fields = int64(I32_FIELDS)
    return (fields >> number) & 1 == 1


@part
def span_fields(text, at, end, spans, events, links, ends, tables, rewrites, side, state):
    """The fields of a span into row `state[ROWS]`. Whatever passes here is told to be a span by `signal_of`, too.

    Where two attributes want one column the span is read again, knowing the better name.
    """
    written = (
        state[ATTRIBUTES], state[EVENTS], state[EVENT_ATTRIBUTES], state[LINKS], state[LINK_ATTRIBUTES],
        state[SIDE], state[REWRITES],
    )  # fmt: skip
    spans[2][state[ROWS], :] = 0
    problem = _span_fields(text, at, end, spans, events, links, ends, tables, rewrites, side, state, False)
    if problem == CONTESTED:
        state[ATTRIBUTES], state[EVENTS], state[EVENT_ATTRIBUTES] = written[0], written[1], written[2]
        state[LINKS], state[LINK_ATTRIBUTES] = written[3], written[4]
        state[SIDE], state[REWRITES] = written[5], written[6]
        problem = _span_fields(text, at, end, spans, events, links, ends, tables, rewrites, side, state, True)
    return problem


@part
def _span_fields(text, at, end, spans, events, links, ends, tables, rewrites, side, state, again):
    numbers, present = spans[0], spans[2]
    row = state[ROWS]
    contested = False
    numbers[KIND, row], numbers[STATUS, row] = 0, NO_STATUS
    has_start, start, stop = False, uint64(0), uint64(0)
    while at < end:
        field, at = tag_at(text, at, end)
        if at < 0 or not _is_of_span(field):
            return FOREIGN
        begin = at
        if field & 7 == LEN:
            begin, at = delimited(text, at, end)
            if at < 0:
                return FOREIGN
            problem = _content(field, text, begin, at, spans, events, links, ends, tables, rewrites, side, state, again)
            if problem and problem != CONTESTED:
                return problem
            contested |= problem == CONTESTED
            continue
        at = skip_value(text, at, end, field & 7)
        if at < 0:
            return FOREIGN
        if field == T_START:
            start, has_start = word_at(text, begin), True
        elif field == T_END:
            stop = word_at(text, begin)
        elif field == T_KIND:
            numbers[KIND, row] = _enum(text, begin, at, KIND_COUNT)
    if not has_start or start > uint64(MAX_NANOS) or stop > uint64(MAX_NANOS) or (stop and stop < start):
        return FOREIGN
    if not present[row, TRACE_ID] or not present[row, SPAN_ID]:
        return FOREIGN
    numbers[START, row] = int64(start)
    numbers[DURATION, row] = int64(stop - start) if stop else 0
    numbers[OFFSET, row] = state[DOCUMENT]
    numbers[RESOURCE_SLOT, row], numbers[SCOPE_SLOT, row] = state[RESOURCE], state[SCOPE]
    if numbers[STATUS, row] == NO_STATUS:
        numbers[STATUS, row] = 0
    return CONTESTED if contested else 0


@inlined_part
def _content(field, text, begin, at, spans, events, links, ends, tables, rewrites, side, state, again):
    """A span's field that has a length: its content is `text[begin:at]`."""
    numbers, texts, present = spans[0], spans[1], spans[2]
    capacity = numbers.shape[1]
    row = state[ROWS]
    if field == T_ATTRIBUTES:
        return attribute(
            text, begin, at, tables[0], spans, row, layout.ATTRIBUTES, SPANS_TABLE, rewrites, side, state, again
        )
    if field == T_TRACE_ID:
        present[row, TRACE_ID] = 1
        return _id(texts, TRACE_ID * capacity + row, text, begin, at, 16, side, state)
    if field == T_SPAN_ID:
        present[row, SPAN_ID] = 1
        return _id(texts, SPAN_ID * capacity + row, text, begin, at, 8, side, state)
    if field == T_PARENT_ID:
        has_parent = at > begin and (at - begin != 8 or word_at(text, begin) != uint64(0))
        present[row, PARENT_ID] = has_parent
        return _id(texts, PARENT_ID * capacity + row, text, begin, at, 8, side, state) if has_parent else 0
    if field == T_NAME:
        present[row, NAME] = 1
        return put_text(texts, NAME * capacity + row, text, begin, at)
    if field == T_STATUS:
        if numbers[STATUS, row] != NO_STATUS:
            return FOREIGN
        numbers[STATUS, row], problem = _status(text, begin, at, texts, present, row, capacity)
        return problem
    if field == T_EVENTS:
        return _event(text, begin, at, events, ends[1], tables[1], rewrites, side, state)
    if field == T_LINKS:
        return _link(text, begin, at, links, ends[2], tables[2], rewrites, side, state)
    return 0


@part
def _id(views, row, text, begin, end, size, side, state):
    if end - begin != size:
        return FOREIGN
    return put_id(views, row, text, begin, size, side, state)


@part
def _enum(text, at, end, count):
    """An enum's number, of which the low 32 bits count; 0 for one that OTLP does not have."""
    number, _ = varint(text, at, end)
    number &= uint64(0xFFFFFFFF)
    return int64(number) if number < uint64(count) else int64(0)


@part
def _status(text, at, end, texts, present, row, capacity):
    """A Status: its code, and the problem; the message goes into its column."""
    code = int64(0)
    while at < end:
        field, at = tag_at(text, at, end)
        if at < 0:
            return code, FOREIGN
        begin = at
        at = skip_value(text, at, end, field & 7)
        if at < 0:
            return code, FOREIGN
        if field == T_CODE:
            code = _enum(text, begin, at, STATUS_COUNT)
        elif field == T_MESSAGE:
            begin, _ = delimited(text, begin, end)
            present[row, STATUS_MESSAGE] = at > begin
            if put_text(texts, STATUS_MESSAGE * capacity + row, text, begin, at):
                return code, FOREIGN
    return code, 0


@part
def _event(text, at, end, events, event_ends, promotions, rewrites, side, state):
    numbers, texts, present = events[0], events[1], events[2]
    capacity = numbers.shape[1]
    row = state[EVENTS]
    if row >= capacity:
        return FULL
    present[row, :] = 0
    time = uint64(0)
    put_view(texts, EVENT_NAME * capacity + row, text, at, 0, 0)
    while at < end:
        field, at = tag_at(text, at, end)
        if at < 0:
            return FOREIGN
        begin, problem = at, 0
        at = skip_value(text, at, end, field & 7)
        if at < 0:
            return FOREIGN
        if field & 7 == LEN:
            begin, _ = delimited(text, begin, end)
        if field == T_EVENT_TIME:
            time = word_at(text, begin)
        elif field == T_EVENT_NAME:
            problem = put_text(texts, EVENT_NAME * capacity + row, text, begin, at)
        elif field == T_EVENT_ATTRIBUTES:
            problem = attribute(
                text,
                begin,
                at,
                promotions,
                events,
                row,
                layout.EVENT_ATTRIBUTES,
                EVENTS_TABLE,
                rewrites,
                side,
                state,
                False,
            )
            problem = FOREIGN if problem == CONTESTED else problem
        if problem:
            return problem
    if time > uint64(MAX_NANOS):
        return FOREIGN
    numbers[OWNER, row], numbers[TIME, row], numbers[OFFSET, row] = state[ROWS], int64(time), state[DOCUMENT]
    state[EVENTS] = row + 1
    event_ends[row] = state[layout.EVENT_ATTRIBUTES]
    return 0


@part
def _link(text, at, end, links, link_ends, promotions, rewrites, side, state):
    numbers, texts, present = links[0], links[1], links[2]
    capacity = numbers.shape[1]
    row = state[LINKS]
    if row >= capacity:
        return FULL
    present[row, :] = 0
    while at < end:
        field, at = tag_at(text, at, end)
        if at < 0:
            return FOREIGN
        begin, problem = at, 0
        at = skip_value(text, at, end, field & 7)
        if at < 0:
            return FOREIGN
        if field & 7 == LEN:
            begin, _ = delimited(text, begin, end)
        if field == T_TRACE_ID:
            problem = _id(texts, LINK_TRACE_ID * capacity + row, text, begin, at, 16, side, state)
            present[row, LINK_TRACE_ID] = 1
        elif field == T_SPAN_ID:
            problem = _id(texts, LINK_SPAN_ID * capacity + row, text, begin, at, 8, side, state)
            present[row, LINK_SPAN_ID] = 1
        elif field == T_LINK_ATTRIBUTES:
            problem = attribute(
                text,
                begin,
                at,
                promotions,
                links,
                row,
                layout.LINK_ATTRIBUTES,
                LINKS_TABLE,
                rewrites,
                side,
                state,
                False,
            )
            problem = FOREIGN if problem == CONTESTED else problem
        if problem:
            return problem
    if not present[row, LINK_TRACE_ID] or not present[row, LINK_SPAN_ID]:
        return FOREIGN
    numbers[OWNER, row], numbers[OFFSET, row] = state[ROWS], state[DOCUMENT]
    state[LINKS] = row + 1
    link_ends[row] = state[layout.LINK_ATTRIBUTES]
    return 0
