"""Producers in a kernel's memory: each pair of service and host once, so that Python looks at it once a window."""

from __future__ import annotations

from numba import int32, int64, uint64

from deep_code_reasoning.kernels.compiling import part
from deep_code_reasoning.kernels.json_text import FULL
from deep_code_reasoning.kernels.memory import low_bytes, word_at
from deep_code_reasoning.sources.logs.log_layout import (
    FIRST_ROW,
    HASH,
    HOST_BEGIN,
    HOST_BUFFER,
    HOST_SIZE,
    MOST_PRODUCERS,
    PRODUCER_TABLE,
    PRODUCERS,
    SERVICE_BEGIN,
    SERVICE_BUFFER,
    SERVICE_SIZE,
    SIDE_BUFFER,
)

_MULTIPLIER = 0x9E3779B97F4A7C15


@part
def producer_slot(text, side, service, host, row, producers, table, state):
    """The slot of the producer with these names, each a tuple (begin, size, buffer), size -1 for none; or FULL."""
    found = _mixed(_hash(text, side, service), _hash(text, side, host))
    place = (found >> uint64(40)) & uint64(PRODUCER_TABLE - 1)
    while True:
        slot = int64(table[place]) - 1
        if slot < 0:
            break
        if producers[slot, HASH] == int64(found) and _is_of(text, side, service, host, producers, slot):
            return slot
        place = (place + uint64(1)) & uint64(PRODUCER_TABLE - 1)
    slot = state[PRODUCERS]
    if slot >= MOST_PRODUCERS:
        return int64(FULL)
    table[place] = int32(slot + 1)
    state[PRODUCERS] = slot + 1
    producers[slot, SERVICE_BEGIN], producers[slot, SERVICE_SIZE], producers[slot, SERVICE_BUFFER] = service
    producers[slot, HOST_BEGIN], producers[slot, HOST_SIZE], producers[slot, HOST_BUFFER] = host
    producers[slot, FIRST_ROW], producers[slot, HASH] = row, int64(found)
    return slot


@part
def _is_of(text, side, service, host, producers, slot):
    begin, size, buffer = service
    if size != producers[slot, SERVICE_SIZE] or host[1] != producers[slot, HOST_SIZE]:
        return False
    known, known_buffer = producers[slot, SERVICE_BEGIN], producers[slot, SERVICE_BUFFER]
    if not _are_equal(text, side, begin, buffer, known, known_buffer, size):
        return False
    begin, size, buffer = host
    known, known_buffer = producers[slot, HOST_BEGIN], producers[slot, HOST_BUFFER]
    return _are_equal(text, side, begin, buffer, known, known_buffer, size)


@part
def _word(text, side, buffer, at):
    return word_at(side, at) if buffer == SIDE_BUFFER else word_at(text, at)


@part
def _are_equal(text, side, one, one_buffer, other, other_buffer, size):
    at = int64(0)
    while at < size:
        difference = _word(text, side, one_buffer, one + at) ^ _word(text, side, other_buffer, other + at)
        if difference & low_bytes(size - at):
            return False
        at += 8
    return True


@part
def _hash(text, side, name):
    begin, size, buffer = name
    value = uint64(size + 1)
    at = int64(0)
    while at < size:
        value = _mixed(value, _word(text, side, buffer, begin + at) & low_bytes(size - at))
        at += 8
    return value


@part
def _mixed(one, other):
    value = (one ^ other) * uint64(_MULTIPLIER)
    return value ^ (value >> uint64(29))
