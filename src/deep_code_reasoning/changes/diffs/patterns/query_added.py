"""
## What it finds
A statement of SQL or a query through an object mapper that is made afterwards and was not made before, outside of
loops (a query in a loop is DIFF001).

## Why it matters
Each request now waits for one more answer of the database, takes a connection for that long, and fails where the table
or the column is not there yet.

## How it is computed
Calls of the touched functions that hand over a statement, or whose receiver and name are those of a data store, are
compared by what is called. A call that took the place of another query of the same function is no match.

## Not this when
The query runs once at the start, in a migration or behind a cache that is warm.
"""

from __future__ import annotations

from collections.abc import Iterator

from deep_code_reasoning.changes.diffs.file_delta import FileDelta, Side
from deep_code_reasoning.changes.diffs.pattern import Fact, Match, Pattern, gained, matches
from deep_code_reasoning.code.loops import loop_around
from deep_code_reasoning.code.remote_calls import is_query, is_store_call, shown

PATTERN = Pattern(
    "DIFF002",
    "query-added",
    "adds a query",
    frozenset({"latency", "calls", "relation", "exhausted", "timeout", "concurrency"}),
)


def find(delta: FileDelta) -> Iterator[Match]:
    yield from matches(PATTERN, delta, [fact for fact in gained(delta, _facts) if loop_around(fact.part) is None])


def _facts(side: Side) -> Iterator[Fact]:
    for call in side.outline.of("call"):
        if is_query(call) or is_store_call(call, side):
            yield Fact(shown(call).lower(), call, f"queries with {shown(call)}")
