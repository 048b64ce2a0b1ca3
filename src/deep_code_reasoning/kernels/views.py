"""Arrow string views, written as two words each: length and first bytes, then the rest or where the text lies.

Source: Arrow columnar format, "Variable-size Binary View Layout". Buffer 0 is the input itself, buffer 1 the side
buffer for text that had to be rewritten.
"""

from __future__ import annotations

from numba import uint64

from deep_code_reasoning.kernels.compiling import part
from deep_code_reasoning.kernels.memory import low_bytes, word_at

INLINE = 12


@part
def put_view(views, row, text, begin, length, buffer):
    """Writes the view of `text[begin : begin + length]`, `text` being that buffer, to `views[row]`."""
    first = word_at(text, begin)
    if length <= INLINE:
        first &= low_bytes(length)
        views[row, 0] = uint64(length) | (first << uint64(32))
        rest = uint64(0)
        if length > 4:
            rest = word_at(text, begin + 4) & low_bytes(length - 4)
        views[row, 1] = rest
    else:
        views[row, 0] = uint64(length) | (first << uint64(32))
        views[row, 1] = uint64(buffer) | (uint64(begin) << uint64(32))
