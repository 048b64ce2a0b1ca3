"""The SQL of this package reads on DuckDB's side as on ClickHouse's."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlglot

from deep_code_reasoning import experiments

FILES = sorted(Path(experiments.__file__).parent.glob("*.sql"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_it_can_be_carried_over(file: Path) -> None:
    for statement in sqlglot.parse(file.read_text(encoding="utf-8"), read="duckdb"):
        assert statement
        written = statement.sql("clickhouse", unsupported_level=sqlglot.ErrorLevel.RAISE)
        assert sqlglot.parse_one(written, read="clickhouse")
