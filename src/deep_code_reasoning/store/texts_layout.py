"""What `texts_kernel` is told of a column, a row of numbers each; shared by it and its caller."""

from __future__ import annotations

VIEWS = 0  # address of Arrow string views (see kernels.views)
VALID = 1  # address of the validity bitmap, 0 where nothing is NULL
ENDS = 2  # address of a list's offsets (int32, the first of them 0) where the column is within a list, else 0
PLACES = 3  # address of the addresses (uint64) of the buffers that views point into
SIZES = 4  # address of their lengths (int64)
BUFFERS = 5  # how many
IS_CODED = 6  # whether it becomes codes of the different texts, or one text behind the other
NUMBERS = 7  # place in the int32 memory: codes, or offsets, one more than there are texts
TEXTS = 8  # place in the memory of texts
SIZE = 9  # bytes of all texts
TABLE = 10  # place in the tables: SLOTS of -1, then the element in which each different text occurs first
DONE = 11  # elements
MADE = 12  # bytes written, or different texts found; REFUSED
FIELDS = 13

REFUSED = -1
SLOTS = 4096  # a power of two
MOST_DIFFERENT = SLOTS // 2  # texts of a batch; more are no case for codes
SPARE = 32  # bytes behind the texts of a column, since whole words are written
