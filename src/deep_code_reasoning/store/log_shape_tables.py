"""What the kernel of log shapes looks up: the class of each byte, and the words that mean something."""

from __future__ import annotations

import numpy as np

from deep_code_reasoning.store.log_template_masking import CALENDAR, CODE_FILES, SEPARATORS, SHAPE_BYTES, STATES, UNITS

SPACE, SEPARATOR, DIGIT, NOT_HEX, SLASH, BACKSLASH, AT, DOT, COLON, CAPITAL, WORD_END, WORD = (
    1 << n for n in range(12)
)
CALENDAR_WORD, UNIT, STATE, CODE_FILE = 1, 2, 4, 8
LONGEST_WORD = 16
SLOTS = 512  # a power of two, several times the words
SLOT_MULTIPLIER = 0x9E3779B97F4A7C15
KNOWN = 4_096  # bodies whose shape is remembered within a batch: 52 bits less than a number's
ROOM = 4 * SHAPE_BYTES + 64  # for the longest shape, and words behind its end


def _classes() -> np.ndarray:
    classes = np.zeros(256, np.uint16)
    classes[:0x21] = SPACE
    classes[list(SEPARATORS)] = SEPARATOR
    for byte in range(256):
        char = bytes([byte])
        classes[byte] |= NOT_HEX * (char not in b"0123456789abcdefABCDEF") | DIGIT * char.isdigit()
        classes[byte] |= WORD * (char.isalnum() or char == b"_")
        classes[byte] |= CAPITAL * char.isupper() | WORD_END * (char in b".:-+")
    for char, kind in ((b"/", SLASH), (b"\\", BACKSLASH), (b"@", AT), (b".", DOT), (b":", COLON)):
        classes[ord(char)] |= kind
    return classes


def _words() -> np.ndarray:
    """Open addressing: the word's first and last eight bytes of sixteen, and its kinds; no kind: the slot is free."""
    words = np.zeros((SLOTS, 3), np.uint64)
    for kind, members in ((CALENDAR_WORD, CALENDAR), (UNIT, UNITS), (STATE, STATES), (CODE_FILE, CODE_FILES)):
        for word in sorted(members):
            if len(word) > LONGEST_WORD:
                raise ValueError(f"{word!r} is longer than the kernel looks")
            low, high = (int.from_bytes(word[at : at + 8], "little") for at in (0, 8))
            slot = ((low ^ high) * SLOT_MULTIPLIER & (1 << 64) - 1) >> 55
            while words[slot, 2] and (words[slot, 0] != low or words[slot, 1] != high):
                slot = (slot + 1) % SLOTS
            words[slot] = low, high, words[slot, 2] | np.uint64(kind)
    return words


CLASSES, WORDS = _classes(), _words()


def memory() -> tuple[np.ndarray, ...]:
    """What the kernel is called with before `ids`; its last part remembers shapes from one call to the next."""
    return CLASSES, WORDS, np.empty(ROOM, np.uint8), np.zeros((KNOWN, 2), np.uint64)
