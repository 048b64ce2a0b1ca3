"""How a table of metrics is laid out: its delimiter, its header, and what each column is (table_columns.toml)."""

from __future__ import annotations

import csv
import math
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from deep_code_reasoning.sources.instants import any_nanos
from deep_code_reasoning.sources.metrics.producers import known_labels, normalised

Role = Literal["time", "name", "value", "label", "unit", "min", "max", "count", "sum", "unused"]

DELIMITERS = ",;\t|"
NO_NUMBER = frozenset({"", "nan", "null", "none", "na", "n/a", "-", "nil", "undefined"})

_ROWS = 200
_MAX_LINE = 1 << 16
_TEXT_BLANKS = 4
_PREAMBLE = re.compile(r"\s*|sep=.|#.*")
_STATISTICS: tuple[Role, ...] = ("min", "max", "count", "sum")


@dataclass(frozen=True)
class Layout:
    """`header_line` counts from 1; `roles` one a column. Without a name column each value column is a metric."""

    delimiter: str
    header_line: int
    columns: tuple[str, ...]
    roles: tuple[Role, ...]
    has_rows: bool

    def places(self, *roles: Role) -> list[int]:
        return [place for place, role in enumerate(self.roles) if role in roles]

    @property
    def is_long(self) -> bool:
        return "name" in self.roles

    @property
    def repeated(self) -> bool:
        """Whether the header has a name twice; the first of them is used."""
        names = [name for name in self.columns if name]
        return len(names) != len(set(names))


@cache
def column_names() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("table_columns.toml").read_text(encoding="utf-8"))


def layout_of(head: bytes, *, complete: bool) -> Layout | None:
    """The layout of the table that begins with `head`; None where that is no table of metrics."""
    lines = head.decode("utf-8", "replace").split("\n")
    if not complete and len(lines) > 1:
        lines.pop()
    lines = [line.rstrip("\r") for line in lines[: _ROWS + 20]]
    first = next((number for number, line in enumerate(lines) if not _is_preamble(line)), None)
    if first is None or len(lines[first]) > _MAX_LINE:
        return None
    best: Layout | None = None
    for delimiter in DELIMITERS:
        columns = _cells(lines[first], delimiter)
        if len(columns) < 2 or (best and len(columns) <= len(best.columns)):
            continue
        rows = [_cells(line, delimiter) for line in lines[first + 1 :] if line.strip()]
        even = [row for row in rows if len(row) == len(columns)]
        if len(even) * 10 < len(rows) * 8:
            continue
        roles = _roles(columns, even, delimiter)
        if roles:
            best = Layout(delimiter, first + 1, tuple(columns), tuple(roles), bool(even))
    return best


def _is_preamble(line: str) -> bool:
    return _PREAMBLE.fullmatch(line) is not None and not any(name in line.lower() for name in ("time", "date"))


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []


def _roles(columns: list[str], rows: list[list[str]], delimiter: str) -> list[Role] | None:
    names = [normalised(column.lstrip("#")) for column in columns]
    if any(_is_number(column, delimiter) or any_nanos(column) for column in columns if column):
        return None
    contents = [[row[place] for row in rows if row[place].lower() not in NO_NUMBER] for place in range(len(columns))]
    texts = {
        place
        for place, cells in enumerate(contents)
        if cells and not _mostly(_is_number(cell, delimiter) for cell in cells)
    }
    told = column_names()
    if any(name in told["other"] for name in names) or any(_is_free_text(contents[place]) for place in texts):
        return None
    time = _time_column(names, contents, delimiter)
    if time is None:
        return None
    roles: list[Role] = ["label" if place in texts else "value" for place in range(len(columns))]
    for place, name in enumerate(names):
        if not name or columns[place] in columns[:place]:
            roles[place] = "unused"
        elif name in told["unit"]:
            roles[place] = "unit"
        elif name in told["labels"] or name in known_labels():
            roles[place] = "label"
    roles[time] = "time"
    _long_form(roles, names, texts, has_rows=bool(rows))
    return roles if "value" in roles else None


def _long_form(roles: list[Role], names: list[str], texts: set[int], *, has_rows: bool) -> None:
    """A column of names and one of values make the other numbers labels, or statistics of the point."""
    told = column_names()
    named = [p for n in told["name"] for p, name in enumerate(names) if name == n and (p in texts or not has_rows)]
    name = next((place for place in named if roles[place] in ("label", "value")), None)
    if name is None:
        return
    values = [place for place, role in enumerate(roles) if role == "value" and place != name]
    value = next((p for n in told["value"] for p in values if names[p] == n), values[0] if len(values) == 1 else None)
    if value is None:
        return
    for place in values:
        statistic = next((role for role in _STATISTICS if role == names[place]), None)
        roles[place] = statistic or "label"
    roles[name], roles[value] = "name", "value"


def _time_column(names: list[str], contents: list[list[str]], delimiter: str) -> int | None:
    """By name and content; where no name tells, by content that is written as a date."""
    for known in column_names()["time"]:
        for place, name in enumerate(names):
            if name == known and _mostly(any_nanos(cell) is not None for cell in contents[place]):
                return place
    for place, cells in enumerate(contents):
        is_told = not names[place] or "time" in names[place] or "date" in names[place]
        is_written = cells and all(is_told or not _is_number(cell, delimiter) for cell in cells)
        if is_written and _mostly(any_nanos(cell) is not None for cell in cells):
            return place
    return None


def _mostly(answers: Iterator[bool]) -> bool:
    every = list(answers)
    return sum(every) * 10 >= len(every) * 8


def number_in(cell: str, delimiter: str) -> float | None:
    """NaN for the words for nothing. A comma is a decimal one where semicolons or tabs part the cells."""
    plain = cell.strip()
    if plain.lower() in NO_NUMBER:
        return math.nan
    if delimiter in ";\t" and plain.count(",") == 1:
        plain = plain.replace(",", ".")
    try:
        return None if "_" in plain else float(plain)
    except ValueError:
        return None


def _is_number(cell: str, delimiter: str) -> bool:
    return number_in(cell, delimiter) is not None


def _is_free_text(cells: list[str]) -> bool:
    wordy = sum(cell.count(" ") >= _TEXT_BLANKS for cell in cells)
    return wordy * 2 >= len(cells) and wordy > 0
