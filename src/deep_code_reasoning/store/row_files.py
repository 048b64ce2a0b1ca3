"""Tables of thousands of rows: Parquet files beside the segment that they belong to, or beside what is derived.

A row group takes a third to a sixth of the time that DuckDB takes to compress it, and about the room; what stays small
goes into the segment's own tables. Why: docs/decisions/0009-row-files.md.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import duckdb

    from deep_code_reasoning.store.engine import Engine

LEAST_ROWS = 8_192  # of a table for which files are made; the segment answers the quicker the fewer files there are
LISTED = "row_files"  # the table of a segment, or of what is derived, that lists its row files


class Shown(NamedTuple):
    """Rows beside a file: the SQL they are read by, the columns they have, and the text of what is the same in all."""

    sql: str
    columns: set[str]
    same: dict[str, str]


def create_list(connection: duckdb.DuckDBPyConnection) -> None:
    """In the file that `connection` uses."""
    connection.execute(
        f"CREATE TABLE {LISTED} (table_name VARCHAR NOT NULL, file VARCHAR NOT NULL, rows BIGINT NOT NULL,"
        " columns VARCHAR[] NOT NULL, same MAP(VARCHAR, VARCHAR) NOT NULL)"
    )


def shown(engine: Engine, beside: Path, name: str) -> dict[str, list[Shown]]:
    """By table: the rows beside the file that is attached as `name`, whose row files `engine` keeps."""
    from deep_code_reasoning.store.engine import quoted

    found = engine.connection.execute(
        f"SELECT table_name, columns, same, list(file ORDER BY file) FROM {name}.{LISTED}"
        " GROUP BY table_name, columns, same ORDER BY table_name, min(file)"
    ).fetchall()
    rows: defaultdict[str, list[Shown]] = defaultdict(list)
    for table, columns, same, files in found:
        kept = ", ".join(quoted(str(engine.keep(beside.with_name(file)))) for file in files)
        rows[table].append(Shown(f"read_parquet([{kept}])", set(columns), same))
    return rows
