"""
## What it finds
A message that is no longer acknowledged, an offset that is no longer committed, in a function that is still there:
`ack`, `basic_ack`, `acknowledge`, `commitSync`, `delete_message`, `XACK`.

## Why it matters
The broker keeps what is not acknowledged: it delivers it again, holds it in memory, and stops at the limit of messages
on their way. Consumers look idle while the queue grows.

## How it is computed
Such calls of the touched functions are compared; one that is gone with no other one in its place in the same function
is a match.

## Not this when
The consumer was switched to acknowledge by itself, or the call moved to the code that handles the message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deep_code_reasoning.changes.diffs.file_delta import FileDelta, Side
from deep_code_reasoning.changes.diffs.pattern import Fact, Match, Pattern, lost, matches

PATTERN = Pattern(
    "DIFF011",
    "acknowledgement",
    "changes when a message is acknowledged or committed",
    frozenset({"queue", "memory", "concurrency"}),
)

_ACK = re.compile(
    r"(?i)^(n?ack|basic_?n?ack|basic_?reject|ack_?(message|all|async|multiple)|acknowledge(_?async|_?cumulative\w*)?|commit_?(sync|async|offsets?|message|messages)|"
    r"delete_?message(_?batch|async)?|completemessage(async)?|xack|markasprocessed|storeoffset|mark_?message)$"
)


def find(delta: FileDelta) -> Iterator[Match]:
    yield from matches(PATTERN, delta, lost(delta, _facts), is_removal=True)


def _facts(side: Side) -> Iterator[Fact]:
    for part in side.outline.of("call"):
        if _ACK.match(part.method):
            yield Fact("acknowledge", part, f"no longer calls {part.method}()")
