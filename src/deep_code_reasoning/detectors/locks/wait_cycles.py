"""Who waits for whom, and whether it closes: cycles of waits, from reports' texts and from intervals."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

LONGEST = 4
"""Waits in a cycle; longer ones are rare, and looking for them takes time."""

MOST_STEPS = 200_000
"""Steps after which the search ends: what has been found by then is told."""


@cache
def vocabulary() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("deadlocks.toml").read_text(encoding="utf-8"))


class Wait(NamedTuple):
    """`waiter` wants `key`, which `holder` has, from one instant to another (ns)."""

    waiter: Any
    holder: Any
    key: str
    from_nano: int = 0
    to_nano: int = 1
    wait_nano: int = 0
    span_number: int = 0


def told(text: str) -> list[Wait]:
    """The waits that a report of a deadlock spells out."""
    return [
        Wait(found["waiter"], found["holder"], " ".join(found["lock"].split())[:120])
        for entry in vocabulary()["waits"]
        for found in re.finditer(entry["pattern"], text)
    ]


def cycles(waits: Sequence[Wait]) -> list[tuple[Wait, ...]]:
    """Cycles of at most LONGEST waits that all go on at one time, each told once, beginning with its least waiter."""
    by_waiter: dict[Any, list[Wait]] = defaultdict(list)
    for wait in waits:
        by_waiter[wait.waiter].append(wait)
    found: dict[frozenset[tuple[Any, str]], tuple[Wait, ...]] = {}
    for path in _closed(waits, by_waiter):
        found.setdefault(frozenset((wait.waiter, wait.key) for wait in path), path)
    return list(found.values())


def _closed(waits: Iterable[Wait], by_waiter: dict[Any, list[Wait]]) -> Iterator[tuple[Wait, ...]]:
    steps = 0
    for first in waits:
        paths: list[tuple[Wait, ...]] = [(first,)]
        while paths:
            path = paths.pop()
            steps += 1
            if steps > MOST_STEPS:
                return
            if path[-1].holder == first.waiter:
                if len(path) > 1:
                    yield path
                continue
            if len(path) < LONGEST:
                paths += [
                    (*path, wait)
                    for wait in by_waiter[path[-1].holder]
                    if wait.waiter > first.waiter and wait.waiter not in {one.waiter for one in path}
                    if common_nano((*path, wait)) > 0
                ]


def common_nano(path: Sequence[Wait]) -> int:
    """How long all the waits of a path went on together."""
    return min(wait.to_nano for wait in path) - max(wait.from_nano for wait in path)
