"""
## What it finds
An index of a table that is dropped, or whose declaration is taken away: `DROP INDEX`, `remove_index`,
`db_index=True`, `@Index`, `HasIndex`, `add_index` in a migration that lost it.

## Why it matters
Queries that were answered by the index read the whole table from then on; it shows with the size of the table and not
in a test.

## How it is computed
Statements, calls and named arguments that declare an index are compared by what they declare: lost declarations and
added drops are matches, unless an index of the same name is declared again.

## Not this when
A wider index with the same first columns takes its place, or the table is small.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deep_code_reasoning.changes.diffs.file_delta import FileDelta, Side
from deep_code_reasoning.changes.diffs.pattern import Fact, Match, Pattern, gained, lost, matches

PATTERN = Pattern(
    "DIFF005",
    "index-removed",
    "drops an index",
    frozenset({"latency", "cpu", "timeout", "exhausted", "concurrency"}),
)

_DROPS = re.compile(r"(?i)\bdrop\s+index\s+(?:concurrently\s+)?(?:if\s+exists\s+)?[`\"\[]?([\w.]+)")
_CREATES = re.compile(
    r"(?i)\bcreate\s+(?:unique\s+)?index\s+(?:concurrently\s+)?(?:if\s+not\s+exists\s+)?[`\"\[]?([\w.]+)"
)
_DROP_CALL = re.compile(r"^(remove_index|drop_index|dropIndex|DropIndex|dropUnique|RemoveIndex|removeIndex)$")
_MAKE_CALL = re.compile(r"^(add_index|create_index|createIndex|CreateIndex|ensureIndex|HasIndex|addIndex|AddIndex)$")
_FLAG = re.compile(r"^(db_index|index|unique_index)$")


def find(delta: FileDelta) -> Iterator[Match]:
    yield from matches(PATTERN, delta, gained(delta, _drops))
    yield from matches(PATTERN, delta, lost(delta, _declared), is_removal=True)


def _drops(side: Side) -> Iterator[Fact]:
    for part in side.outline.parts:
        if part.role == "string" and (match := _DROPS.search(part.text)):
            yield Fact(match[1].lower(), part, f"drops the index {match[1]}")
        elif part.role == "call" and _DROP_CALL.match(part.method) and not _is_undo(part.nearest("function")):
            yield Fact(_plain(part.arguments), part, f"drops an index with {part.method} {_plain(part.arguments)[:60]}")


def _declared(side: Side) -> Iterator[Fact]:
    for part in side.outline.parts:
        if part.role == "string" and (match := _CREATES.search(part.text)):
            yield Fact(match[1].lower(), part, f"no longer creates the index {match[1]}")
        elif part.role == "call" and _MAKE_CALL.match(part.method):
            yield Fact(_plain(part.arguments), part, f"no longer calls {part.method}{_plain(part.arguments)[:60]}")
        elif part.role == "assign" and _FLAG.match(part.name) and part.value in ("True", "true"):
            owner = part.nearest("assign")
            name = owner.name if owner else ""
            yield Fact(f"{name} {part.name}", part, f"no longer declares an index on {name or 'a column'}")
        elif part.role == "annotation" and re.match(r"@(Index|db\.Index)\b", part.text):
            yield Fact(_plain(part.text), part, f"no longer declares {_plain(part.text)[:60]}")


def _is_undo(function: object) -> bool:
    """The way back of a migration drops what the way forth creates."""
    name = getattr(function, "name", "")
    return bool(re.search(r"(?i)(^|\.)(down|downgrade|revert|rollback)$", name))


def _plain(text: str) -> str:
    return " ".join(text.split())
