"""Rows that wait to be written: batches of one shape together, and what holding them costs."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pyarrow as pa

MOST_BATCHES = 1_024  # thousands of tiny files would else hold thousands of arrays each
MOST_BYTES = 256 * 1024 * 1024


class Shape(NamedTuple):
    """Batches that one statement can take. `schema` is empty for those that row files take, whatever they have."""

    table: str
    schema: str = ""


class Gathering:
    """Batches by shape. Not safe beside other threads."""

    def __init__(self) -> None:
        self._batches: defaultdict[Shape, list[pa.RecordBatch]] = defaultdict(list)
        self._rows: Counter[Shape] = Counter()
        self._buffers: set[int] = set()
        self._count = self._bytes = 0

    def add(self, shape: Shape, batch: pa.RecordBatch) -> None:
        self._batches[shape].append(batch)
        self._rows[shape] += batch.num_rows
        self._count += 1
        self._bytes += self._new_bytes(batch)

    def _new_bytes(self, batch: pa.RecordBatch) -> int:
        """What holding the batch costs: views of many columns and tables share one buffer, the input."""
        size = 0
        for column in batch.columns:
            for buffer in column.buffers():
                if buffer is not None and buffer.address not in self._buffers:
                    self._buffers.add(buffer.address)
                    size += buffer.size
        return size

    @property
    def is_full(self) -> bool:
        return self._bytes >= MOST_BYTES or self._count >= MOST_BATCHES

    def rows(self, table: str) -> int:
        """Those of a table, in all shapes."""
        return sum(rows for shape, rows in self._rows.items() if shape.table == table)

    def shapes(self, table: str) -> list[Shape]:
        return [shape for shape in self._batches if shape.table == table]

    def take_groups(self, shape: Shape, group: int) -> list[pa.RecordBatch]:
        """Whole groups of `group` rows, if there are any: the rows behind the last one stay."""
        rest = self._rows[shape] % group
        if rest == self._rows[shape]:
            return []
        *before, last = self._take(shape)
        if rest:  # they are all in the last batch, which completed the group
            self.add(shape, last.slice(last.num_rows - rest))
        return [*before, last.slice(0, last.num_rows - rest)]

    def take_all(self) -> dict[Shape, list[pa.RecordBatch]]:
        return {shape: self._take(shape) for shape in list(self._batches)}

    def _take(self, shape: Shape) -> list[pa.RecordBatch]:
        batches = self._batches.pop(shape)
        del self._rows[shape]
        self._count -= len(batches)
        self._buffers.clear()
        self._bytes = sum(self._new_bytes(batch) for left in self._batches.values() for batch in left)
        return batches
