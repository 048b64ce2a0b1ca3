"""What `shapes_at_hand_kernel` keeps of a shape, a row of numbers each; shared by it and its caller."""

from __future__ import annotations

COUNT = 0  # records
EXAMPLE = 1  # the least log_number
ROW = 2  # the row of the example in the batch counted last, -1 where it is in one before
TIMED = 3  # whether any record had a time; then
FIRST = 4
LAST = 5
FIELDS = 6

MOST_SHAPES = 8_192  # each with up to SHAPE_BYTES of its example
SLOTS = 4 * MOST_SHAPES
PAIRS = 1 << 16  # places for shapes with a service
MOST_PROBES = 64
