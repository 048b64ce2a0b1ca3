"""Columns in the types of a row file and in memory of their own: what batches of views into the input become.

Arrow's casts do it column by column; the compiled kernels (`texts_kernel`) do all columns of texts at once.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from deep_code_reasoning.kernels.cache import Kernel
from deep_code_reasoning.kernels.pages import UsedPages
from deep_code_reasoning.store import texts_layout as layout

if TYPE_CHECKING:
    from deep_code_reasoning.kernels.cache import Kernels

MODULE = "deep_code_reasoning.store.texts_kernel"
MEASURE, BRING_TOGETHER = Kernel(MODULE, "measure"), Kernel(MODULE, "bring_together")
_LARGEST = np.iinfo(np.int32).max  # bytes of a column of a batch, which Arrow counts with 32 bits
_ALIGNED = 64
_VIEW_BYTES, _OFFSET_BYTES = 16, 4

Later = Callable[[], pa.Array]


@dataclass
class _Texts:
    """A column of string views; `brought` is what the kernels made of it, None where Arrow must do it."""

    array: pa.Array
    is_coded: bool
    ends: pa.Array | None  # a list's offsets, where it lies within one
    places: np.ndarray
    sizes: np.ndarray
    brought: pa.Array | None = None


class OwnMemory:
    """`fitted` columns; not safe beside other threads. `kernels` None: by Arrow alone."""

    def __init__(self, kernels: Kernels | None = None) -> None:
        self._kernels = kernels
        self._memory = UsedPages()
        self._salt = secrets.randbits(62)
        self._tables = np.empty(0, np.int32)

    def fitted(self, columns: Sequence[tuple[pa.Array, pa.DataType]], *, are_checked: bool = False) -> list[pa.Array]:
        """Columns of one batch as the types beside them. `are_checked`: texts among them are UTF-8.

        Raises pa.ArrowInvalid and the like where there are no such values, or a text is no UTF-8.
        """
        found: list[_Texts] = []
        later = [self._later(array, kind, found, None, are_checked) for array, kind in columns]
        if found:
            self._bring(found, len(columns[0][0]))
        return [made() for made in later]

    def _later(
        self, array: pa.Array, kind: pa.DataType, found: list[_Texts], ends: pa.Array | None, are_checked: bool
    ) -> Later:
        """Makes the column once the texts that it adds to `found` were brought together."""
        if array.type == kind and not pa.types.is_nested(kind) and (are_checked or not pa.types.is_string(kind)):
            return lambda: array
        if pa.types.is_list(kind) and pa.types.is_list(array.type):
            return self._list(array, kind, found, are_checked)
        if pa.types.is_struct(kind) and pa.types.is_struct(array.type):
            parts = [self._later(array.field(part.name), part.type, found, ends, are_checked) for part in kind]
            return lambda: pa.StructArray.from_arrays([part() for part in parts], fields=list(kind))
        if _is_for_kernels(array, kind):
            texts = _texts(array, pa.types.is_dictionary(kind), ends)
            found.append(texts)
            return lambda: _cast(array, kind) if texts.brought is None else texts.brought
        return lambda: _cast(array, kind)

    def _list(self, array: pa.ListArray, kind: pa.ListType, found: list[_Texts], are_checked: bool) -> Later:
        """Arrow casts no views within lists."""
        offsets = np.asarray(array.offsets)
        first, last = int(offsets[0]), int(offsets[-1])
        values = array.values.slice(first, last - first)
        mask = array.is_null() if array.null_count else None
        begin = pa.array(offsets - np.int32(first))
        part = self._later(values, kind.value_type, found, begin, are_checked)
        return lambda: pa.ListArray.from_arrays(begin, part(), kind, mask=mask)

    def _bring(self, found: list[_Texts], rows: int) -> None:
        measure = self._kernels.find(MEASURE) if self._kernels else None
        bring = self._kernels.find(BRING_TOGETHER) if self._kernels else None
        if measure is None or bring is None:
            return
        columns = np.array([_told(texts) for texts in found], np.int64)
        measure(columns, rows)
        if (columns[:, layout.SIZE] > _LARGEST).any():
            return
        numbers, texts, tables = self._room(columns, [len(texts.array) for texts in found])
        bring(columns, rows, self._salt, texts, numbers, tables)
        for column, told in zip(found, columns.tolist(), strict=True):
            if told[layout.MADE] != layout.REFUSED:
                column.brought = (
                    _coded(column, told, numbers, tables) if column.is_coded else _whole(column, told, numbers, texts)
                )

    def _room(self, columns: np.ndarray, elements: list[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Memory for what is made of `columns`, and the places there of each: numbers, texts, tables."""
        numbers = texts = tables = 0
        for column, count in zip(columns, elements, strict=True):
            column[layout.NUMBERS], column[layout.TEXTS], column[layout.TABLE] = numbers, texts, tables
            numbers += _rounded(count + 1)
            if column[layout.IS_CODED]:
                tables += layout.SLOTS + layout.MOST_DIFFERENT
            else:
                texts += _rounded(int(column[layout.SIZE]) + layout.SPARE)
        if tables > len(self._tables):
            self._tables = np.empty(tables, np.int32)
        self._tables[:tables] = -1
        made = np.frombuffer(self._memory.take(max(1, numbers) * _OFFSET_BYTES), np.int32, numbers)
        made[columns[:, layout.NUMBERS]] = 0
        return made, np.frombuffer(self._memory.take(max(1, texts)), np.uint8, texts), self._tables


def _is_for_kernels(array: pa.Array, kind: pa.DataType) -> bool:
    if not pa.types.is_string_view(array.type) or array.offset or not len(array):
        return False
    return kind == pa.string() or (
        pa.types.is_dictionary(kind) and kind.value_type == pa.string() and kind.index_type == pa.int32()
    )


def _texts(array: pa.Array, is_coded: bool, ends: pa.Array | None) -> _Texts:
    _, _, *buffers = array.buffers()
    places = np.array([buffer.address for buffer in buffers], np.int64)
    return _Texts(array, is_coded, ends, places, np.array([buffer.size for buffer in buffers], np.int64))


def _told(texts: _Texts) -> list[int]:
    """The column as the kernels are told of it."""
    validity, views, *_ = texts.array.buffers()
    told = [0] * layout.FIELDS
    told[layout.VIEWS] = views.address
    told[layout.VALID] = validity.address if validity and texts.array.null_count else 0
    told[layout.ENDS] = 0 if texts.ends is None else texts.ends.buffers()[1].address + _OFFSET_BYTES * texts.ends.offset
    told[layout.PLACES] = texts.places.ctypes.data
    told[layout.SIZES] = texts.sizes.ctypes.data
    told[layout.BUFFERS] = len(texts.places)
    told[layout.IS_CODED] = texts.is_coded
    return told


def _whole(texts: _Texts, told: list[int], numbers: np.ndarray, content: np.ndarray) -> pa.Array:
    """One text behind the other."""
    array, first, begin = texts.array, told[layout.NUMBERS], told[layout.TEXTS]
    offsets = pa.py_buffer(numbers[first : first + len(array) + 1])
    written = pa.py_buffer(content[begin : begin + told[layout.MADE]])
    return pa.Array.from_buffers(pa.string(), len(array), [_validity(array), offsets, written], array.null_count)


def _coded(texts: _Texts, told: list[int], numbers: np.ndarray, tables: np.ndarray) -> pa.Array:
    """The different texts, in the order in which they occur, and the code of its text an element."""
    array, first = texts.array, told[layout.NUMBERS]
    codes = pa.py_buffer(numbers[first : first + len(array)])
    indices = pa.Array.from_buffers(pa.int32(), len(array), [_validity(array), codes], array.null_count)
    at = told[layout.TABLE] + layout.SLOTS
    _, views, *buffers = array.buffers()
    words = np.frombuffer(views, np.uint64, 2 * len(array)).reshape(-1, 2)[tables[at : at + told[layout.MADE]]]
    each = pa.Array.from_buffers(pa.string_view(), len(words), [None, pa.py_buffer(words), *buffers])
    return pa.DictionaryArray.from_arrays(indices, _cast(each, pa.string()))


def _validity(array: pa.Array) -> pa.Buffer | None:
    return array.buffers()[0] if array.null_count else None


def _cast(array: pa.Array, kind: pa.DataType) -> pa.Array:
    if array.type != kind and pa.types.is_dictionary(kind) and not pa.types.is_dictionary(array.type):
        array = array.cast(kind.value_type).dictionary_encode()
    elif array.type != kind:
        array = array.cast(kind)
    array.validate(full=True)  # a text that is no UTF-8 would fail the queries
    return array


def _rounded(size: int) -> int:
    return -(-size // _ALIGNED) * _ALIGNED
