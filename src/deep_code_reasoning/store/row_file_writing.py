"""Writes row files (row_files): whole row groups of one table, two at once, counted before they get their name."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pyarrow as pa

from deep_code_reasoning.errors import StoreError
from deep_code_reasoning.store.engine import ROW_GROUP
from deep_code_reasoning.store.row_files import LISTED

if TYPE_CHECKING:
    import pyarrow.parquet

    from deep_code_reasoning.store.catalogue import TableDescription

# What pays for each column was measured, docs/decisions/0009-row-files.md. Text that repeats in part is compressed; few
# texts, or few numbers in no order, are a dictionary; numbers that grow are written as differences. Readers skip row
# groups by the statistics.
_COMPRESSED = ("body", "exception_stacktrace", "attributes.list.element.value")
_DICTIONARIES = (
    *("severity_number", "severity_text", "event_name", "service_name", "host", "resource_number", "scope_name"),
    *("exception_type", "attributes.list.element.key", "template_id", "source"),
)
_GROWING = ("log_number", "time_unix_nano", "observed_time_unix_nano", "source_offset")
_WITH_STATISTICS = (*_GROWING, "severity_number", "template_id", "source")


@dataclass
class _File:
    path: Path  # without `.tmp`, which it ends with while it is written
    writer: pyarrow.parquet.ParquetWriter
    rows: int = 0


@dataclass
class RowFiles:
    """The row files of one table. `write` may be called by several threads: each then has a file of its own."""

    segment: Path
    table: TableDescription
    schema: pa.Schema
    _files: list[_File] = field(default_factory=list)
    _idle: list[_File] = field(default_factory=list)
    _choosing: Lock = field(default_factory=Lock)

    @classmethod
    def of(cls, segment: Path, table: TableDescription, connection: duckdb.DuckDBPyConnection) -> RowFiles:
        """`connection` tells the types: those of the file become the table's."""
        columns = ", ".join(f'CAST(NULL AS {column.type}) AS "{column.name}"' for column in table.columns)
        found = connection.sql(f"SELECT {columns} LIMIT 0").to_arrow_table().schema
        required = {column.name for column in table.columns if column.required}
        fields = [pa.field(kind.name, kind.type, kind.name not in required) for kind in found]
        for place, kind in enumerate(fields):
            if pa.types.is_string(kind.type) and kind.name in _DICTIONARIES:
                fields[place] = kind.with_type(pa.dictionary(pa.int32(), kind.type))
        return cls(segment, table, pa.schema(fields))

    def fitted(self, batches: list[pa.RecordBatch]) -> pa.Table | None:
        """Those rows in the file's types; None where they are too few for a group, or do not fit."""
        if sum(batch.num_rows for batch in batches) < ROW_GROUP:
            return None
        try:
            return pa.Table.from_batches([self._fitted(batch) for batch in batches]).unify_dictionaries()
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
            return None

    def _fitted(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        columns = []
        for kind in self.schema:
            if kind.name in batch.schema.names:
                column = as_type(batch.column(kind.name), kind.type)
            else:
                column = pa.nulls(batch.num_rows, kind.type)
            column.validate(full=True)  # a text that is no UTF-8 would fail the queries
            if column.null_count and not kind.nullable:
                raise pa.ArrowInvalid(f"{kind.name} is required")
            columns.append(column)
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def write(self, rows: pa.Table) -> None:
        """Rows as `fitted` gives them. Raises OSError."""
        with self._choosing:
            file = self._idle.pop() if self._idle else self._opened()
        file.writer.write_table(rows.select(self.schema.names), row_group_size=ROW_GROUP)
        file.rows += rows.num_rows
        self._idle.append(file)

    def _opened(self) -> _File:
        import pyarrow.parquet

        path = self.segment.with_name(f"{self.segment.stem}.{self.table.name}-{len(self._files)}.parquet")
        leaves = [leaf for kind in self.schema for leaf in _leaves(kind)]
        writer = pyarrow.parquet.ParquetWriter(
            _temporary(path),
            self.schema,
            compression={leaf: "lz4" if leaf in _COMPRESSED else "none" for leaf in leaves},
            use_dictionary=[leaf for leaf in leaves if leaf in _DICTIONARIES],
            column_encoding={leaf: "DELTA_BINARY_PACKED" for leaf in leaves if leaf in _GROWING},
            write_statistics=[leaf for leaf in leaves if leaf in _WITH_STATISTICS],
            store_schema=False,
        )
        file = _File(path, writer)
        self._files.append(file)
        return file

    def finish(self, connection: duckdb.DuckDBPyConnection) -> None:
        """The files are complete, and listed in the database of `connection`. Raises StoreError where rows are lost."""
        import pyarrow.parquet

        for file in self._files:
            file.writer.close()
            found = pyarrow.parquet.read_metadata(_temporary(file.path)).num_rows
            if found != file.rows:
                raise StoreError(f"{file.path.name}: {file.rows:,} rows were written and {found:,} are there")
            _temporary(file.path).replace(file.path)
            values = [self.table.name, file.path.name, file.rows]
            connection.execute(f"INSERT INTO {LISTED} VALUES (?, ?, ?)", values)
        self._files.clear()

    def abandon(self) -> None:
        for file in self._files:
            with suppress(OSError, pa.ArrowException):  # a full disk is why it is abandoned
                file.writer.close()
            _temporary(file.path).unlink(missing_ok=True)
            file.path.unlink(missing_ok=True)
        self._files.clear()


def as_type(array: pa.Array, kind: pa.DataType) -> pa.Array:
    """As Arrow's cast, which knows no views within lists. Raises pa.ArrowInvalid and the like."""
    if array.type == kind:
        return array
    if pa.types.is_list(kind) and pa.types.is_list(array.type):
        offsets = array.offsets
        values = array.values.slice(offsets[0].as_py(), offsets[-1].as_py() - offsets[0].as_py())
        mask = array.is_null() if array.null_count else None
        begin = pa.array(np.asarray(offsets) - offsets[0].as_py())
        return pa.ListArray.from_arrays(begin, as_type(values, kind.value_type), kind, mask=mask)
    if pa.types.is_struct(kind) and pa.types.is_struct(array.type):
        parts = [as_type(array.field(part.name), part.type) for part in kind]
        return pa.StructArray.from_arrays(parts, fields=list(kind))
    if pa.types.is_dictionary(kind) and not pa.types.is_dictionary(array.type):
        return array.cast(kind.value_type).dictionary_encode()
    return array.cast(kind)


def _leaves(kind: pa.Field, path: str = "") -> list[str]:
    """What Parquet calls the columns of a field."""
    path += kind.name
    if pa.types.is_list(kind.type):
        return _leaves(kind.type.value_field.with_name("element"), f"{path}.list.")
    if pa.types.is_struct(kind.type):
        return [leaf for part in kind.type for leaf in _leaves(part, f"{path}.")]
    return [path]


def _temporary(path: Path) -> Path:
    return path.with_name(path.name + ".tmp")
