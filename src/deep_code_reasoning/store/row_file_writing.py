"""Writes row files (row_files): row groups of one table, two at once, counted before they get their name."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from deep_code_reasoning.errors import StoreError
from deep_code_reasoning.kernels.columns import are_checked
from deep_code_reasoning.store.engine import ROW_GROUP
from deep_code_reasoning.store.own_memory import OwnMemory
from deep_code_reasoning.store.placement import holds
from deep_code_reasoning.store.row_file_forms import Form, form_of
from deep_code_reasoning.store.row_files import LISTED

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetWriter

    from deep_code_reasoning.store.catalogue import TableDescription


_PAGE_BYTES = 128 << 10  # and rows encoded at once: both stay in the processor's cache until they are compressed
_ROWS_AT_ONCE = 8_192


@cache
def _encodings() -> dict[str, list[str]]:
    return tomllib.loads(Path(__file__).with_name("row_file_encodings.toml").read_text("utf-8"))


@dataclass
class _File:
    path: Path  # without `.tmp`, which it ends with while it is written
    form: Form
    writer: ParquetWriter
    rows: int = 0


@dataclass
class RowFiles:
    """The row files of one table. `write` may be called by several threads: each then has a file of its own."""

    segment: Path
    table: TableDescription
    schema: pa.Schema
    memory: OwnMemory
    _files: list[_File] = field(default_factory=list)
    _idle: list[_File] = field(default_factory=list)
    _choosing: Lock = field(default_factory=Lock)

    @classmethod
    def of(
        cls,
        segment: Path,
        table: TableDescription,
        connection: duckdb.DuckDBPyConnection,
        memory: OwnMemory | None = None,
    ) -> RowFiles:
        """`connection` tells the types: those of the file become the table's. `memory` is shared by some tables."""
        columns = ", ".join(f'CAST(NULL AS {column.type}) AS "{column.name}"' for column in table.columns)
        found = connection.sql(f"SELECT {columns} LIMIT 0").to_arrow_table().schema
        required = {column.name for column in table.columns if column.required}
        fields = [_kept(kind.with_nullable(kind.name not in required)) for kind in found]
        return cls(segment, table, pa.schema(fields), memory or OwnMemory())

    @property
    def are_begun(self) -> bool:
        return bool(self._files)

    def fitted(self, batch: pa.RecordBatch) -> pa.RecordBatch | None:
        """The rows in the file's types and memory of their own, in columns that hold anything; None for misfits."""
        try:
            return self._fitted(batch)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
            return None

    def _fitted(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        there = set(batch.schema.names)
        kinds = [kind for kind in self.schema if kind.name in there and holds(batch.column(kind.name))]
        if lacking := {kind.name for kind in self.schema if not kind.nullable} - {kind.name for kind in kinds}:
            raise pa.ArrowInvalid(f"{', '.join(sorted(lacking))}: required")
        columns = self.memory.fitted(
            [(batch.column(kind.name), kind.type) for kind in kinds], are_checked=are_checked(batch)
        )
        for kind, column in zip(kinds, columns, strict=True):
            if _lacks(kind, column):
                raise pa.ArrowInvalid(f"{kind.name} is required")
        return pa.RecordBatch.from_arrays(columns, schema=pa.schema(kinds))

    def together(self, batches: Sequence[pa.RecordBatch]) -> pa.Table:
        """Batches as `fitted` gives them, in the columns that any of them has."""
        there = {name for batch in batches for name in batch.schema.names}
        kinds = pa.schema([kind for kind in self.schema if kind.name in there])
        return pa.Table.from_batches([_in_columns(batch, kinds) for batch in batches]).unify_dictionaries()

    def write(self, rows: pa.Table) -> None:
        """Rows as `together` gives them. Raises OSError."""
        form = form_of(rows)
        with self._choosing:
            fitting = (place for place, file in enumerate(self._idle) if file.form.takes(form))
            place = next(fitting, None)
            if place is not None:
                file = self._idle.pop(place)
            else:  # where one file could not take them, the next takes whatever comes
                file = self._opened(form.loose if self._idle else form)
        file.writer.write_table(_in_columns(rows, self._kinds(file.form)), row_group_size=ROW_GROUP)
        file.rows += rows.num_rows
        self._idle.append(file)

    def _kinds(self, form: Form) -> pa.Schema:
        """The columns that a file of this form holds."""
        kinds = [kind for kind in self.schema if kind.name in form.written]
        return pa.schema([kind.with_nullable(kind.nullable and kind.name not in form.whole) for kind in kinds])

    def _opened(self, form: Form) -> _File:
        from pyarrow.parquet import ParquetWriter

        path = self.segment.with_name(f"{self.segment.stem}.{self.table.name}-{len(self._files)}.parquet")
        kinds = self._kinds(form)
        leaves = {leaf for kind in kinds for leaf in _leaves(kind)}
        encodings = _encodings()
        writer = ParquetWriter(
            _temporary(path),
            kinds,
            compression={leaf: "lz4" if leaf in encodings["compressed"] else "none" for leaf in leaves},
            use_dictionary=[leaf for leaf in encodings["dictionaries"] if leaf in leaves],
            column_encoding={leaf: "DELTA_BINARY_PACKED" for leaf in encodings["growing"] if leaf in leaves},
            write_statistics=[leaf for leaf in encodings["statistics"] if leaf in leaves],
            data_page_size=_PAGE_BYTES,
            write_batch_size=_ROWS_AT_ONCE,
            store_schema=False,
        )
        file = _File(path, form, writer)
        self._files.append(file)
        return file

    def finish(self, connection: duckdb.DuckDBPyConnection) -> None:
        """The files are complete, and listed in the database of `connection`. Raises StoreError where rows are lost."""
        from pyarrow.parquet import read_metadata

        for file in self._files:
            file.writer.close()
            found = read_metadata(_temporary(file.path)).num_rows
            if found != file.rows:
                raise StoreError(f"{file.path.name}: {file.rows:,} rows were written and {found:,} are there")
            _temporary(file.path).replace(file.path)
            same = dict(sorted(file.form.same.items()))
            values = [self.table.name, file.path.name, file.rows, sorted(file.form.written), [*same], [*same.values()]]
            connection.execute(f"INSERT INTO {LISTED} VALUES (?, ?, ?, ?, map(?::VARCHAR[], ?::VARCHAR[]))", values)
        self._files.clear()

    def abandon(self) -> None:
        for file in self._files:
            with suppress(OSError, pa.ArrowException):  # a full disk is why it is abandoned
                file.writer.close()
            _temporary(file.path).unlink(missing_ok=True)
            file.path.unlink(missing_ok=True)
        self._files.clear()


def _in_columns(rows: pa.RecordBatch | pa.Table, kinds: pa.Schema) -> pa.RecordBatch | pa.Table:
    """With NULL in the columns that `rows` does not have."""
    there = set(rows.schema.names)
    columns = [rows.column(kind.name) if kind.name in there else pa.nulls(rows.num_rows, kind.type) for kind in kinds]
    return type(rows).from_arrays(columns, schema=kinds)


def _kept(kind: pa.Field, path: str = "") -> pa.Field:
    """The field as files have it: few different texts as a dictionary, and no NULL where none is meant."""
    path += kind.name
    encodings = _encodings()
    if path in encodings["required"]:
        kind = kind.with_nullable(False)
    if pa.types.is_list(kind.type):
        return kind.with_type(pa.list_(_kept(kind.type.value_field.with_name("element"), f"{path}.list.")))
    if pa.types.is_struct(kind.type):
        return kind.with_type(pa.struct([_kept(part, f"{path}.") for part in kind.type]))
    if pa.types.is_string(kind.type) and path in encodings["dictionaries"]:
        return kind.with_type(pa.dictionary(pa.int32(), kind.type))
    return kind


def _lacks(kind: pa.Field, column: pa.Array) -> bool:
    """Whether it is NULL, or holds NULL, where the field may not."""
    if column.null_count and not kind.nullable:
        return True
    if pa.types.is_list(kind.type):
        return _lacks(kind.type.value_field, column.flatten())
    if pa.types.is_struct(kind.type):
        return any(_lacks(part, column.field(part.name)) for part in kind.type)
    return False


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
