"""
## What it finds
A timeout or a deadline that is no longer set: a named argument (`timeout=5`), a call (`context.WithTimeout`,
`setReadTimeout`, `orTimeout`), a field of a literal, where the function that set it is still there.

## Why it matters
A call without a timeout waits as long as the other side does not answer, and holds its thread, its connection and its
place in the queue for that long. One slow dependency then stops everything.

## How it is computed
Names that tell a timeout are compared by name in the touched functions; one that is gone and for which no other one
came is a match.

## Not this when
The default of the client bounds the call, or a caller further up sets a deadline that is handed on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deep_code_reasoning.changes.diffs.file_delta import FileDelta, Side
from deep_code_reasoning.changes.diffs.pattern import Fact, Match, Pattern, lost, matches

PATTERN = Pattern(
    "DIFF007",
    "timeout-removed",
    "takes a timeout or a cancellation away",
    frozenset({"latency", "exhausted", "timeout", "memory", "queue"}),
)

_NAME = re.compile(
    r"(?i)^(set|with)?_?(\w+[_.])?(\w*?time_?out|\w*?deadline)(_?(ms|s|sec|secs|seconds|millis|milliseconds|in_?seconds|duration|after))?$"
)
_CALL = re.compile(
    r"(?i)^(with_?(timeout|deadline)(_?after|_?cause|ornull)?|set(\w*)timeout|set(\w*)deadline|\w*timeout|wait_for|or_?timeout|completeontimeout|"
    r"timeout_at|cancelafter|abortsignal\.timeout|withdeadlineafter)$"
)
_COMPUTES = re.compile(
    r"^([gG]et|[iI]s|[hH]as|[cC]alculate|[cC]ompute|[pP]arse|[rR]emaining|to|on|[hH]andle|[cC]heck|[vV]alidate)[A-Z_]\w*"
)
"""Reads or computes a timeout, or deals with one that ran out."""
_TIMER = re.compile(r"^(setTimeout|clearTimeout)$")  # of JavaScript: runs later, bounds nothing
_OFF = re.compile(r"^(None|null|nil|0|undefined|-1)$")


def find(delta: FileDelta) -> Iterator[Match]:
    yield from matches(PATTERN, delta, lost(delta, _facts), is_removal=True)


def _facts(side: Side) -> Iterator[Fact]:
    for part in side.outline.parts:
        if (
            part.role == "assign"
            and part.nearest("call", "assign")
            and _NAME.match(part.name)
            and not _OFF.match(part.value)
        ):
            yield Fact("timeout", part, f"no longer sets {part.name} (it was {' '.join(part.value.split())[:60]})")
        elif (
            part.role == "call"
            and _CALL.match(part.method)
            and not _COMPUTES.match(part.method)
            and not _TIMER.match(part.callee)
            and len(part.arguments) > 2
        ):
            yield Fact("timeout", part, f"no longer calls {part.method}{' '.join(part.arguments.split())[:60]}")
