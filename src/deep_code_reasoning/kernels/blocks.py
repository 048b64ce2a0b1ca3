"""Blocks of 32 bytes: what kernels ask of all of them at once, a bit for each byte, the first the lowest.

In vectors of LLVM's, which become the widest registers that the processor has. A block may be loaded anywhere in a
buffer with PADDING bytes behind its end (see `memory`).
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

BLOCK = 32

_BYTES = ir.VectorType(ir.IntType(8), BLOCK)
_QUOTE, _BACKSLASH, _NEWLINE = 0x22, 0x5C, 0x0A


def _pointer(context, builder, kind, array, position):
    start = cgutils.create_struct_proxy(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(start, [position]), _BYTES.as_pointer())


def _load(context, builder, signature, arguments, at=0):
    pointer = _pointer(context, builder, signature.args[at], arguments[at], arguments[at + 1])
    return builder.load(pointer, align=1)


def _all(byte):
    return ir.Constant(_BYTES, [byte] * BLOCK)


def _mask(builder, hits):
    return builder.zext(builder.bitcast(hits, ir.IntType(BLOCK)), ir.IntType(64))


def _masks(context, builder, signature, *hits):
    return context.make_tuple(builder, signature.return_type, [_mask(builder, found) for found in hits])


def _string_stops(typing, text, position):
    def generate(context, builder, signature, arguments):
        block = _load(context, builder, signature, arguments)
        stops = builder.icmp_unsigned("==", block, _all(_QUOTE))
        stops = builder.or_(stops, builder.icmp_unsigned("==", block, _all(_BACKSLASH)))
        stops = builder.or_(stops, builder.icmp_unsigned("<", block, _all(0x20)))
        return _masks(context, builder, signature, stops, builder.icmp_unsigned(">=", block, _all(0x80)))

    return types.UniTuple(types.uint64, 2)(text, types.int64), generate


def _no_letters(typing, text, position):
    def generate(context, builder, signature, arguments):
        lower = builder.or_(_load(context, builder, signature, arguments), _all(0x20))
        return _mask(builder, builder.icmp_unsigned(">", builder.sub(lower, _all(0x61)), _all(25)))

    return types.uint64(text, types.int64), generate


def _newlines(typing, text, position):
    def generate(context, builder, signature, arguments):
        block = _load(context, builder, signature, arguments)
        ends = builder.icmp_unsigned("==", block, _all(_NEWLINE))
        return _masks(context, builder, signature, ends, builder.icmp_unsigned(">=", block, _all(0x80)))

    return types.UniTuple(types.uint64, 2)(text, types.int64), generate


def _no_digits(typing, text, position):
    def generate(context, builder, signature, arguments):
        above = builder.sub(_load(context, builder, signature, arguments), _all(0x30))
        return _mask(builder, builder.icmp_unsigned(">", above, _all(9)))

    return types.uint64(text, types.int64), generate


def _hex_digits(typing, text, position):
    def generate(context, builder, signature, arguments):
        block = _load(context, builder, signature, arguments)
        digits = builder.icmp_unsigned("<=", builder.sub(block, _all(0x30)), _all(9))
        letters = builder.icmp_unsigned("<=", builder.sub(block, _all(0x61)), _all(5))
        return _mask(builder, builder.or_(digits, letters))

    return types.uint64(text, types.int64), generate


def _differing(typing, one, at, other, place):
    def generate(context, builder, signature, arguments):
        first = _load(context, builder, signature, arguments)
        second = _load(context, builder, signature, arguments, 2)
        return _mask(builder, builder.icmp_unsigned("!=", first, second))

    return types.uint64(one, types.int64, other, types.int64), generate


def _copy_block(typing, target, to, source, at):
    def generate(context, builder, signature, arguments):
        block = _load(context, builder, signature, arguments, 2)
        builder.store(block, _pointer(context, builder, signature.args[0], *arguments[:2]), align=1)
        return context.get_dummy_value()

    return types.none(target, types.int64, source, types.int64), generate


# (text, at): where a JSON string may end, is escaped or must not go on; and bytes above 127.
string_stops: Any = intrinsic(_string_stops)
# (text, at): newlines; and bytes above 127.
newlines: Any = intrinsic(_newlines)
# (text, at): all but decimal digits.
no_digits: Any = intrinsic(_no_digits)
# (text, at): all but ASCII letters.
no_letters: Any = intrinsic(_no_letters)
# (text, at): lower-case hexadecimal digits.
hex_digits: Any = intrinsic(_hex_digits)
# (one, at, other, place): bytes in which the blocks differ.
differing: Any = intrinsic(_differing)
# (target, to, source, at): all of a block, whatever of it counts.
copy_block: Any = intrinsic(_copy_block)
