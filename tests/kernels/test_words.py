"""Eight characters at once, held against the same said by a character."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from deep_code_reasoning.kernels import words

ODD = st.sampled_from(b"/0159:@`afgAFG\x00\x7f\x80\xb0\xff ")
EIGHT = st.binary(min_size=8, max_size=8) | st.lists(ODD, min_size=8, max_size=8).map(bytes)
DIGITS = st.integers(0, 99_999_999).map(lambda number: f"{number:08}".encode())


@pytest.fixture(scope="module")
def looked_at():
    """What the kernels say of a word: whether it is digits, lower-case hex digits, and the number."""
    look = njit(lambda word: (words.are_digits(word), words.are_lower_hex(word), words.eight_digits(word)))
    look(np.uint64(0))  # is compiled by that
    return look


@given(EIGHT | DIGITS)
def test_a_word_is_what_its_characters_are(looked_at, text: bytes) -> None:
    digits, hexadecimal, number = looked_at(np.uint64(int.from_bytes(text, "little")))
    assert digits == all(character in b"0123456789" for character in text)
    assert hexadecimal == all(character in b"0123456789abcdef" for character in text)
    if digits:
        assert number == int(text)
