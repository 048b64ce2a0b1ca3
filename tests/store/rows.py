"""Test evidence as plain rows: `tables_of(tmp_path, spans=[...], logs=[...])` gives real Tables over real files.

Any column may be left out. Required ones then get a default: numbers count up, ids are made from the row number,
kind is internal, status unset, times and durations 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from deep_code_reasoning.settings import Settings
from deep_code_reasoning.store.catalogue import TableDescription, described_tables
from deep_code_reasoning.store.derivation import derive
from deep_code_reasoning.store.investigation_folder import InvestigationFolder
from deep_code_reasoning.store.manifest import Manifest
from deep_code_reasoning.store.tables import Tables
from deep_code_reasoning.store.writer import SegmentWriter

Rows = Sequence[Mapping[str, Any]]
_PAIRS = pa.list_(pa.struct([("key", pa.string()), ("value", pa.string())]))
_TYPES = {
    "BIGINT": pa.int64(), "INTEGER": pa.int32(), "UBIGINT": pa.uint64(), "DOUBLE": pa.float64(), "BOOLEAN": pa.bool_(),
    "VARCHAR": pa.string(), "VARCHAR[]": pa.list_(pa.string()), "DOUBLE[]": pa.list_(pa.float64()),
    "UBIGINT[]": pa.list_(pa.uint64()), "STRUCT(key VARCHAR, value VARCHAR)[]": _PAIRS,
}  # fmt: skip
_DEFAULTS = {"kind": "internal", "status_code": "unset"}


def tables_of(path: Path, settings: Settings | None = None, **tables: Rows) -> Tables:
    settings = settings or Settings(memory_limit="512MiB")
    return Tables.open(folder_with(path / "investigation", settings, **tables), settings)


def folder_with(path: Path, settings: Settings, **tables: Rows) -> InvestigationFolder:
    """An investigation at `path` with one segment that holds the rows; `unread` rows belong to its only source, 0."""
    folder = InvestigationFolder(path)
    path.mkdir(parents=True, exist_ok=True)
    manifest = Manifest(folder.name, segments=["segment-0001.duckdb"])
    record = manifest.new_record(str(path / "evidence"), "evidence", 0, 0, "rows")
    for row in tables.pop("unread", ()):
        record.add_unread(row["place"], row["reason"], row.get("count", 1))
    manifest.replace(record)
    with SegmentWriter(path / "segment-0001.duckdb", settings) as writer:
        for name, rows in tables.items():
            writer.insert(name, batch_of(name, rows), source=0)
        writer.finish()
    derive(folder, manifest, settings)
    folder.publish(manifest)
    return folder


def batch_of(table: str, rows: Rows) -> pa.RecordBatch:
    description = next(t for t in described_tables() if t.name == table)
    used = {name for row in rows for name in row}
    if unknown := used - {c.name for c in description.columns}:
        raise ValueError(f"{table} has no column {sorted(unknown)}")
    columns = [c for c in description.columns if c.required or c.name in used]
    fields = [pa.field(c.name, _TYPES[c.type]) for c in columns]
    complete = [
        {c.name: row.get(c.name, _default(description, c.name, n)) for c in columns} for n, row in enumerate(rows)
    ]
    return pa.RecordBatch.from_pylist([_with_pairs(row) for row in complete], pa.schema(fields))


def _default(table: TableDescription, column: str, number: int) -> Any:
    kind = next(c for c in table.columns if c.name == column)
    if not kind.required:
        return None
    if column in _DEFAULTS:
        return _DEFAULTS[column]
    if column == f"{table.name.removesuffix('s')}_number":
        return number
    if column == "trace_id":
        return f"{1:032x}"
    if column == "span_id":
        return f"{number + 1:016x}"
    return "" if kind.type == "VARCHAR" else 0


def _with_pairs(row: dict[str, Any]) -> dict[str, Any]:
    """Attributes may be written as a plain dictionary."""
    if isinstance(row.get("attributes"), dict):
        return {**row, "attributes": [{"key": k, "value": v} for k, v in row["attributes"].items()]}
    return row
