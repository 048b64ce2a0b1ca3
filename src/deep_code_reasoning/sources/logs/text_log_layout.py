"""What the kernel of text logs is given beside log_layout's: the words for a level in a message."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

NUMBER = 0xFF  # of a word's code: its severity number; flags follow
FIRST, UPPER, LOWER = 1 << 8, 1 << 9, 1 << 10  # begins a message, stands behind a delimiter, stands in brackets
LONGEST_LEVEL = 8
FOREIGN_BYTES = 1 << 20  # of neighbouring lines that are handed to the plain road at once


@cache
def word_table() -> np.ndarray:
    from deep_code_reasoning.kernels.name_table import name_table
    from deep_code_reasoning.sources.logs.severity import severity_number
    from deep_code_reasoning.sources.logs.text_message import LEVELS, LEVELS_FIRST, LOWER_LEVELS

    flags = {word: UPPER | (FIRST if word in LEVELS_FIRST else 0) for word in LEVELS}
    flags |= dict.fromkeys(LOWER_LEVELS, LOWER)
    return name_table({word: flag | (severity_number(word) or 0) for word, flag in flags.items()})
