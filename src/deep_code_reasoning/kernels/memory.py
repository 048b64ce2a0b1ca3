"""Words of bytes: unaligned loads, and the tricks that look at eight bytes at once.

Every buffer that a kernel reads has at least PADDING bytes behind its end, so that a word may be loaded anywhere.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types, uint64
from numba.core import cgutils
from numba.extending import intrinsic

from deep_code_reasoning.kernels.compiling import part

PADDING = 32

ONES = uint64(0x0101010101010101)
HIGHS = uint64(0x8080808080808080)


def _word_at(typing, text, position):
    def generate(context, builder, signature, arguments):
        array = cgutils.create_struct_proxy(signature.args[0])(context, builder, arguments[0])
        pointer = builder.gep(array.data, [arguments[1]])
        word = builder.load(builder.bitcast(pointer, ir.IntType(64).as_pointer()))
        word.align = 1
        return word

    return types.uint64(text, types.int64), generate


def _put_word(typing, text, position, word):
    def generate(context, builder, signature, arguments):
        array = cgutils.create_struct_proxy(signature.args[0])(context, builder, arguments[0])
        pointer = builder.bitcast(builder.gep(array.data, [arguments[1]]), ir.IntType(64).as_pointer())
        builder.store(arguments[2], pointer).align = 1
        return context.get_dummy_value()

    return types.void(text, types.int64, types.uint64), generate


def _trailing_zeros(typing, word):
    def generate(context, builder, signature, arguments):
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), generate


# The eight bytes of a uint8 array from a position on, as a little-endian uint64.
word_at: Any = intrinsic(_word_at)
# Writes eight bytes to a uint8 array; `put_word(array, position, word)`.
put_word: Any = intrinsic(_put_word)
# The number of zero bits below the lowest one bit of a uint64; 64 for 0.
trailing_zeros: Any = intrinsic(_trailing_zeros)


@part
def bytes_equal_to(word, byte):
    """The high bit of each byte of `word` that equals `byte`; above the lowest hit other bits may be set too.

    Source: Mycroft's test for a zero byte (Warren, Hacker's Delight, section 6-1).
    """
    difference = word ^ (uint64(byte) * ONES)
    return (difference - ONES) & ~difference & HIGHS


@part
def low_bytes(count):
    """A mask of the first `count` (0 to 8) bytes of a word."""
    if count >= 8:
        return uint64(0xFFFFFFFFFFFFFFFF)
    return (uint64(1) << uint64(8 * count)) - uint64(1)
