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

    def text(self, column: int, rows: int, buffers: list[pa.Buffer]) -> pa.Array:
        """A text column, null in the rows that have none."""
        present = self.present[:rows, column]
        start = column * self.capacity
        return view_array(self.texts[start : start + rows], buffers, None if present.all() else present)

    def whole_numbers(self, column: int, rows: int, kind: pa.DataType) -> pa.Array:
        """A number column, null in the rows that have none."""
        import pyarrow as pa

        present = self.present[:rows, self.texts.shape[0] // self.capacity + column]
        return pa.array(self.numbers[column, :rows].astype(kind.to_pandas_dtype()), kind, mask=present == 0)

    def attributes(self, rows: int, count: int, buffers: list[pa.Buffer]) -> pa.Array:
        """The attributes of each row: list of struct of key and value."""
        import pyarrow as pa

        offsets = np.zeros(rows + 1, np.int32)
        offsets[1:] = self.ends[:rows]
        present = self.value_present[:count]
        values = view_array(self.values[:count], buffers, None if present.all() else present)
        pairs = pa.StructArray.from_arrays([view_array(self.keys[:count], buffers, None), values], ["key", "value"])
        return pa.ListArray.from_arrays(pa.array(offsets), pairs)


def view_array(views: np.ndarray, buffers: list[pa.Buffer], present: np.ndarray | None) -> pa.Array:
    """Views into `buffers`, null where `present` (0 or 1 a row) is 0."""
    import pyarrow as pa

    validity = None if present is None else pa.py_buffer(np.packbits(present, bitorder="little"))
    nulls = 0 if present is None else int(len(present) - np.count_nonzero(present))
    return pa.Array.from_buffers(
        pa.string_view(), len(views), [validity, pa.py_buffer(np.ascontiguousarray(views)), *buffers], nulls
    )
