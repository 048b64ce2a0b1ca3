"""
## What it finds
A lock that is taken where none was, or one that is held over a call that leaves the process or waits, which was made
outside of it before.

## Why it matters
What runs under a lock runs one at a time. A remote call under it makes every other thread wait for the network, and
throughput falls to one over its latency.

## How it is computed
The scope of each lock is read: a block (`synchronized`, `with lock`, `lock (x)`), or from the call that takes it to the
one that gives it back, else to the end of the function. Locks are compared by their name, and what runs under them by
what is called.

## Not this when
The lock is taken by nobody else at the same time, or protects what was a race before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deep_code_reasoning.changes.diffs.file_delta import FileDelta, Side
from deep_code_reasoning.changes.diffs.pattern import Fact, Match, Pattern, function_of, gained, matches
from deep_code_reasoning.code.lock_scopes import lock_scopes
from deep_code_reasoning.code.remote_calls import remote_words

PATTERN = Pattern(
    "DIFF008",
    "lock-added",
    "holds a lock (longer)",
    frozenset({"latency", "timeout", "concurrency", "exhausted"}),
)

_WAITS = re.compile(r"^(sleep|Sleep|join|get_result|await|Wait|wait|flush|fsync)$")


def find(delta: FileDelta) -> Iterator[Match]:
    if delta.before is None:
        return
    wider = gained(delta, _under)
    yield from matches(PATTERN, delta, wider)
    told = {line for fact in wider for line in fact.stated}
    taken = [fact for fact in gained(delta, _taken) if fact.part.line not in told]
    yield from matches(PATTERN, delta, [fact for fact in taken if not delta.is_whole or not _is_new(fact, delta)])


def _is_new(fact: Fact, delta: FileDelta) -> bool:
    """Its function is new, if under the name of another one: no one took it without the lock."""
    name = function_of(fact.part)
    was, now = (
        sum(part.name == name for part in side.outline.of("function")) if side else 0
        for side in (delta.before, delta.after)
    )
    return was < now


def _taken(side: Side) -> Iterator[Fact]:
    for scope in lock_scopes(side.outline):
        yield Fact(scope.name, scope.part, f"takes the lock {_shown(scope.name)}")


def _under(side: Side) -> Iterator[Fact]:
    for scope in lock_scopes(side.outline):
        for call in scope.calls(side.outline):
            words = remote_words(call, side) or (f"{call.method}()" if _WAITS.match(call.method) else None)
            if words:
                told = f"calls {words} while it holds the lock {_shown(scope.name)}"
                yield Fact(f"{scope.name} {words}", call, told, (scope.part.line, call.line))


def _shown(name: str) -> str:
    return name.strip("&*") or "of the object"
