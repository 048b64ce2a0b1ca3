"""
## What it finds
A number that bounds time, amount or effort and that another number took the place of: a timeout, a deadline, a TTL,
the size of a pool, a queue, a page or a batch, a count of retries, a back-off, a limit of a rate. Both values are told,
with their units.

## Why it matters
Such numbers are set against each other and against the load; a shorter timeout fails what a longer one let pass, a
smaller pool makes requests wait, more retries multiply an outage. Nothing else of the code has to change for that.

## How it is computed
Assignments, named arguments and numbers handed to functions are compared by their full name in the same function;
expressions of numbers and units are computed (`5 * time.Second`, `Duration.ofMillis(500)`, `30_000`). Only names that
tell a bound are looked at. What kind of change it is (shorter, lower, fewer) follows from the name and the direction.

## Not this when
The unit changed with the number so that both are the same, or the value is of a test or an example.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deep_code_reasoning.changes.diffs.delta import Replaced
from deep_code_reasoning.changes.diffs.file_delta import FileDelta, Side
from deep_code_reasoning.changes.diffs.pattern import Fact, Match, Pattern, function_of, match_of
from deep_code_reasoning.changes.diffs.quantities import Quantity, quantity
from deep_code_reasoning.code.outline import Part

PATTERN = Pattern(
    "DIFF006",
    "setting-changed",
    "sets another number where time, amount or effort is bounded",
    frozenset({"timeout", "latency", "exhausted", "overload", "memory", "queue"}),
)

_NAME = re.compile(
    r"(?i)time_?out|deadline|ttl|expir|lease|pool|max|min(?!ute|us|or)|limit|size|retr(y|ies)|attempt|back_?off|delay|interval|"
    r"capacity|concurren|worker|thread|batch|page|buffer|queue|rate|quota|burst|cache|window|keep_?alive|wait|replica|"
    r"prefetch|duration|threshold|budget|period|jitter|parallel|shard|partition|heartbeat|sleep|grace|lag"
)
_NOT = re.compile(r"_MAX$|(?i:version|sizeof|_TYPE$|_MAX_)")
"""Versions, and the ends of enumerations, which grow with them."""
_PLACE = re.compile(r"#\d+$")


def find(delta: FileDelta) -> Iterator[Match]:
    if delta.before is None or delta.after is None:
        return
    old, new = _settings(delta.before), _settings(delta.after)
    for key, now in new.items():
        was = old.get(key, [])
        if len(was) != len(now):
            continue
        for (_, before), (part, after) in zip(was, now, strict=True):
            if before.value != after.value and part.line in delta.after.changed:
                name = _PLACE.sub("", key[1])
                words = f"changes {name} from {before.shown} to {after.shown}"
                yield match_of(PATTERN, delta, Fact(name, part, words, replaced=_replaced(name, before, after)))


def _settings(side: Side) -> dict[tuple[str | None, str], list[tuple[Part, Quantity]]]:
    """(function, full name) -> where it is set to what, in the order of the text."""
    found: dict[tuple[str | None, str], list[tuple[Part, Quantity]]] = {}
    for part in side.outline.parts:
        if part.role == "assign":
            value = part.value[:80]
            values = [(part.name, value)] if any(map(str.isdigit, value)) else []
        elif part.role == "call" and any(map(str.isdigit, part.arguments[:200])) and _NAME.search(part.method):
            values = [(f"{part.method}#{place}", text) for place, text in enumerate(_arguments(part.arguments))]
        else:
            continue
        for name, text in values:
            full = _full(name, part)
            number = quantity(text) if _NAME.search(full) and not _NOT.search(full) else None
            if number is not None:
                found.setdefault((function_of(part), full), []).append((part, number))
    return found


def _full(name: str, part: Part) -> str:
    """With the call or the literal around it: `Timeout.connect` of `Timeout(connect=3)`."""
    last = re.split(r"[.>:]", name)[-1] or name
    around = part.within if part.role == "assign" else None
    if around is not None and around.role == "call":
        return f"{around.method}.{last}"
    if around is not None and around.role == "assign" and around.name:
        return f"{re.split(r'[.>:]', around.name)[-1]}.{last}"
    return last


def _arguments(text: str) -> list[str]:
    """Split at the commas that stand outside of brackets."""
    inner, depth, parts = text.strip()[1:-1], 0, [""]
    for letter in inner[:400]:
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _replaced(name: str, before: Quantity, after: Quantity) -> Replaced:
    return Replaced(
        name, before.value, after.value, _written(after.value, after.number), _written(before.value, before.number)
    )


def _written(value: float, number: float) -> frozenset[float]:
    """The value as it may be told in a log: as it is, and in milliseconds."""
    return frozenset(round(one, 9) for one in (value, number, value * 1000))
