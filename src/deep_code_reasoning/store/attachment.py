"""Puts the files of an investigation behind the plain table names of the schema, on one connection."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from deep_code_reasoning.store import row_files
from deep_code_reasoning.store.catalogue import described, described_tables
from deep_code_reasoning.store.engine import quoted
from deep_code_reasoning.store.log_templates import show_templates

if TYPE_CHECKING:
    from deep_code_reasoning.store.catalogue import TableDescription
    from deep_code_reasoning.store.engine import Engine
    from deep_code_reasoning.store.manifest import Manifest

FINDINGS = "findings.duckdb"
OF_ONE_SPAN = ("spans", "events", "links")


def attach_segments(engine: Engine, folder: Path, manifest: Manifest, names: Container[str] | None = None) -> None:
    """The tables that readers fill, as the union of all segments; spans sent twice still show twice.

    `names`: of the tables that are asked for, by default all. A segment has no column, and no table, in which it holds
    nothing: there it shows NULL.
    """
    segments = []
    beside: defaultdict[str, list[str]] = defaultdict(list)  # by table, queries
    filled = (table for table in described_tables() if not table.derived)
    tables = {table.name: table for table in filled if names is None or table.name in names}
    for file in manifest.segments:
        name = Path(file).stem.replace("-", "_")
        engine.attach(folder / file, name)
        hidden = ", ".join(map(str, manifest.withdrawn.get(file, ())))
        condition = f" WHERE source NOT IN ({hidden})" if hidden else ""
        segments.append((name, condition))
        for table, found in row_files.shown(engine, folder / file, name).items():
            if table in tables:
                held = tables[table]
                beside[table] += [f"{_shown(held, rows)}{condition}" for rows in found]
    there = _columns_there(engine, {name for name, _ in segments}, tables)
    for table in tables.values():
        parts = [
            f"{_columns(table, there[name, table.name])} FROM {name}.{table.name}{condition}"
            for name, condition in segments
            if (name, table.name) in there
        ]
        parts += beside[table.name]
        _show(engine, table, parts or [f"{_columns(table, set())} WHERE FALSE"])


def _columns_there(engine: Engine, files: Container[str], tables: Container[str]) -> dict[tuple[str, str], set[str]]:
    """The columns of `tables` in `files`, by file and table. To ask for `duckdb_columns()` once takes 16 ms."""
    connection = engine.connection
    found = connection.execute("SELECT database_name, table_name FROM duckdb_tables() WHERE NOT internal").fetchall()
    return {
        (file, table): {name for name, *_ in connection.execute(f"SELECT * FROM {file}.{table} LIMIT 0").description}
        for file, table in found
        if file in files and table in tables
    }


def _columns(table: TableDescription, there: set[str], same: Mapping[str, str] = MappingProxyType({})) -> str:
    """What is neither `there` nor the `same` in all rows is NULL."""
    values = {name: quoted(text) for name, text in same.items()}
    columns = (
        f'"{c.name}"' if c.name in there else f'CAST({values.get(c.name, "NULL")} AS {c.type}) AS "{c.name}"'
        for c in table.columns
    )
    return f"SELECT {', '.join(columns)}"


def _shown(table: TableDescription, rows: row_files.Shown) -> str:
    return f"{_columns(table, rows.columns, rows.same)} FROM {rows.sql}"


def attach_derived(engine: Engine, folder: Path, manifest: Manifest) -> None:
    """What was computed from all segments together, and the findings of the last diagnosis."""
    has_findings = (folder / FINDINGS).exists()
    if has_findings:
        engine.attach(folder / FINDINGS, "diagnosed")
    parts = _derived(engine, folder / manifest.derived) if manifest.derived else {}
    parts["findings"] = ["SELECT * FROM diagnosed.findings"] * has_findings
    for table in described_tables():
        if table.derived:
            _show(engine, table, parts.get(table.name, []))
    if manifest.derived:
        show_templates(engine.connection)
    if manifest.repeated_spans:
        hide_repeated_spans(engine)


def _derived(engine: Engine, file: Path) -> dict[str, list[str]]:
    """By table, queries that together give its rows."""
    engine.attach(file, "derived")
    found = engine.connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = 'derived'"
    ).fetchall()
    parts = {table: [f"SELECT * FROM derived.{table}"] for (table,) in found}
    for table, beside in row_files.shown(engine, file, "derived").items():
        parts[table] = [_shown(described(table), rows) for rows in beside]
    return parts


def hide_repeated_spans(engine: Engine) -> None:
    """Spans, events and links leave out what `repeated_spans` lists."""
    for name in OF_ONE_SPAN:
        engine.connection.execute(f"ALTER VIEW {name} RENAME TO {name}_as_sent")
        engine.connection.execute(
            f"CREATE VIEW {name} AS SELECT * FROM {name}_as_sent"
            " WHERE span_number NOT IN (SELECT span_number FROM repeated_spans)"
        )


def _show(engine: Engine, table: TableDescription, parts: list[str]) -> None:
    """`parts`: queries; without any the table is there and empty."""
    union = " UNION ALL ".join(parts)
    engine.connection.execute(f"CREATE VIEW {table.name} AS {union}" if union else table.sql)
