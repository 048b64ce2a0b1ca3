"""
## What it finds
A lock that is no longer taken in a function that is still there: a block under it, a call that takes it, the keyword
`synchronized`, `FOR UPDATE` of a statement, a transaction around it.

## Why it matters
What it kept apart now runs at the same time: updates are lost, collections break while they are read, checks hold no
longer when their result is used. It shows under load only.

## How it is computed
Scopes of locks are compared by the name of the lock; one that is gone, with no other one in the same function in its
place, is a match.

## Not this when
The lock moved to the caller, or the data became immutable or of one thread.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deep_code_reasoning.changes.diffs.file_delta import FileDelta, Side
from deep_code_reasoning.changes.diffs.pattern import Fact, Match, Pattern, lost, matches
from deep_code_reasoning.code.lock_scopes import lock_scopes

PATTERN = Pattern("DIFF009", "lock-removed", "takes a lock away", frozenset({"concurrency", "crash", "wrong"}))

_FOR_UPDATE = re.compile(r"(?i)\bfor\s+update\b")
_TRANSACTION = re.compile(
    r"(?i)^(@?Transactional|transaction\.atomic|select_for_update|with_lock|lock!|Lock\(LockModeType.*)"
)


def find(delta: FileDelta) -> Iterator[Match]:
    yield from matches(PATTERN, delta, lost(delta, _facts), is_removal=True)


def _facts(side: Side) -> Iterator[Fact]:
    taken = set()
    for scope in lock_scopes(side.outline):
        taken.add(scope.part)
        yield Fact("lock", scope.part, f"no longer takes the lock {scope.name.strip('&*') or 'of the object'}")
    for part in side.outline.parts:
        if part.role == "string" and _FOR_UPDATE.search(part.text):
            yield Fact("for update", part, "no longer locks the rows it reads (FOR UPDATE)")
        elif part.role == "annotation" and (match := _TRANSACTION.match(part.text.lstrip("@[# "))):
            yield Fact(match[1], part, f"is no longer marked {match[1]}")
        elif (
            part.role == "call"
            and part not in taken
            and part.method in ("select_for_update", "lockForUpdate", "with_lock", "lock!")
        ):
            yield Fact(part.method, part, f"no longer calls {part.method}()")
