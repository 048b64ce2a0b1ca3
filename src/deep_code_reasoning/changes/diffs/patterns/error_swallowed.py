"""
## What it finds
An error that is no longer handed on: a handler that does nothing, or only logs, where there was none or where it raised
before; a result whose error is thrown away (`_ = f()`); a check of Go's `err` that is gone.

## Why it matters
What failed looks done. Callers go on with nothing, or with half of what was to be written, and the first error that
anyone sees is of another place.

## How it is computed
Handlers in the touched functions that neither raise nor return nor call anything but a logger are compared by what they
catch; one that is new, or that lost its raise, is a match. Checks of an error that are gone are matches where the
function still calls what gave it.

## Not this when
The error is expected there and means "nothing to do", such as a file that need not exist.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deep_code_reasoning.changes.diffs.file_delta import FileDelta, Side
from deep_code_reasoning.changes.diffs.pattern import Fact, Match, Pattern, function_of, gained, lost, matches
from deep_code_reasoning.changes.diffs.words import is_inert_line
from deep_code_reasoning.code.outline import Part

PATTERN = Pattern(
    "DIFF016",
    "error-swallowed",
    "no longer hands an error on",
    frozenset({"wrong", "null", "schema", "concurrency", "queue"}),
)

_EXPECTED = re.compile(
    r"(?i)ImportError|ModuleNotFound|StopIteration|KeyboardInterrupt|Interrupt|NotImplemented|NotFound|DoesNotExist|Exists\b|ExistsError|NoSuch|AlreadyExists|"
    r"LoadError|NameError|CancelledError|OperationCanceled|Unsupported|NumberFormat|KeyError|AttributeError|ClassNotFound"
)
_NOTHING = re.compile(r"^\s*(pass|\.\.\.|continue;?|nil|null|\{\s*\}|;|\}|\{)?\s*$")
_ERR_CHECK = re.compile(r"^\W*(?:.*;\s*)?(\w*[eE]rr\w*)\s*!=\s*nil\W*$", re.DOTALL)
_TIDIES = re.compile(r"(?i)^[\w.]*(close|remove\w*|cleanup\w*|unlink|fprint\w*|flush|kill|wait|setdeadline|write\w*)\(")
_ENDS = re.compile(r"(?i)die\w*\(|exit\w*\(|abort\(|fatal\w*\(|raise\b|throw\b")
_THROWN_AWAY = re.compile(r"^_(?:\s*,\s*_)*$")


def find(delta: FileDelta) -> Iterator[Match]:
    if delta.before is None:  # new code hides no error that was told before
        return
    yield from matches(PATTERN, delta, gained(delta, _silent))
    if delta.language is not None and delta.language.name == "go":
        ignored = [fact for fact in gained(delta, _ignored) if not _was_ignored(fact, delta.before)]
        told = {fact.key for fact in ignored}
        yield from matches(PATTERN, delta, ignored)
        unchecked = [fact for fact in _unchecked(delta) if fact.key.partition(" ")[2] not in told]
        yield from matches(PATTERN, delta, unchecked, is_removal=True)


def _was_ignored(fact: Fact, before: Side) -> bool:
    """It was called without a look at what it gives: saying so with `_ =` changes nothing."""
    return re.search(rf"(?m)^\s*(?:defer |go )?{re.escape(fact.key)}\(", before.source) is not None


def _silent(side: Side) -> Iterator[Fact]:
    for part in side.outline.of("handler"):
        head = (
            part.text[: max(0, part.body[0] - part.start)] if part.body[0] > part.start else part.text.splitlines()[0]
        )
        if not _EXPECTED.search(head) and _does_nothing(part) and not _falls_back(part):
            caught = " ".join(head.split()).strip(" {:")[:60]
            lines = tuple(range(part.line, min(part.end_line, part.line + 20) + 1))
            yield Fact(f"{function_of(part)} {caught}", part, f"does nothing about an error ({caught})", lines)


def _does_nothing(handler: Part) -> bool:
    if handler.node.type == "rescue_modifier":
        return bool(re.search(r"\brescue\s+(nil|false|\[\]|\{\}|\"\")\s*$", handler.text))
    lines = handler.text.splitlines()
    if len(lines) == 1:
        body = re.sub(r"^[^{:]*[{:]", "", handler.text).rstrip("} ")
        return not body.strip() or body.strip() in ("pass", "continue", "nil")
    return len(lines) <= 8 and all(
        _NOTHING.match(line) or (is_inert_line(line) and not _ENDS.search(line)) for line in lines[1:]
    )


def _falls_back(handler: Part) -> bool:
    """Ruby's `x = begin ... rescue ... nil end`: what failed has a value that is looked at."""
    kept = handler.nearest("assign", "function")
    return handler.language.name == "ruby" and kept is not None and kept.role == "assign"


def _ignored(side: Side) -> Iterator[Fact]:
    for part in side.outline.of("assign"):
        if (
            function_of(part)
            and _THROWN_AWAY.match(part.name)
            and re.match(r"[\w.]+\(", part.value)
            and not _TIDIES.search(part.value)
        ):
            called = part.value.partition("(")[0]
            yield Fact(called, part, f"throws the result of {called}() away")


def _unchecked(delta: FileDelta) -> list[Fact]:
    """Checks that are gone, of calls that are still made and assigned to nothing."""
    after = delta.after
    if after is None:
        return []
    found = []
    for fact in lost(delta, _checks):
        called = fact.key.partition(" ")[2]
        function = after.outline.functions.get(function_of(fact.part) or "")
        source = function.text if function else after.source
        if called and re.search(rf"(?m)^\s*(_\s*=\s*)?{re.escape(called)}\(", source):
            found.append(fact)
    return found


def _checks(side: Side) -> Iterator[Fact]:
    for part in side.outline.of("branch"):
        if _ERR_CHECK.match(part.condition) or ("!= nil" in part.text[:120] and "err" in part.text[:120]):
            around = "\n".join(side.text(line) for line in range(max(1, part.line - 3), part.line + 1))
            calls = re.findall(r"\w*[eE]rr\w*\s*:?=\s*([\w.]+)\(", around)
            yield Fact(
                f"check {calls[-1] if calls else ''}",
                part,
                f"no longer looks at the error of {calls[-1] if calls else 'a call'}()",
                (part.line,),
            )
