"""What the protobuf spans kernel and Python share beyond `span_layout`."""

from __future__ import annotations

from deep_code_reasoning.sources.otlp import span_layout as layout

# state: where the frame before the one at DOCUMENT starts, below 0 for none
PREVIOUS = layout.STATE_SIZE
STATE_SIZE = PREVIOUS + 1

# how a file is framed
UNFRAMED, BIG_ENDIAN, VARINT_FRAMED = range(3)

# what a rewrite (table, child, begin, end, kind) was made of
COMPOUND, DOUBLE = range(2)  # the bytes of an AnyValue; those of a double alone

TOLD_TOGETHER = 4_096  # records of a scope that are objects at one time: the first tells the signal of all
