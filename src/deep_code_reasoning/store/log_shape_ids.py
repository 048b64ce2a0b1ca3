"""Ids of the shapes of many bodies at once: by the compiled kernel, or by Arrow and Python, which gives the same.

An id is 64 bits mixed from the shape's bytes, eight at a time: xor, multiply, shift, then the finaliser of MurmurHash3
(Appleby 2011). No step loses anything, so that two shapes share an id as often as by chance: once in ten
million loads of two million shapes each. It is no secret: who writes logs that collide merges their own lines.
"""

from __future__ import annotations

import functools
import re
import struct
from typing import TYPE_CHECKING

from deep_code_reasoning.kernels.cache import Kernel, Kernels
from deep_code_reasoning.store.log_template_masking import SHAPE_BYTES, STATES, shape

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import pyarrow as pa

KERNEL = Kernel("deep_code_reasoning.store.log_shape_kernel", "shape_ids")
SEED, MULTIPLIER = 0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93
FINAL_1, FINAL_2 = 0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53
_64_BITS = (1 << 64) - 1

# What a shape does not depend on is evened out first, in native code: that leaves few distinct bodies to look at. A
# word behind `=` becomes `q`, which like it has no digit (one before a colon holds what follows to it); a state keeps
# its name before the `q`, which says that it is one.
_STATES = b"|".join(sorted(STATES)).decode()
_EVENED_OUT = (
    ("[0-9][0-9A-Za-z_]*", "0"),
    ("[A-Fa-f]+0", "a0"),
    (rf"(=(?:{_STATES})\b)|(=)[a-z_]+", r"\1\2q"),
)
_STATE = re.compile(rb"=([a-z_]+)q")


def identity(text: bytes) -> int:
    value = SEED ^ len(text)
    for (word,) in struct.iter_unpack("<Q", text + bytes(-len(text) % 8)):
        value = (value ^ word) * MULTIPLIER & _64_BITS
        value ^= value >> 32
    value = (value ^ value >> 33) * FINAL_1 & _64_BITS
    value = (value ^ value >> 33) * FINAL_2 & _64_BITS
    return value ^ value >> 33


@functools.lru_cache(maxsize=32_768)  # the bodies of one batch come again in the next
def _evened_id(start: bytes) -> int:
    return identity(shape(_STATE.sub(rb"=\1", start)))


def shape_ids(bodies: pa.ChunkedArray, kernels: Kernels | None = None) -> pa.ChunkedArray:
    """The id (uint64) of the shape of each body (string or string_view), null where there is none."""
    import pyarrow as pa

    kernel = kernels.find(KERNEL) if kernels else None
    if kernel is None:
        return pa.chunked_array([_plain(chunk) for chunk in bodies.chunks], pa.uint64())
    from deep_code_reasoning.store.log_shape_tables import memory

    tables = memory()
    return pa.chunked_array([_compiled(kernel, tables, chunk) for chunk in bodies.chunks], pa.uint64())


def _plain(bodies: pa.Array) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    starts = pc.call_function("binary_slice", [bodies.cast(pa.binary())], pc.SliceOptions(0, SHAPE_BYTES))
    for pattern, text in _EVENED_OUT:
        starts = pc.call_function("replace_substring_regex", [starts], pc.ReplaceSubstringOptions(pattern, text))
    encoded = starts.dictionary_encode()
    ids = [_evened_id(start) for start in encoded.dictionary.to_pylist()]
    return pa.array(ids, pa.uint64()).take(encoded.indices)


def _compiled(kernel: Callable[..., int], tables: tuple[np.ndarray, ...], bodies: pa.Array) -> pa.Array:
    import numpy as np
    import pyarrow as pa

    rows = bodies if pa.types.is_string(bodies.type) else bodies.cast(pa.string())
    _, offsets, data = rows.buffers()
    if not len(rows) or data is None or not data.size:
        return _plain(bodies)
    ends = np.frombuffer(offsets, np.int32, len(rows) + 1, 4 * rows.offset)
    ids = np.empty(len(rows), np.uint64)
    kernel(np.frombuffer(data, np.uint8), ends, SHAPE_BYTES, *tables, ids)
    found = pa.Array.from_buffers(pa.uint64(), len(ids), [None, pa.py_buffer(ids)])  # `array` imports numpy.ma: 25 ms
    if not rows.null_count:
        return found
    import pyarrow.compute as pc  # takes 25 ms

    return pc.call_function("if_else", [rows.is_valid(), found, pa.scalar(None, pa.uint64())])
