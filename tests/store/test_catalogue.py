"""The comments of the schema are the documentation: they must parse, and say what DuckDB then has."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from deep_code_reasoning.store.catalogue import (
    DERIVED_FOLDER,
    SCHEMA_FOLDER,
    TableDescription,
    described_tables,
    described_views,
    parse,
)

FILES = [*SCHEMA_FOLDER.glob("*.sql"), *DERIVED_FOLDER.glob("*.sql")]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_column_that_duckdb_sees_is_described(file: Path) -> None:
    with duckdb.connect(":memory:") as connection:
        connection.execute(file.read_text("utf-8"))
        seen = connection.execute(
            "SELECT table_name, column_name, data_type, NOT is_nullable FROM duckdb_columns()"
            " WHERE NOT internal ORDER BY table_oid, column_index"
        ).fetchall()
    described = [
        (table.name, column.name, column.type.replace('"', ""), column.required)
        for table in parse(file.read_text("utf-8"), derived=False)
        for column in table.columns
    ]
    assert described == [(table, column, kind.replace('"', ""), required) for table, column, kind, required in seen]


@pytest.mark.parametrize("table", [*described_tables(), *described_views()], ids=lambda table: table.name)
def test_every_table_says_what_it_means(table: TableDescription) -> None:
    assert len(table.meaning) > 10
    assert table.columns


def test_names_are_used_once() -> None:
    names = [table.name for table in (*described_tables(), *described_views())]
    assert len(names) == len(set(names))


def test_the_meaning_of_a_column_is_its_comment() -> None:
    columns = {column.name: column for column in next(t for t in described_tables() if t.name == "spans").columns}
    assert columns["duration_nano"].meaning == "end minus start; 0 where the end is missing"
    assert columns["duration_nano"].type == "BIGINT"
    assert columns["attributes"].type == "STRUCT(key VARCHAR, value VARCHAR)[]"
    assert columns["parent_span_id"].required is False


@pytest.mark.parametrize("text", ["CREATE VIEW x AS SELECT 1", "CREATE TABLE x (\n    ,,\n);", "DROP TABLE x"])
def test_what_is_no_schema_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="schema line"):
        parse(text, derived=False)
