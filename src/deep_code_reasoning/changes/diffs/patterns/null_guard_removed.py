"""
## What it finds
A condition that asked whether something is there (`is None`, `== null`, `!= nil`, `is_none()`, `nil?`) and that is no
longer asked in a function that is still there.

## Why it matters
What is missing now and then was skipped or replaced; now it is used, and the request that meets it fails.

## How it is computed
Conditions of branches in the touched functions are searched for such questions, each compared by what it asks about. A
question that is asked otherwise (`Optional`, `?.`, `??`, a truth test) about the same name is no match, nor one whose
name is no longer used in the function's file. Go's `err != nil` is DIFF016's.

## Not this when
The caller guarantees the value by now, or the type does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deep_code_reasoning.changes.diffs.file_delta import FileDelta, Side
from deep_code_reasoning.changes.diffs.pattern import Fact, Match, Pattern, function_of, lost, matches

PATTERN = Pattern(
    "DIFF015", "null-unguarded", "takes a check for nothing away", frozenset({"null", "schema", "bounds", "crash"})
)

_ASKED = re.compile(
    r"([A-Za-z_$@][\w.$@>\-]*?(?:\(\))?)\s*(?:(?:===?|!==?)\s*(?:null|nil|NULL|nullptr|undefined|None)\b|is\s+(?:not\s+)?(?:None|null)\b|"
    r"\.(?:is_none|is_some|isPresent|isEmpty|nil\?|present\?|blank\?)\b)"
    r"|\bis_null\(\s*([$\w>\-]+)|\bisset\(\s*([$\w>\-\[\]'\"]+)|Objects\.(?:isNull|nonNull)\(\s*([\w.]+)"
)
_ERROR = re.compile(r"(?i)^(\w*err(or)?|e|ex|exc|exception)$")


def find(delta: FileDelta) -> Iterator[Match]:
    if delta.after is None:
        return
    after = delta.after
    for fact in lost(delta, _facts, swaps=False):
        name = re.split(r"\.|->", fact.key.partition(" ")[2])[-1].strip("()$@")
        if _is_used(name, after, function_of(fact.part)):
            yield from matches(PATTERN, delta, [fact], is_removal=True)


def _facts(side: Side) -> Iterator[Fact]:
    for part in side.outline.of("branch"):
        for groups in _ASKED.findall(part.condition):
            name = next(filter(None, groups))
            if not _ERROR.match(name):
                yield Fact(f"{function_of(part)} {name}", part, f"no longer asks whether {name} is there", (part.line,))


def _is_used(name: str, side: Side, function: str | None) -> bool:
    """As it is: with a dot, a bracket or an arrow behind it, and never with another question about it."""
    part = side.outline.functions.get(function or "")
    text = part.text if part else "\n".join(side.text(line) for line in side.near)
    plain = re.escape(name)
    if re.search(
        rf"\b{plain}\s*(\?\.|\?\?|\?:|!!|\bor\b|\|\||&&|\band\b)|(\bif\s+|\bunless\s+|!|\()\(?{plain}\s*[):{{]|[oO]ptional\w*\([^()]*{plain}",
        text,
    ):
        return False
    return bool(re.search(rf"\b{plain}\s*(\.|->|\[)\s*\w", text))
