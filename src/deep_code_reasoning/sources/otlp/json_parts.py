"""Pieces of a source read apart from each other, and their rows put together again under numbers of their own.

A piece is some requests with the place of each; what becomes of it counts spans, log records and resources from 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from msgspec import Raw

from deep_code_reasoning.sources.otlp.resources import Resources
from deep_code_reasoning.sources.reader import Batch, Skipped
from deep_code_reasoning.sources.stream import Line

Piece = list[Line]


class Part(NamedTuple):
    """What was read of a piece. `resources`: as written, with the offset of each, in the order of their numbers."""

    batches: list[Batch]
    skipped: list[Skipped]
    resources: list[tuple[bytes, int]]

    def rows(self, table: str) -> int:
        return sum(batch.rows.num_rows for batch in self.batches if batch.table == table)


def joined(
    part: Part, resources: Resources, take_numbers: dict[str, Callable[[int], int]]
) -> Iterator[Batch | Skipped]:
    """The rows of a part as if they had been read behind those before. `take_numbers`: by table, reserves numbers."""
    numbers = np.array([resources.producer(Raw(text), at).number for text, at in part.resources], np.int64)
    first = {
        "span_number": take_numbers["spans"](part.rows("spans")),
        "log_number": take_numbers["logs"](part.rows("logs")),
    }
    for table, rows in part.batches:
        for name, start in first.items():
            if name in rows.schema.names:
                rows = _with(rows, name, _column(rows, name) + start)
        if "resource_number" in rows.schema.names:
            rows = _with(rows, "resource_number", numbers[_column(rows, "resource_number")])
        yield Batch(table, rows)
    yield from part.skipped


def _column(rows: pa.RecordBatch, name: str) -> np.ndarray:
    return rows.column(name).to_numpy(zero_copy_only=False)


def _with(rows: pa.RecordBatch, name: str, values: np.ndarray) -> pa.RecordBatch:
    return rows.set_column(rows.schema.get_field_index(name), rows.schema.field(name), pa.array(values))
