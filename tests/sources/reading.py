"""Reads evidence from bytes as ingest does, and golden cases from Markdown.

A case is a `## title`, prose, a fenced block `input`, and blocks `rows` (one JSON object a line: the table and the
columns that matter) and `skipped` (one JSON object a line). Rows not mentioned in `rows` fail the case; columns not
mentioned are not looked at. `input NAME` gives the file another name than `evidence`. A block `bytes NAME` in its place
holds hexadecimal digits, `#` to the end of a line being for the reader.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deep_code_reasoning.kernels.cache import Kernels
from deep_code_reasoning.sources.arrow_tables import columns
from deep_code_reasoning.sources.detect import detect
from deep_code_reasoning.sources.reader import Batch, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream, Limits

_BLOCK = re.compile(r"^```(\w+) ?(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass
class Reading:
    """Everything a reader gave: rows a table as dictionaries, and what it skipped."""

    reader: str | None
    rows: dict[str, list[dict[str, Any]]]
    skipped: list[Skipped]

    def only(self, table: str) -> dict[str, Any]:
        (row,) = self.rows[table]
        return row

    def count(self, table: str) -> int:
        return len(self.rows.get(table, ()))

    @property
    def reasons(self) -> list[str]:
        return [skip.reason for skip in self.skipped]


def read_path(path: Path, limits: Limits | None = None, kernels: Kernels | None = None) -> Reading:
    stream = EvidenceStream(path, limits=limits, kernels=kernels)
    reader = detect(stream.sample())
    reading = Reading(reader.name if reader else None, {}, [])
    for part in reader.read(stream) if reader else ():
        if isinstance(part, Batch):
            part.rows.validate(full=True)
            reading.rows.setdefault(part.table, []).extend(_plain(row) for row in part.rows.to_pylist())
        else:
            reading.skipped.append(part)
    reading.rows.get("logs", []).sort(key=lambda row: row["log_number"])  # the reading order, whatever the batches'
    return reading


def read_bytes(
    data: bytes,
    folder: Path,
    name: str = "evidence",
    limits: Limits | None = None,
    kernels: Kernels | None = None,
) -> Reading:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return read_path(path, limits, kernels)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Attributes as a dictionary; a repeated key would hide a loss, so it becomes a list."""
    if row.get("attributes") is not None:
        attributes: dict[str, Any] = {}
        for pair in row["attributes"]:
            key, value = pair["key"], pair["value"]
            attributes[key] = [*attributes[key], value] if isinstance(attributes.get(key), list) else value
        row["attributes"] = attributes
    return row


@dataclass
class Case:
    title: str
    file: str
    data: bytes
    rows: list[dict[str, Any]]
    skipped: list[dict[str, Any]]


def cases(path: Path) -> Iterator[Case]:
    for section in path.read_text("utf-8").split("\n## ")[1:]:
        title, _, text = section.partition("\n")
        blocks = {kind: (argument, content) for kind, argument, content in _BLOCK.findall(text)}
        name, content = blocks["input"] if "input" in blocks else blocks["bytes"]
        data = content.encode() if "input" in blocks else bytes.fromhex(re.sub("#.*", "", content))
        yield Case(title, name or "evidence", data, _objects(blocks, "rows"), _objects(blocks, "skipped"))


def _objects(blocks: dict[str, tuple[str, str]], kind: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in blocks.get(kind, ("", ""))[1].splitlines() if line.strip()]


def check(case: Case, reading: Reading) -> None:
    """Compares table by table, in order, the columns that the case names."""
    tables = {row["table"] for row in case.rows}
    unmentioned = set(reading.rows) - tables - {"resources"}
    assert not unmentioned, f"rows in tables that the case does not mention: {unmentioned}"
    for table in sorted(tables):
        expected = [{k: v for k, v in row.items() if k != "table"} for row in case.rows if row["table"] == table]
        without = dict.fromkeys(columns(table))  # a batch may leave out what none of its rows has
        found = [without | row for row in reading.rows.get(table, [])]
        shown = [{k: row[k] for k in keys} for keys, row in zip(expected, found, strict=False)]
        assert shown == expected
        assert len(found) == len(expected), found
    expected_skips = [(skip.get("line"), skip["reason"]) for skip in case.skipped]
    assert [(skip.line, skip.reason) for skip in reading.skipped] == expected_skips
