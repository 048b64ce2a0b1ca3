"""
## What it finds
A guard that did not exist: a condition behind which an exception is raised or an error is returned, or a check that
raises by itself (`assert`, `require`, `validate...`), outside of tests.

## Why it matters
Input that was taken until now is refused: of callers that send it, of messages that are already in a queue, of rows
that are already stored. And what a check has to look up costs each request that it lets through.

## How it is computed
Conditions with nothing but a raise, a throw or a returned error behind them are compared by their text, in all touched
functions; one that is new and did not take the place of another one is a match. Go's `if err != nil` that hands an
error on is none.

## Not this when
What is refused now failed anyway, a few lines later and with a worse message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deep_code_reasoning.changes.diffs.file_delta import FileDelta, Side
from deep_code_reasoning.changes.diffs.pattern import Fact, Match, Pattern, gained, matches
from deep_code_reasoning.code.outline import Part

PATTERN = Pattern(
    "DIFF013", "validation-added", "refuses what was taken before", frozenset({"schema", "auth", "overload"})
)

_HANDED_ON = re.compile(
    r"(?i)^\W*(\w*err\w*|e|ok|!ok)\s*(!=|==|!==)?\s*(nil|null|None)?\W*$|\berr\w*\s*(:=|=)[^=].*;\s*\w*err\w*\s*!=\s*nil|;\s*!?ok$"
    r"|^!?[\w.]+\((err|e|ex|error)\b[^()]*\)?$"
)
_REFUSES = re.compile(
    r"(?i)^(raise|panic!?|bail!?|ensure!?|require\w*|check(argument|state|notnull)?|assert\w*|abort(_if|_unless)?|http_?error|err|error)$"
)
_RETURNS_ERROR = re.compile(
    r"\b(errors\.New|fmt\.Errorf|status\.Errorf?|Err\(|err[A-Z]\w+|Err[A-Z]\w+|\w+Errorf?\(|BadRequest\(|Result\.Fail|failure\()"
)
_LOADS = frozenset({"ruby", "javascript", "typescript", "tsx", "php", "lua"})
"""Languages in which `require` loads a file."""
_CHECK = re.compile(
    r"^(requireNonNull|checkArgument|checkState|checkNotNull|require|check|requireNotNull|checkNotNull|ThrowIfNull\w*|ThrowIf\w+|notNull|isTrue|bail!|ensure!)$"
)


def find(delta: FileDelta) -> Iterator[Match]:
    if delta.before is not None:  # all of a new file is new; it refuses nothing that was taken
        yield from matches(PATTERN, delta, gained(delta, _facts))


def _facts(side: Side) -> Iterator[Fact]:
    for part in side.outline.parts:
        if part.role == "branch" and not _HANDED_ON.search(part.condition.strip("() ")) and _refuses(part, side):
            condition = " ".join(part.condition.split())
            plain = condition[1:-1] if condition[:1] == "(" and condition[-1:] == ")" else condition
            yield Fact(plain, part, f"refuses where {plain[:80]}", (part.line,))
        elif part.role == "call" and _is_check(part):
            yield Fact(f"{part.method}{''.join(part.arguments.split())}", part, f"checks with {part.method}()")


def _is_check(call: Part) -> bool:
    if not _CHECK.match(call.method) or (call.receiver and not call.receiver[0].isupper()):
        return False
    return not (call.method == "require" and call.language.name in _LOADS)


def _refuses(branch: Part, side: Side) -> bool:
    """The first thing that is done if the condition holds leaves the function with an error."""
    start, end = branch.body
    if branch.node.type.endswith("_modifier"):
        start = branch.start
    if end - start > 600:
        return False
    for part in side.outline.parts:
        if start <= part.start and part.end <= end and part is not branch:
            if part.role in ("raise", "return") and part.nearest("branch") is not branch:
                continue
            if part.role == "raise":
                return True
            if (
                part.role == "call"
                and _REFUSES.match(part.method)
                and part.nearest("branch") is branch
                and not part.receiver
            ):
                return True
            if part.role == "return" and _RETURNS_ERROR.search(part.text):
                return True
    return False
