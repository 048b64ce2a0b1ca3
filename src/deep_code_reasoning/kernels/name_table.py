"""Names with their codes as a hash table of integers, for a kernel to look them up in (see `names.find_name`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

FIELDS = 5  # length (0: empty), first eight bytes, last eight (of longer names), hash of those between, code
MULTIPLIER = 0x9E3779B97F4A7C15  # Fibonacci hashing (Knuth, TAOCP 6.4)
SEED = 0xCBF29CE484222325
_WORD = (1 << 64) - 1


def name_table(codes: Mapping[str, int]) -> np.ndarray:
    """Open addressing, at most a quarter full; uint64, FIELDS a slot."""
    import numpy as np

    size = 16
    while size < 4 * len(codes):
        size *= 2
    table = np.zeros(size * FIELDS, np.uint64)
    for name, code in codes.items():
        text = name.encode()
        head = int.from_bytes(text[:8], "little")
        tail = int.from_bytes(text[-8:], "little") if len(text) > 8 else 0
        mixed = (head ^ (tail << 1 & _WORD) ^ len(text)) * MULTIPLIER & _WORD
        slot = (mixed >> 40) % size
        while table[slot * FIELDS]:
            slot = (slot + 1) % size
        table[slot * FIELDS : (slot + 1) * FIELDS] = [len(text), head, tail, _middle(text), code]
    return table


def _middle(text: bytes) -> int:
    """A hash of the bytes between the first and the last eight, by words."""
    middle = text[8:-8] if len(text) > 16 else b""
    value = SEED
    for at in range(0, len(middle), 8):
        value = (value ^ int.from_bytes(middle[at : at + 8], "little")) * MULTIPLIER & _WORD
        value ^= value >> 32
    return value
