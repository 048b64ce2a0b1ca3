"""What a batch needs to lie in a segment: columns that its table has, numbers unique in it, its source.

Apart from the writer, so that reading can begin before the database engine is imported.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pyarrow as pa

from deep_code_reasoning.store.catalogue import described_tables

NUMBERS = ("span_number", "log_number", "resource_number")


def check(table: str, batch: pa.RecordBatch) -> None:
    """Raises ValueError for a table or column that the schema does not have."""
    known = _columns().get(table)
    if known is None:
        raise ValueError(f"no table {table!r} in the schema")
    if unknown := set(batch.schema.names) - known:
        raise ValueError(f"table {table} has no column {sorted(unknown)}")


@cache
def _columns() -> dict[str, set[str]]:
    return {table.name: {c.name for c in table.columns} for table in described_tables() if not table.derived}


def holds(column: pa.Array) -> bool:
    """Whether any of it is not NULL."""
    return column.null_count < len(column)


def placed(batch: pa.RecordBatch, source: int, shift: dict[str, int]) -> pa.RecordBatch:
    """The batch with its source, and `shift` added to its span, log and resource numbers."""
    for name in NUMBERS:
        if shift.get(name) and name in batch.schema.names:
            index = batch.schema.get_field_index(name)
            batch = batch.set_column(index, name, _shifted(batch.column(index), shift[name]))
    column = pa.repeat(pa.scalar(source, pa.int32()), batch.num_rows)
    if "source" in batch.schema.names:
        return batch.set_column(batch.schema.get_field_index("source"), "source", column)
    return batch.append_column("source", column)


def _shifted(numbers: pa.Array, by: int) -> pa.Array:
    """In numpy: `pyarrow.compute`, which can add, takes 25 ms to import."""
    validity, values = numbers.buffers()
    moved = pa.py_buffer(np.frombuffer(values, np.int64, numbers.offset + len(numbers)) + by)
    return pa.Array.from_buffers(pa.int64(), len(numbers), [validity, moved], numbers.null_count, numbers.offset)


def largest(batch: pa.RecordBatch, name: str) -> int:
    """The largest number in a column; -1 where it holds none."""
    column = batch.column(name)
    numbers = column.to_numpy(zero_copy_only=False)
    if column.null_count:  # which is NaN there, not equal to itself
        numbers = numbers[numbers == numbers]
    return int(numbers.max(initial=-1))
