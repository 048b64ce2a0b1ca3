"""
## What it finds
A statement of SQL that lost a condition, a join, a limit, an order or a hint for an index, or whose `SELECT` names
everything where it named columns.

## Why it matters
Without its condition or its limit a statement reads and sends as many rows as the table has; without a join each row is
asked for by itself; without its order, pages overlap.

## How it is computed
Statements of the touched functions are paired by their verb and their tables, in order; the clauses of each pair are
compared.

## Not this when
The table is small, or the condition moved into a view or into the code that builds the statement.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deep_code_reasoning.changes.diffs.file_delta import FileDelta, Side
from deep_code_reasoning.changes.diffs.pattern import Fact, Match, Pattern, function_of, match_of
from deep_code_reasoning.code.literals import constant_text, is_sql, tables_of
from deep_code_reasoning.code.outline import Part

PATTERN = Pattern(
    "DIFF019",
    "query-changed",
    "changes or drops a condition, a join, an index or a page of a query",
    frozenset({"latency", "calls", "timeout", "memory", "exhausted", "cpu", "relation", "wrong"}),
)

_CLAUSES = {
    "a condition": re.compile(r"(?i)\b(?:where|and|or|having)\b"),
    "a join": re.compile(r"(?i)\bjoin\b"),
    "its limit": re.compile(r"(?i)\blimit\b|\bfetch\s+(?:first|next)\b|\btop\s*\(?\d"),
    "its order": re.compile(r"(?i)\border\s+by\b"),
    "a hint for an index": re.compile(r"(?i)\b(?:use|force)\s+index\b|/\*\+"),
}


def find(delta: FileDelta) -> Iterator[Match]:
    if delta.before is None or delta.after is None:
        return
    before, after = _statements(delta.before), _statements(delta.after)
    for key, olds in before.items():
        news = after.get(key, [])
        if len(olds) != len(news):
            continue
        for old, new in zip(olds, news, strict=True):
            lines = tuple(range(new.line, min(new.end_line, new.line + 60) + 1))
            lost = [name for name, clause in _CLAUSES.items() if _count(clause, old) > _count(clause, new)]
            if lost and (
                delta.after.changed.intersection(lines)
                or delta.before.changed.intersection(range(old.line, old.end_line + 1))
            ):
                verb, table = key[1], key[2].partition(" ")[0]
                words = f"takes {' and '.join(lost)} out of a {verb} on {table}"
                yield match_of(PATTERN, delta, Fact(words, new, words, lines))


def _statements(side: Side) -> dict[tuple[str | None, str, str], list[Part]]:
    """(function, verb, first table) -> strings, in the order of the text."""
    found: dict[tuple[str | None, str, str], list[Part]] = {}
    for part in side.outline.of("string"):
        text = constant_text(part).strip()
        if is_sql(text) and (tables := tables_of(text)):
            found.setdefault((function_of(part), text.split()[0].lower(), tables[0]), []).append(part)
    return found


def _count(clause: re.Pattern[str], part: Part) -> int:
    return len(clause.findall(part.text))
