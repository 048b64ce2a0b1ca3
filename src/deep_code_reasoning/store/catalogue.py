"""What the tables are and mean, read from the comments of schema/*.sql: the one description users and code share."""

from __future__ import annotations

import functools
import hashlib
import itertools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deep_code_reasoning.store.engine import Engine

SCHEMA_FOLDER = Path(__file__).with_name("schema")
LAYOUT = 6  # of the manifest and the files beside it
DERIVED_FOLDER = SCHEMA_FOLDER / "derived"
_CREATE = re.compile(r"CREATE TABLE (\w+) \(")
_COLUMN = re.compile(r'\s*"?(?P<name>\w+)"?\s+(?P<type>[^-]+?)(?P<required> NOT NULL)?,?\s*(?:--\s*(?P<meaning>.*))?')


@dataclass(frozen=True)
class ColumnDescription:
    name: str
    type: str
    meaning: str
    required: bool

    @property
    def sql(self) -> str:
        """As in CREATE TABLE."""
        return f'"{self.name}" {self.type}{" NOT NULL" if self.required else ""}'


@dataclass(frozen=True)
class TableDescription:
    """`derived` tables are computed from the others after each load. `sql` creates the table or view."""

    name: str
    meaning: str
    columns: tuple[ColumnDescription, ...]
    derived: bool
    sql: str


@functools.cache
def described_tables() -> tuple[TableDescription, ...]:
    """Every table in the order of the schema files."""
    files = [*sorted(SCHEMA_FOLDER.glob("*.sql")), *sorted(DERIVED_FOLDER.glob("*.sql"))]
    return tuple(table for file in files for table in parse(file.read_text("utf-8"), file.parent == DERIVED_FOLDER))


@functools.cache
def described(table: str) -> TableDescription:
    """The table of this name. Raises KeyError."""
    return {one.name: one for one in described_tables()}[table]


@functools.cache
def described_views() -> tuple[TableDescription, ...]:
    """Every view; a column that a table has under the same name means the same here."""
    from deep_code_reasoning.store.engine import Engine
    from deep_code_reasoning.store.views import create_views, view_files, view_name

    meanings = {column.name: column.meaning for table in described_tables() for column in table.columns}
    engine = Engine()
    try:
        for table in described_tables():
            engine.connection.execute(table.sql)
        create_views(engine)
        return tuple(
            TableDescription(
                view_name(file), _heading(text), _view_columns(engine, view_name(file), meanings), True, text
            )
            for file, text in ((file, file.read_text("utf-8")) for file in view_files())
        )
    finally:
        engine.close()


def _heading(text: str) -> str:
    lines = itertools.takewhile(lambda line: line.startswith("--"), text.splitlines())
    return " ".join(line.removeprefix("--").strip() for line in lines)


def _view_columns(engine: Engine, view: str, meanings: dict[str, str]) -> tuple[ColumnDescription, ...]:
    rows = engine.connection.execute(f"DESCRIBE {view}").fetchall()
    return tuple(ColumnDescription(row[0], row[1], meanings.get(row[0], ""), False) for row in rows)


def parse(text: str, derived: bool) -> list[TableDescription]:
    """Reads `CREATE TABLE` statements with one column a line. Raises ValueError at a line that fits neither."""
    tables: list[TableDescription] = []
    meaning: list[str] = []
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith("--"):
            meaning.append(line.removeprefix("--").strip())
        elif opening := _CREATE.match(line):
            body = []
            for row in lines:
                if row == ");":
                    break
                body.append(row)
            columns = _columns(body)
            sql = "\n".join([line, *body, ")"])
            tables.append(TableDescription(opening[1], " ".join(meaning), columns, derived, sql))
            meaning = []
        elif line.strip():
            raise ValueError(f"schema line is neither a comment nor a table: {line!r}")
    return tables


def _columns(lines: list[str]) -> tuple[ColumnDescription, ...]:
    columns = []
    for line in lines:
        found = _COLUMN.fullmatch(line)
        if not found:
            raise ValueError(f"schema line is not a column: {line!r}")
        columns.append(ColumnDescription(found["name"], found["type"], found["meaning"] or "", bool(found["required"])))
    return tuple(columns)


@functools.cache
def schema_fingerprint() -> str:
    """Changes when a table, a column, a type or the files' layout does; what another one wrote is not read."""
    shape = [("layout", LAYOUT)], [(t.name, [(c.name, c.type) for c in t.columns]) for t in described_tables()]
    return hashlib.sha256(repr(shape).encode()).hexdigest()[:16]
