"""Names of the members of JSON logs: looked up once a window, and expected where they stood in the record before."""

from __future__ import annotations

from numba import int64, uint64

from deep_code_reasoning.kernels.blocks import BLOCK, differing
from deep_code_reasoning.kernels.compiling import inlined_part, part
from deep_code_reasoning.kernels.json_text import CLOSE_BRACE, COLON, COMMA, FOREIGN, FULL, PLAIN, QUOTE
from deep_code_reasoning.kernels.memory import low_bytes, word_at
from deep_code_reasoning.kernels.names import UNKNOWN, find_name
from deep_code_reasoning.sources.logs.json_log_layout import (
    CHILD,
    CODE,
    FIRST_MEMBER,
    GLUE,
    GLUE_SIZE,
    KEY,
    LONGEST_KEY,
    MEMBER,
    MEMBER_FIELDS,
    MEMBER_SLOTS,
    MEMBERS,
    MET,
    MOST_IN_RECORD,
    MOST_MEMBERS,
    NAME,
    NAME_BUFFER,
    NAME_SIZE,
    NEXT,
    PARENT,
    SLOTS,
)
from deep_code_reasoning.sources.logs.json_values_kernel_parts import has_capital, skip_blank, string_end
from deep_code_reasoning.sources.logs.log_layout import SIDE, SIDE_BUFFER, TEXT_BUFFER
from deep_code_reasoning.sources.logs.log_texts_kernel_parts import item, low_bits

OBJECT_END = 0  # instead of a member
_LONGEST_NAME = 500  # of a nested member; plain.flatten leaves longer ones together
_MULTIPLIER = 0x9E3779B97F4A7C15


@part
def forget_members(scratch):
    scratch[MEMBERS] = scratch[FIRST_MEMBER] = 0
    for slot in range(SLOTS):
        scratch[MEMBER_SLOTS + slot] = 0


@part
def keep_room_for_members(scratch):
    """Before a record; else one with unheard-of names would end up where there is no room for them."""
    if scratch[MEMBERS] > MOST_MEMBERS - MOST_IN_RECORD:
        forget_members(scratch)


@inlined_part
def expected(text, at, before, parent, scratch):
    """The member that begins at `at` if it is the one that came here last; -1."""
    member = item(scratch, _link(before, parent))
    if member == 0 or item(scratch, member + PARENT) != parent:
        return int64(-1)
    if differing(text, at, text, item(scratch, member + GLUE)) & low_bits(item(scratch, member + GLUE_SIZE)):
        return int64(-1)
    return member


@inlined_part
def _link(before, parent):
    """Where the member is noted that comes behind `before`, else first within `parent`, else first in a record."""
    if before:
        return before + NEXT
    return parent + CHILD if parent else int64(FIRST_MEMBER)


@part
def next_member(text, at, end, before, parent, key_table, scratch, state, side):
    """(position of its value, member) of what follows `before` at `at`, or of the first in the object there.

    OBJECT_END as the member, behind the object; instead of a position SHORT, FOREIGN or FULL.
    """
    start = at
    if before:
        at = skip_blank(text, at)
        if text[at] == CLOSE_BRACE:
            return at + 1, int64(OBJECT_END)
        if text[at] != COMMA:
            return int64(FOREIGN), int64(0)
    at = skip_blank(text, at + 1)
    if text[at] != QUOTE:
        return int64(FOREIGN), int64(0)
    name = at + 1
    closing, holds = string_end(text, name, end)
    if closing < 0 or holds != PLAIN:
        return int64(FOREIGN), int64(0)
    size, buffer = closing - name, int64(TEXT_BUFFER)
    at = skip_blank(text, closing + 1)
    if text[at] != COLON:
        return int64(FOREIGN), int64(0)
    at = skip_blank(text, at + 1)
    if parent:
        above = scratch[parent + NAME_SIZE]
        if above + size > _LONGEST_NAME:
            return int64(FOREIGN), int64(0)
        if state[SIDE] + above + size + 1 > side.shape[0] - 64:
            return int64(FULL), int64(0)
        name = _joined(text, side, parent, name, size, scratch, state)
        size, buffer = size + above + 1, int64(SIDE_BUFFER)
    member = _member(text, name, size, buffer, key_table, scratch, state, side)
    if member < 0:
        return member, int64(0)
    scratch[member + PARENT] = parent
    scratch[member + GLUE], scratch[member + GLUE_SIZE] = start, at - start
    scratch[_link(before, parent)] = member if at - start <= BLOCK else 0
    return at, member


@part
def _joined(text, side, above, name, size, scratch, state):
    """Writes `above.name` behind the names so far, where it is overwritten unless it is kept; where it begins."""
    begin, at = state[SIDE], scratch[above + NAME]
    for place in range(scratch[above + NAME_SIZE]):
        is_side = scratch[above + NAME_BUFFER] == SIDE_BUFFER
        side[begin + place] = side[at + place] if is_side else text[at + place]
    behind = begin + scratch[above + NAME_SIZE]
    side[behind] = 0x2E
    for place in range(size):
        side[behind + 1 + place] = text[name + place]
    return begin


@part
def _member(text, name, size, buffer, key_table, scratch, state, side):
    """The member of this name, made where there is none yet; FOREIGN or FULL where there is no room for it."""
    source = side if buffer == SIDE_BUFFER else text
    found = uint64(size)
    for at in range(0, size, 8):
        found = (found ^ (word_at(source, name + at) & low_bytes(size - at))) * uint64(_MULTIPLIER)
        found ^= found >> uint64(32)
    slot = MEMBER_SLOTS + int64(found & uint64(SLOTS - 1))
    while scratch[slot]:
        place = scratch[slot]
        known = side if scratch[place + NAME_BUFFER] == SIDE_BUFFER else text
        if scratch[place + NAME_SIZE] == size and _are_equal(source, name, known, scratch[place + NAME], size):
            return scratch[slot]
        slot += 1
        if slot == MEMBER_SLOTS + SLOTS:
            slot = int64(MEMBER_SLOTS)
    if scratch[MEMBERS] == MOST_MEMBERS:
        return int64(FOREIGN)
    if state[SIDE] + size + LONGEST_KEY + 64 > side.shape[0]:
        return int64(FULL)
    member = MEMBER + MEMBER_FIELDS * scratch[MEMBERS]
    scratch[MEMBERS] += 1
    scratch[slot] = member
    if buffer == SIDE_BUFFER:
        state[SIDE] += size
    scratch[member + NAME], scratch[member + NAME_SIZE], scratch[member + NAME_BUFFER] = name, size, buffer
    scratch[member + CODE] = _code(key_table, source, name, size, side, state)
    scratch[member + MET] = scratch[member + NEXT] = scratch[member + CHILD] = scratch[member + KEY] = 0
    return member


@part
def _are_equal(one, at, other, place, size):
    for ahead in range(0, size, 8):
        if (word_at(one, at + ahead) ^ word_at(other, place + ahead)) & low_bytes(size - ahead):
            return False
    return True


@part
def _code(key_table, source, key, size, side, state):
    """What a key fills, in whatever case it is written."""
    if not has_capital(source, key, size):
        return find_name(key_table, source, key, size)
    if size > LONGEST_KEY:
        return UNKNOWN
    begin = state[SIDE]
    for at in range(size):
        byte = source[key + at]
        side[begin + at] = byte | 0x20 if 0x41 <= byte <= 0x5A else byte
    return find_name(key_table, side, begin, size)
