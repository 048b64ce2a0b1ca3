"""Ids of spans as numbers: what `spans_at_hand` computes in numpy, eight hexadecimal digits at once."""

from __future__ import annotations

from numba import uint64

from deep_code_reasoning.kernels.compiling import entry, part
from deep_code_reasoning.kernels.memory import HIGHS, ONES, word_at
from deep_code_reasoning.kernels.words import mixed

SPAN_DIGITS, TRACE_DIGITS = 16, 32


@part
def are_hexadecimal(word):
    """Whether each of the eight bytes is a hexadecimal digit. No byte below 0x80 carries into the next."""
    letters = word | (uint64(0x20) * ONES)
    is_figure = (word + uint64(0x50) * ONES) & ~(word + uint64(0x46) * ONES)
    is_letter = (letters + uint64(0x1F) * ONES) & ~(letters + uint64(0x19) * ONES)
    return word & HIGHS == 0 and (is_figure | is_letter) & HIGHS == HIGHS


@part
def number_of(word):
    """The 32 bits that eight digits tell, the first byte being the most significant."""
    is_letter = (word >> uint64(6)) & ONES
    digits = (word & (uint64(0x0F) * ONES)) + is_letter * uint64(9)
    bytes_ = ((digits << uint64(4)) | (digits >> uint64(8))) & uint64(0x00FF00FF00FF00FF)
    pairs = ((bytes_ << uint64(8)) | (bytes_ >> uint64(16))) & uint64(0x0000FFFF0000FFFF)
    return ((pairs << uint64(16)) | (pairs >> uint64(32))) & uint64(0xFFFFFFFF)


@entry(
    "uint64[::1]", "int32[::1]", "uint8[::1]", "int32[::1]", "uint8[::1]", "int32[::1]", "uint8[::1]",
    "uint64[::1]", "uint64[::1]", "uint64[::1]",
)  # fmt: skip
def take_ids(secret, trace_ends, trace_text, span_ends, span_text, parent_ends, parent_text, trace, span, wanted):
    """Fills `trace`, `span`, `wanted`; texts and where each begins and the last ends. Returns the rows that it read:
    all, or those before an id of other than 0 or the usual number of hexadecimal digits."""
    for row in range(len(trace)):
        upper, lower = uint64(0), uint64(0)
        begin, length = trace_ends[row], trace_ends[row + 1] - trace_ends[row]
        if length:
            if length != TRACE_DIGITS:
                return row
            first, second = word_at(trace_text, begin), word_at(trace_text, begin + 8)
            third, fourth = word_at(trace_text, begin + 16), word_at(trace_text, begin + 24)
            if not (
                are_hexadecimal(first)
                and are_hexadecimal(second)
                and are_hexadecimal(third)
                and are_hexadecimal(fourth)
            ):
                return row
            upper = (number_of(first) << uint64(32)) | number_of(second)
            lower = (number_of(third) << uint64(32)) | number_of(fourth)
        trace[row] = mixed(mixed(upper + secret[0]) ^ lower)
        for ends, text, numbers in ((span_ends, span_text, span), (parent_ends, parent_text, wanted)):
            numbers[row] = 0
            begin, length = ends[row], ends[row + 1] - ends[row]
            if length:
                if length != SPAN_DIGITS:
                    return row
                first, second = word_at(text, begin), word_at(text, begin + 8)
                if not (are_hexadecimal(first) and are_hexadecimal(second)):
                    return row
                numbers[row] = (number_of(first) << uint64(32)) | number_of(second)
    return len(trace)
