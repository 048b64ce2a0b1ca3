"""Whole row groups of the tables that come in millions of rows: Parquet files beside the segment that they belong to.

A group takes a third to a sixth of the time that DuckDB takes to compress it, and about the room; what is left of one
goes into the segment's own table, as all small evidence does. Why: docs/decisions/0009-row-files.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

    from deep_code_reasoning.store.engine import Engine

TABLES = ("logs",)
LISTED = "row_files"  # the table of a segment that lists its row files


def create_list(connection: duckdb.DuckDBPyConnection) -> None:
    """In the segment that `connection` uses."""
    connection.execute(
        f"CREATE TABLE {LISTED} (table_name VARCHAR NOT NULL, file VARCHAR NOT NULL, rows BIGINT NOT NULL)"
    )


def shown(engine: Engine, segment: Path, name: str) -> dict[str, str]:
    """By table: SQL for the rows beside the segment that is attached as `name`, whose files `engine` keeps."""
    from deep_code_reasoning.store.engine import quoted

    found = engine.connection.execute(
        f"SELECT table_name, list(file ORDER BY file) FROM {name}.{LISTED} GROUP BY table_name"
    ).fetchall()
    return {
        table: f"read_parquet([{', '.join(quoted(str(engine.keep(segment.with_name(file)))) for file in files)}])"
        for table, files in found
    }
