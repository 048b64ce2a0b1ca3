"""Bodies of logs with one digit for each word that begins with one, made 64 bytes at a time.

In vectors of LLVM's (see `kernels.blocks`), where the processor can move together the bytes of one that stay
(`PACKS`): on others that would be done byte by byte.
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import int64, types, uint64
from numba.core import cgutils
from numba.extending import intrinsic

from deep_code_reasoning.kernels.compiling import part
from deep_code_reasoning.kernels.memory import word_at

try:
    PACKS = bool(llvm.get_host_cpu_features().get("avx512vbmi2"))
except RuntimeError:  # not told on this platform
    PACKS = False
WIDE_BLOCK = 64

_WORD = ir.IntType(64)
_BYTES, _BITS = (ir.VectorType(ir.IntType(size), WIDE_BLOCK) for size in (8, 1))
_SECRETS = (0xA0761D6478BD642F, 0xE7037ED1A0B428DB, 0x8EBC6AF09C88C6E3, 0x589965CC75374CC3)  # of wyhash


def _place(context, builder, kind, array, position):
    start = cgutils.create_struct_proxy(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(start, [position]), _BYTES.as_pointer())


def _all(byte):
    return ir.Constant(_BYTES, [byte] * WIDE_BLOCK)


def _word_bytes(typing, text, position):
    def generate(context, builder, signature, arguments):
        block = builder.load(_place(context, builder, signature.args[0], *arguments), align=1)
        digits = builder.icmp_unsigned("<=", builder.sub(block, _all(0x30)), _all(9))
        lower = builder.or_(block, _all(0x20))
        letters = builder.icmp_unsigned("<=", builder.sub(lower, _all(0x61)), _all(25))
        words = builder.or_(builder.or_(digits, letters), builder.icmp_unsigned("==", block, _all(0x5F)))
        masks = [builder.bitcast(hits, _WORD) for hits in (digits, words)]
        return context.make_tuple(builder, signature.return_type, masks)

    return types.UniTuple(types.uint64, 2)(text, types.int64), generate


def _put_packed(typing, target, to, text, at, kept, digits):
    def generate(context, builder, signature, arguments):
        target, to, text, at, kept, digits = arguments
        block = builder.load(_place(context, builder, signature.args[2], text, at), align=1)
        block = builder.select(builder.bitcast(digits, _BITS), _all(0x30), block)
        kind = ir.FunctionType(_BYTES, [_BYTES, _BITS, _BYTES])
        name = f"llvm.experimental.vector.compress.v{WIDE_BLOCK}i8"
        pack = cgutils.get_or_insert_function(builder.module, kind, name)
        block = builder.call(pack, [block, builder.bitcast(kept, _BITS), _all(0)])
        builder.store(block, _place(context, builder, signature.args[0], target, to), align=1)
        return builder.ctpop(kept)

    return types.int64(target, types.int64, text, types.int64, types.uint64, types.uint64), generate


def _folded(typing, one, other):
    def generate(context, builder, signature, arguments):
        wide = ir.IntType(128)
        product = builder.mul(*(builder.zext(number, wide) for number in arguments))
        high = builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), _WORD)
        return builder.xor(high, builder.trunc(product, _WORD))

    return types.uint64(types.uint64, types.uint64), generate


# (text, at): decimal digits; and all that words are made of, ASCII letters, digits and underscores.
_masks_of: Any = intrinsic(_word_bytes)
# (target, to, text, at, kept, digits): the bytes kept, one behind the other, and zeros behind them; those at `digits`
# become 0. How many they are.
_pack: Any = intrinsic(_put_packed)
# Both halves of a product, in one.
_fold: Any = intrinsic(_folded)


@part
def evened_out_by_blocks(text, begin, limit, out):
    """A number for the body, equal for others by chance only. 64 bytes may be read behind it; `out` is written."""
    length, at, is_within = int64(0), begin, uint64(0)
    while at < limit:
        digits, words = _masks_of(text, at)
        gone = (digits | is_within) & words  # digits, and in each word what is behind one
        for step in (1, 2, 4, 8, 16, 32):
            gone |= gone << uint64(step) & words
            words &= words << uint64(step)
        first = gone & ~(gone << uint64(1) | is_within)
        kept = ~gone | first
        if limit - at < WIDE_BLOCK:
            kept &= (uint64(1) << uint64(limit - at)) - uint64(1)
        length += _pack(out, length, text, at, kept, first)
        is_within = gone >> uint64(63)
        at += WIDE_BLOCK
    _pack(out, length, text, begin, uint64(0), uint64(0))
    value = uint64(_SECRETS[0]) ^ uint64(length)
    for place in range(0, length, WIDE_BLOCK):
        one = _fold(word_at(out, place) ^ uint64(_SECRETS[0]), word_at(out, place + 8) ^ value)
        two = _fold(word_at(out, place + 16) ^ uint64(_SECRETS[1]), word_at(out, place + 24) ^ value)
        three = _fold(word_at(out, place + 32) ^ uint64(_SECRETS[2]), word_at(out, place + 40) ^ value)
        four = _fold(word_at(out, place + 48) ^ uint64(_SECRETS[3]), word_at(out, place + 56) ^ value)
        value = (one ^ two) + (three ^ four)
    return _fold(value, uint64(_SECRETS[1])) | uint64(1)
