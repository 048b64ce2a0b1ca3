"""What readers emit fits the tables of the store: names, types, and every column that must not be empty."""

from pathlib import Path

import duckdb
import pytest

import deep_code_reasoning
from deep_code_reasoning.sources.arrow_tables import SCHEMAS, Rows, columns
from deep_code_reasoning.sources.semantic_conventions import promoted

SCHEMA_FILES = sorted((Path(deep_code_reasoning.__file__).parent / "store" / "schema").glob("*.sql"))
FILLED_IN_BY_INGEST = {"source", "template_id"}


@pytest.fixture(scope="module")
def store() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for file in SCHEMA_FILES:
        connection.execute(file.read_text("utf-8"))
    return connection


def described(store: duckdb.DuckDBPyConnection, table: str) -> dict[str, tuple[str, bool]]:
    rows = store.execute(f"DESCRIBE {table}").fetchall()
    return {name: (kind, nullable == "YES") for name, kind, nullable, *_ in rows}


@pytest.mark.parametrize("table", SCHEMAS)
def test_columns_and_types_are_those_of_the_table(store: duckdb.DuckDBPyConnection, table: str) -> None:
    declared = described(store, table)
    empty = SCHEMAS[table].empty_table()  # noqa: F841 - DuckDB finds it by its name
    emitted = {name: kind for name, kind, *_ in store.execute("DESCRIBE SELECT * FROM empty").fetchall()}
    assert set(emitted) <= set(declared)
    assert emitted == {name: declared[name][0] for name in emitted}


@pytest.mark.parametrize("table", SCHEMAS)
def test_every_required_column_is_emitted(store: duckdb.DuckDBPyConnection, table: str) -> None:
    required = {name for name, (_, nullable) in described(store, table).items() if not nullable}
    assert required - FILLED_IN_BY_INGEST <= set(SCHEMAS[table].names)


@pytest.mark.parametrize("table", ["resources", "spans", "events", "logs"])
def test_promoted_columns_exist_and_no_attribute_has_two_columns(table: str) -> None:
    names = [name for group in promoted(table).values() for name in group]
    assert set(promoted(table)) <= set(SCHEMAS[table].names)
    assert len(names) == len(set(names))


@pytest.mark.parametrize("table", SCHEMAS)
def test_a_buffer_without_rows_gives_an_empty_batch_of_the_schema(table: str) -> None:
    batch = Rows(table).take()
    assert batch.rows.num_rows == 0
    assert batch.rows.schema == SCHEMAS[table]
    assert columns(table) == [name for name in SCHEMAS[table].names if name != "attributes"]
