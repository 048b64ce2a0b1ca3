"""Parts of the spans kernel: kind, status, events and links of a span."""

from __future__ import annotations

from numba import int64

from deep_code_reasoning.kernels.compiling import part
from deep_code_reasoning.kernels.json_text import (
    CLOSE_BRACE,
    CLOSE_BRACKET,
    COMMA,
    FOREIGN,
    FULL,
    OPEN_BRACE,
    OPEN_BRACKET,
    QUOTE,
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
    CODE,
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
    STATUS_MESSAGE,
    TIME,
)
from deep_code_reasoning.sources.otlp.values_kernel_parts import (
    attribute_list,
    put_id,
    put_text,
    whole_number,
)

M_CODE, M_MESSAGE, M_TIME, M_NAME = CODE["code"], CODE["message"], CODE["timeUnixNano"], CODE["name"]
M_ATTRIBUTES, M_TRACE_ID, M_SPAN_ID = CODE["attributes"], CODE["traceId"], CODE["spanId"]
M_FLAGS, M_DROPPED_LINKS = CODE["flags"], CODE["droppedLinksCount"]

SPANS_TABLE, EVENTS_TABLE, LINKS_TABLE = range(3)


@part
def next_element(text, at, end, is_first):
    """To the opening brace of a list's next element or to its closing bracket; SHORT or FOREIGN."""
    at = skip_blank(text, at, end)
    if at < end and not is_first and text[at] == COMMA:
        at = skip_blank(text, at + 1, end)
        if at < end and text[at] != OPEN_BRACE:
            return FOREIGN
    elif at < end and not is_first and text[at] != CLOSE_BRACKET:
        return FOREIGN
    if at >= end:
        return SHORT
    return at if text[at] == OPEN_BRACE or text[at] == CLOSE_BRACKET else FOREIGN


@part
def span_kind(text, at, end):
    """A SpanKind by number or name; 0 for a number that OTLP does not have."""
    if text[at] != QUOTE:
        kind, after = whole_number(text, at, end)
        return (kind if kind <= 5 else int64(0)), after
    begin, closing, _ = quoted(text, at, end)
    if closing < 0:
        return int64(0), SHORT
    if closing - begin < 16 or text[begin + 4] != 0x5F or text[begin + 9] != 0x5F:
        return int64(0), FOREIGN
    length, letter, second = closing - begin - 10, text[begin + 10], text[begin + 11]
    kind = int64(-1)
    if letter == 0x49 and length == 8:  # SPAN_KIND_INTERNAL
        kind = int64(1)
    elif letter == 0x53 and length == 6:  # SERVER
        kind = int64(2)
    elif letter == 0x43 and second == 0x4C and length == 6:  # CLIENT
        kind = int64(3)
    elif letter == 0x50 and length == 8:  # PRODUCER
        kind = int64(4)
    elif letter == 0x43 and second == 0x4F and length == 8:  # CONSUMER
        kind = int64(5)
    elif letter == 0x55 and length == 11:  # UNSPECIFIED
        kind = int64(0)
    return (kind, closing + 1) if kind >= 0 else (int64(0), FOREIGN)


@part
def span_status(text, at, end, members, texts, present, row, capacity, side, state):
    """A Status: its code and the position behind it; the message goes into its column."""
    code = int64(0)
    if text[at] != OPEN_BRACE:
        return code, FOREIGN
    at = next_member(text, at + 1, end, True)
    while at >= 0 and text[at] != CLOSE_BRACE:
        closing, _ = string_end(text, at + 1, end)
        if closing < 0:
            return code, SHORT
        member = find_name(members, text, at + 1, closing - at - 1)
        at = value_start(text, closing, end)
        if at < 0:
            return code, at
        if member == M_CODE:
            code, at = _status_code(text, at, end)
        elif member == M_MESSAGE:
            begin, closing, holds = quoted(text, at, end)
            if closing < 0:
                return code, closing
            at = closing + 1
            if closing > begin:
                problem = put_text(texts, STATUS_MESSAGE * capacity + row, text, begin, closing, holds, side, state)
                if problem:
                    return code, problem
                present[row, STATUS_MESSAGE] = 1
        else:
            return code, FOREIGN
        if at < 0:
            return code, at
        at = next_member(text, at, end, False)
    return (code, at + 1) if at >= 0 else (code, at)


@part
def _status_code(text, at, end):
    if text[at] != QUOTE:
        code, after = whole_number(text, at, end)
        return (code if code <= 2 else int64(0)), after
    begin, closing, _ = quoted(text, at, end)
    if closing < 0:
        return int64(0), SHORT
    length = closing - begin
    if length < 14 or text[begin + 6] != 0x5F or text[begin + 11] != 0x5F:
        return int64(0), FOREIGN
    letter = text[begin + 12]
    if letter == 0x55 and length == 17:  # STATUS_CODE_UNSET
        return int64(0), closing + 1
    if letter == 0x4F and length == 14:  # OK
        return int64(1), closing + 1
    if letter == 0x45 and length == 17:  # ERROR
        return int64(2), closing + 1
    return int64(0), FOREIGN


@part
def span_events(text, at, end, events, event_ends, tables, rewrites, side, state):
    """The events of a span; the position behind the list."""
    numbers, texts, present = events[0], events[1], events[2]
    members = tables[0]
    capacity = numbers.shape[1]
    if text[at] != OPEN_BRACKET:
        return FOREIGN
    at = next_element(text, at + 1, end, True)
    while at >= 0 and text[at] == OPEN_BRACE:
        row = state[EVENTS]
        if row >= capacity:
            return FULL
        present[row, :] = 0
        time = int64(0)
        put_text(texts, EVENT_NAME * capacity + row, text, at, at, 0, side, state)
        at = next_member(text, at + 1, end, True)
        while at >= 0 and text[at] != CLOSE_BRACE:
            closing, _ = string_end(text, at + 1, end)
            if closing < 0:
                return SHORT
            member = find_name(members, text, at + 1, closing - at - 1)
            at = value_start(text, closing, end)
            if at < 0:
                return at
            if member == M_TIME:
                time, at = whole_number(text, at, end)
            elif member == M_NAME:
                begin, closing, holds = quoted(text, at, end)
                if closing < 0:
                    return closing
                problem = put_text(texts, EVENT_NAME * capacity + row, text, begin, closing, holds, side, state)
                if problem:
                    return problem
                at = closing + 1
            elif member == M_ATTRIBUTES:
                at = attribute_list(
                    text,
                    at,
                    end,
                    members,
                    tables[2],
                    events,
                    row,
                    EVENT_ATTRIBUTES,
                    EVENTS_TABLE,
                    rewrites,
                    side,
                    state,
                )
            elif M_FLAGS <= member <= M_DROPPED_LINKS:
                at = skip_value(text, at, end)
            else:
                return FOREIGN
            if at < 0:
                return at
            at = next_member(text, at, end, False)
        if at < 0:
            return at
        numbers[OWNER, row], numbers[TIME, row], numbers[OFFSET, row] = state[ROWS], time, state[DOCUMENT]
        state[EVENTS] = row + 1
        event_ends[row] = state[EVENT_ATTRIBUTES]
        at = next_element(text, at + 1, end, False)
    return at + 1 if at >= 0 else at


@part
def span_links(text, at, end, links, link_ends, tables, rewrites, side, state):
    """The links of a span; the position behind the list."""
    numbers, texts, present = links[0], links[1], links[2]
    members = tables[0]
    capacity = numbers.shape[1]
    if text[at] != OPEN_BRACKET:
        return FOREIGN
    at = next_element(text, at + 1, end, True)
    while at >= 0 and text[at] == OPEN_BRACE:
        row = state[LINKS]
        if row >= capacity:
            return FULL
        present[row, :] = 0
        at = next_member(text, at + 1, end, True)
        while at >= 0 and text[at] != CLOSE_BRACE:
            closing, _ = string_end(text, at + 1, end)
            if closing < 0:
                return SHORT
            member = find_name(members, text, at + 1, closing - at - 1)
            at = value_start(text, closing, end)
            if at < 0:
                return at
            if member == M_TRACE_ID or member == M_SPAN_ID:
                column = member - M_TRACE_ID
                begin, closing, _ = quoted(text, at, end)
                if closing < 0:
                    return closing
                size = 32 if member == M_TRACE_ID else 16
                if put_id(texts, column * capacity + row, text, begin, closing, size):
                    return FOREIGN
                present[row, column] = 1
                at = closing + 1
            elif member == M_ATTRIBUTES:
                at = attribute_list(
                    text, at, end, members, tables[3], links, row, LINK_ATTRIBUTES, LINKS_TABLE, rewrites, side, state
                )
            elif M_FLAGS <= member <= M_DROPPED_LINKS:
                at = skip_value(text, at, end)
            else:
                return FOREIGN
            if at < 0:
                return at
            at = next_member(text, at, end, False)
        if at < 0:
            return at
        if not present[row, LINK_TRACE_ID] or not present[row, LINK_SPAN_ID]:
            return FOREIGN
        numbers[OWNER, row], numbers[OFFSET, row] = state[ROWS], state[DOCUMENT]
        state[LINKS] = row + 1
        link_ends[row] = state[LINK_ATTRIBUTES]
        at = next_element(text, at + 1, end, False)
    return at + 1 if at >= 0 else at
