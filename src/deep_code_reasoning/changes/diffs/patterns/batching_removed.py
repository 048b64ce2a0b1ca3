"""
## What it finds
A prefetch, an eager load, a bulk operation or a batch that is no longer made: `prefetch_related`, `includes`,
`JOIN FETCH`, `bulk_create`, `saveAll`, `mget`, `executeBatch`, `BatchSize`, a DataLoader.

## Why it matters
What was read or written at once is now read or written one by one, on first use: the number of queries grows with the
number of rows, where no one wrote a loop with a query in it.

## How it is computed
Calls and annotations with such a name in the touched functions are compared as a multiset; one that is gone from a
function that is still there, with no other of them put in its place, is a match.

## Not this when
The rows are no longer used at all, or the batch was of one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deep_code_reasoning.changes.diffs.file_delta import FileDelta, Side
from deep_code_reasoning.changes.diffs.pattern import Fact, Match, Pattern, lost, matches

PATTERN = Pattern(
    "DIFF003",
    "batching-removed",
    "no longer reads or writes at once what belongs together",
    frozenset({"latency", "calls", "timeout", "exhausted", "overload", "cpu"}),
)

_CALL = re.compile(
    r"^(select_related|prefetch_related|prefetch_related_objects|includes|preload|eager_load|joinedload|selectinload|"
    r"subqueryload|contains_eager|in_bulk|bulk_\w+|bulk[A-Z]\w*|insert_all!?|upsert_all|executemany|executeBatch|addBatch|"
    r"saveAll(AndFlush)?|insertMany|createMany|bulkWrite|bulkCreate|mget|multi_?[gG]et|multiGet|getAll(ById)?|findAllById|"
    r"batch_?get\w*|batchGet\w*|BatchGet\w*|load_?[mM]any|loadMany|DataLoader|Preload|ThenInclude|AsSplitQuery|"
    r"AddRange(Async)?|SendBatch|CopyFrom|Pipelined|TxPipelined|with_?[bB]atch\w*|prefetch\w*)$"
)
_INCLUDE = re.compile(r"^(Include|with|load)$")  # of Entity Framework and Eloquent, with what to load as argument
_ANNOTATION = re.compile(r"(BatchSize|EntityGraph|Fetch\(FetchMode\.(JOIN|SUBSELECT)|NamedEntityGraph)")
_FETCH_JOIN = re.compile(r"(?i)\b(left\s+|inner\s+)?join\s+fetch\s+[\w.]+")


def find(delta: FileDelta) -> Iterator[Match]:
    yield from matches(PATTERN, delta, lost(delta, _facts), is_removal=True)


def _facts(side: Side) -> Iterator[Fact]:
    for part in side.outline.parts:
        if part.role == "call" and (
            _CALL.match(part.method) or _is_include(part.method, part.arguments, part.language.name)
        ):
            yield Fact(part.method.lower(), part, f"no longer calls {part.method}()")
        elif part.role == "annotation" and (match := _ANNOTATION.search(part.text)):
            yield Fact(match[1], part, f"is no longer marked {match[1]}")
        elif part.role == "string" and "fetch" in part.text.lower() and (match := _FETCH_JOIN.search(part.text)):
            yield Fact("join fetch", part, f"no longer does {' '.join(match[0].split())}")


def _is_include(method: str, arguments: str, language: str) -> bool:
    if not _INCLUDE.match(method):
        return False
    return "=>" in arguments if language == "c-sharp" else language == "php" and arguments[1:2] in ("'", '"', "[")
