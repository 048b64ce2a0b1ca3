"""
## What it finds
A call that is still made but whose result is no longer awaited.

## Why it matters
The function goes on before the work is done: errors of it are seen by nobody, what it writes is read too early, and
nothing bounds how many of them run at once.

## How it is computed
Awaited calls of the touched functions are compared by what is called; one that is called without `await` afterwards,
and as often in all, is a match.

## Not this when
The promise is returned or awaited with others by the same function, or the function called became synchronous.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from deep_code_reasoning.changes.diffs.file_delta import FileDelta, Side
from deep_code_reasoning.changes.diffs.pattern import Fact, Match, Pattern, function_of, gained, matches
from deep_code_reasoning.code.asynchrony import is_async
from deep_code_reasoning.code.outline import Part

PATTERN = Pattern(
    "DIFF012",
    "await-removed",
    "no longer waits for what it starts",
    frozenset({"concurrency", "wrong", "memory", "exhausted", "null"}),
)

_GATHERED = re.compile(
    r"(?i)(all|allsettled|race|any|gather|wait|join|create_task|ensure_future|whenall|spawn|then|catch|run|as_completed|add_task|asyncio\.\w+)$"
)


def find(delta: FileDelta) -> Iterator[Match]:
    if delta.before is None or delta.after is None or "await" not in delta.before.source:
        return
    awaited = Counter((function_of(part), part.callee) for part in _awaited(delta.before))
    still = Counter((function_of(part), part.callee) for part in _awaited(delta.after))
    for fact in gained(delta, _unawaited, swaps=False):
        key = (function_of(fact.part), fact.part.callee)
        if awaited[key] > still[key] and is_async(fact.part):
            awaited[key] -= 1
            yield from matches(PATTERN, delta, [fact])


def _awaited(side: Side) -> Iterator[Part]:
    for part in side.outline.of("call"):
        if (part.within is not None and part.within.role == "await") or _is_awaited_behind(part):
            yield part


def _is_awaited_behind(part: Part) -> bool:
    """TypeScript reads `await this.get<T>(x)` as a call of what is awaited."""
    return part.text.startswith("await ")


def _unawaited(side: Side) -> Iterator[Fact]:
    awaited = set(_awaited(side))
    for part in side.outline.of("call"):
        around = part.within
        if part in awaited or (around is not None and around.role in ("return", "lambda")):
            continue
        if any(_GATHERED.search(one.method) for one in part.around("call")):
            continue
        yield Fact(f"{function_of(part)} {part.callee}", part, f"no longer awaits {part.callee[:60]}()")
