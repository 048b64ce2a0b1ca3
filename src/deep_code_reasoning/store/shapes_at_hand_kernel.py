"""Counts log records by the shape of their body: what `shapes_at_hand` keeps while they are written.

Shapes, and shapes with a service, are looked up in tables of open addressing. Ids of shapes are mixed well, but anybody
can write bodies whose ids share a slot: after `MOST_PROBES` it is given up instead of going on.
"""

from __future__ import annotations

from numba import int64, uint64

from deep_code_reasoning.kernels.compiling import entry, part
from deep_code_reasoning.kernels.words import mixed
from deep_code_reasoning.store.shapes_layout import COUNT, EXAMPLE, FIRST, LAST, MOST_PROBES, ROW, TIMED


@part
def _shape_of(shape_id, slots, ids, used):
    """Its place in `ids`, where a new one is put; -1 where there is no room."""
    mask = uint64(len(slots) - 1)
    slot = shape_id & mask
    for _ in range(MOST_PROBES):
        place = int64(slots[slot]) - 1
        if place < 0:
            if used[0] == len(ids):
                return int64(-1)
            place = used[0]
            used[0] += 1
            ids[place] = shape_id
            slots[slot] = place + 1
            return place
        if ids[place] == shape_id:
            return place
        slot = (slot + uint64(1)) & mask
    return int64(-1)


@part
def _note_service(shape, service, pairs):
    """Whether there was room for the pair."""
    pair = (uint64(shape) << uint64(32)) | uint64(service + 1)
    mask = uint64(len(pairs) - 1)
    slot = mixed(pair) & mask
    for _ in range(MOST_PROBES):
        if pairs[slot] == pair:
            return True
        if pairs[slot] == 0:
            pairs[slot] = pair
            return True
        slot = (slot + uint64(1)) & mask
    return False


@entry(
    "uint64[::1]", "int64[::1]", "int64[::1]", "uint8[::1]", "int64[::1]", "uint8[::1]", "int32[::1]", "uint8[::1]",
    "int32[::1]", "int32[::1]", "uint64[::1]", "int64[:,::1]", "uint64[::1]", "int64[::1]",
)  # fmt: skip
def count_shapes(
    shape_ids, numbers, times, is_timed, observed, is_observed, codes, is_coded, services,
    slots, ids, counted, pairs, used,
):  # fmt: skip
    """Returns the rows counted: all, or those before one for which there was no room.

    A column that the rows do not have is empty; so is `is_...`, by row whether the column holds a value, where all do.
    `services`: the number of the service that a code in `codes` means, -1 for none.
    """
    for row in range(len(shape_ids)):
        shape = _shape_of(shape_ids[row], slots, ids, used)
        if shape < 0:
            return row
        fields = counted[shape]
        if fields[COUNT] == 0 or numbers[row] < fields[EXAMPLE]:
            fields[EXAMPLE] = numbers[row]
            fields[ROW] = row
        fields[COUNT] += 1
        time, is_told = int64(0), False
        if len(times) and (not len(is_timed) or is_timed[row]):
            time, is_told = times[row], True
        elif len(observed) and (not len(is_observed) or is_observed[row]):
            time, is_told = observed[row], True
        if is_told:
            if fields[TIMED] == 0 or time < fields[FIRST]:
                fields[FIRST] = time
            if fields[TIMED] == 0 or time > fields[LAST]:
                fields[LAST] = time
            fields[TIMED] = 1
        if len(codes) and (not len(is_coded) or is_coded[row]):
            code = codes[row]
            if code < 0 or code >= len(services):
                return row
            if services[code] >= 0 and not _note_service(shape, services[code], pairs):
                return row
    return len(shape_ids)
