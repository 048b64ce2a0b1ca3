"""Memory that a kernel fills with the rows of one table, and their Arrow arrays.

`numbers[c, row]`, `texts[c * capacity + row]` (Arrow string views, two words), `present[row, c]` (texts, then
numbers), and the attributes behind each other in `keys` and `values` with `ends[row]` behind the row's last.
Memory that is never written costs nothing: it is zero pages. Memory that was used before (`memory`) holds anything.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from deep_code_reasoning.kernels.pages import pages

if TYPE_CHECKING:
    import pyarrow as pa

    from deep_code_reasoning.kernels.pages import UsedPages


CHECKED = {b"texts": b"checked"}  # metadata of a batch whose texts a kernel has found to be UTF-8


def are_checked(batch: pa.RecordBatch) -> bool:
    """Whether the texts need not be looked at again."""
    return (batch.schema.metadata or {}).get(b"texts") == CHECKED[b"texts"]


def zeros(shape: int | tuple[int, ...], dtype: type) -> np.ndarray:
    """As numpy's, but always of pages that take no memory before they are written.

    numpy's come from the C library, which hands out what was freed before and fills it with zeros itself: it took
    as long as the parsing.
    """
    sizes = shape if isinstance(shape, tuple) else (shape,)
    count = math.prod(sizes)
    if not count:
        return np.zeros(shape, dtype)
    return np.frombuffer(pages(count * np.dtype(dtype).itemsize), dtype).reshape(sizes)


def room(shape: int | tuple[int, ...], dtype: type, memory: UsedPages | None) -> np.ndarray:
    """As `zeros`; from `memory`, where there is one, of any content."""
    sizes = shape if isinstance(shape, tuple) else (shape,)
    count = math.prod(sizes)
    if memory is None or not count:
        return zeros(shape, dtype)
    return np.frombuffer(memory.take(count * np.dtype(dtype).itemsize), dtype, count).reshape(sizes)


class Columns:
    """Room for `capacity` rows of `numbers` and `texts` columns with `attributes` attributes in all.

    All zero without `memory`; a kernel that is given columns of `memory` sets every flag of a row itself.
    """

    def __init__(
        self, capacity: int, numbers: int, texts: int, attributes: int, memory: UsedPages | None = None
    ) -> None:
        self.capacity = capacity
        self.numbers = room((numbers, capacity), np.int64, memory)
        self.texts = room((texts * capacity, 2), np.uint64, memory)
        self.present = room((capacity, texts + numbers), np.uint8, memory)
        self.ends = room(capacity, np.int32, memory)
        self.keys = room((attributes, 2), np.uint64, memory)
        self.values = room((attributes, 2), np.uint64, memory)
        self.value_present = room(attributes, np.uint8, memory)

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        """In the order in which kernels take them."""
        return (
            self.numbers,
            self.texts,
            self.present,
            self.ends,
            self.keys,
            self.values,
            self.value_present,
        )

    def filled(self, rows: int) -> Filled:
        """The first rows, once a kernel has written them."""
        return Filled(self, rows)

    def attributes(self, rows: int, count: int, buffers: list[pa.Buffer]) -> pa.Array:
        """The attributes of each row: list of struct of key and value."""
        import pyarrow as pa

        offsets = np.zeros(rows + 1, np.int32)
        offsets[1:] = self.ends[:rows]
        present = self.value_present[:count].view(bool)
        told = int(np.count_nonzero(present))
        validity = None if told == count else np.packbits(present, bitorder="little")
        values = view_array(self.values[:count], buffers, validity, count - told)
        pairs = pa.StructArray.from_arrays([view_array(self.keys[:count], buffers), values], ["key", "value"])
        return pa.ListArray.from_arrays(pa.array(offsets), pairs)


class Filled:
    """Arrow's columns of rows that a kernel wrote. All flags are turned into Arrow's bits at once."""

    def __init__(self, columns: Columns, rows: int) -> None:
        self._columns, self._rows = columns, rows
        self._texts = columns.texts.shape[0] // columns.capacity
        flags = np.ascontiguousarray(columns.present[:rows].T).view(bool)
        self._bits = np.packbits(flags, axis=1, bitorder="little")
        self._nulls = rows - np.count_nonzero(flags, axis=1)

    def text(self, column: int, buffers: list[pa.Buffer]) -> pa.Array:
        """A text column, null in the rows that have none."""
        start = column * self._columns.capacity
        nulls = int(self._nulls[column])
        validity = self._bits[column] if nulls else None
        return view_array(self._columns.texts[start : start + self._rows], buffers, validity, nulls)

    def whole_number(self, column: int, kind: pa.DataType) -> pa.Array:
        """A number column, null in the rows that have none."""
        import pyarrow as pa

        nulls = int(self._nulls[self._texts + column])
        validity = pa.py_buffer(self._bits[self._texts + column]) if nulls else None
        numbers = self._columns.numbers[column, : self._rows].astype(kind.to_pandas_dtype())
        return pa.Array.from_buffers(kind, self._rows, [validity, pa.py_buffer(numbers)], nulls)


def view_array(
    views: np.ndarray, buffers: list[pa.Buffer], validity: np.ndarray | None = None, nulls: int = 0
) -> pa.Array:
    """Views into `buffers`, `nulls` of them null: where a bit of `validity` is 0."""
    import pyarrow as pa

    valid = None if validity is None else pa.py_buffer(validity)
    written = pa.py_buffer(np.ascontiguousarray(views))
    return pa.Array.from_buffers(pa.string_view(), len(views), [valid, written, *buffers], nulls)
