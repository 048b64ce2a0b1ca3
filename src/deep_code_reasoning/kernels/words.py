"""Words of eight bytes, little-endian as of `memory.word_at`: whether they are digits, what those say; a mixer."""

from __future__ import annotations

from numba import uint64

from deep_code_reasoning.kernels.compiling import inlined_part
from deep_code_reasoning.kernels.memory import HIGHS, ONES

ZERO, NINE, LOWER_A, LOWER_F = 0x30, 0x39, 0x61, 0x66


@inlined_part
def _within(word, low, high):
    """The high bit of each byte from `low` to `high`; of bytes below 128, so that no sum reaches the next."""
    return (word + ONES * uint64(0x80 - low)) & ~(word + ONES * uint64(0x7F - high))


@inlined_part
def are_digits(word):
    return word & HIGHS == 0 and _within(word, ZERO, NINE) & HIGHS == HIGHS


@inlined_part
def are_lower_hex(word):
    found = _within(word, ZERO, NINE) | _within(word, LOWER_A, LOWER_F)
    return word & HIGHS == 0 and found & HIGHS == HIGHS


@inlined_part
def eight_digits(word):
    """The number that eight digits write: pairs, fours and eights of them, a multiplication each (Lemire, 2018)."""
    word -= ONES * uint64(ZERO)
    word = (word * uint64(10) + (word >> uint64(8))) & uint64(0x00FF00FF00FF00FF)
    word = (word * uint64(100) + (word >> uint64(16))) & uint64(0x0000FFFF0000FFFF)
    return (word * uint64(10_000) + (word >> uint64(32))) & uint64(0xFFFFFFFF)


@inlined_part
def mixed(word):
    """Another number, every bit of which depends on all of `word` (Stafford's mixer 13)."""
    word = (word ^ (word >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> uint64(27))) * uint64(0x94D049BB133111EB)
    return word ^ (word >> uint64(31))
