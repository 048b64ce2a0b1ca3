"""Puts the files of an investigation behind the plain table names of the schema, on one connection."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.store import row_files
from deep_code_reasoning.store.catalogue import described_tables
from deep_code_reasoning.store.log_templates import show_templates

if TYPE_CHECKING:
    from deep_code_reasoning.store.catalogue import TableDescription
    from deep_code_reasoning.store.engine import Engine
    from deep_code_reasoning.store.manifest import Manifest

FINDINGS = "findings.duckdb"
OF_ONE_SPAN = ("spans", "events", "links")


def attach_segments(engine: Engine, folder: Path, manifest: Manifest) -> None:
    """The tables that readers fill, as the union of all segments; spans sent twice still show twice."""
    parts: list[tuple[str, str]] = []
    beside: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for file in manifest.segments:
        name = Path(file).stem.replace("-", "_")
        engine.attach(folder / file, name)
        hidden = ", ".join(map(str, manifest.withdrawn.get(file, ())))
        condition = f" WHERE source NOT IN ({hidden})" if hidden else ""
        parts.append((name, condition))
        for table, rows in row_files.shown(engine, folder / file, name).items():
            beside[table].append((rows, condition))
    for table in described_tables():
        if not table.derived:
            _show(engine, table, parts, beside[table.name])


def attach_derived(engine: Engine, folder: Path, manifest: Manifest) -> None:
    """What was computed from all segments together, and the findings of the last diagnosis."""
    if manifest.derived:
        engine.attach(folder / manifest.derived, "derived")
    has_findings = (folder / FINDINGS).exists()
    if has_findings:
        engine.attach(folder / FINDINGS, "diagnosed")
    for table in described_tables():
        if table.name == "findings":
            _show(engine, table, [("diagnosed", "")] * has_findings)
        elif table.derived:
            _show(engine, table, [("derived", "")] * bool(manifest.derived))
    if manifest.derived:
        show_templates(engine.connection)
    if manifest.repeated_spans:
        hide_repeated_spans(engine)


def hide_repeated_spans(engine: Engine) -> None:
    """Spans, events and links leave out what `repeated_spans` lists."""
    for name in OF_ONE_SPAN:
        engine.connection.execute(f"ALTER VIEW {name} RENAME TO {name}_as_sent")
        engine.connection.execute(
            f"CREATE VIEW {name} AS SELECT * FROM {name}_as_sent"
            " WHERE span_number NOT IN (SELECT span_number FROM repeated_spans)"
        )


def _show(
    engine: Engine, table: TableDescription, parts: list[tuple[str, str]], beside: Sequence[tuple[str, str]] = ()
) -> None:
    """`parts`: an attached file and the condition on its rows; `beside`: other rows and theirs.

    Without any the table is there and empty.
    """
    rows = [*((f"{file}.{table.name}", condition) for file, condition in parts), *beside]
    union = " UNION ALL ".join(f"SELECT * FROM {place}{condition}" for place, condition in rows)
    engine.connection.execute(f"CREATE VIEW {table.name} AS {union}" if union else table.sql)
