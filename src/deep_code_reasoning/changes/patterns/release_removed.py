"""
## What it finds
Something that is no longer given back: a call that closes, releases, disposes, stops or unsubscribes, a `defer`, a
`with`, `using` or try-with-resources around what was opened, in a function that is still there.

## Why it matters
Connections, files, threads and listeners that are not given back run out or fill the memory; it takes as long as the
pool lasts, so it shows hours after the deploy.

## How it is computed
Such calls and blocks of the touched functions are compared by what is called; one that is gone, with no other of them
in the same function in its place (a `with` for a `close`), is a match.

## Not this when
The owner changed and gives it back elsewhere, or the thing is no longer opened here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deep_code_reasoning.changes.file_delta import FileDelta, Side
from deep_code_reasoning.changes.pattern import Fact, Match, Pattern, lost, matches
from deep_code_reasoning.code.lock_scopes import is_lock_release
from deep_code_reasoning.code.outline import Part

PATTERN = Pattern(
    "DIFF010",
    "release-removed",
    "no longer gives something back",
    frozenset({"exhausted", "memory", "concurrency", "timeout", "connect"}),
)

_GIVES_BACK = re.compile(
    r"^(close(Quietly|Async|_all|All)?|aclose|Close|CloseAsync|release(Connection|_connection)?|Release|dispose|Dispose(Async)?|free|destroy|"
    r"shutdown(Now)?|Shutdown|unsubscribe|removeListener|removeEventListener|off|clearInterval|clearTimeout|disconnect|"
    r"Stop|returnObject|recycle|unregister|deregister|checkin|cancel|fclose|curl_close|delete)$"
)
_WEAK = frozenset({"delete", "off", "destroy", "free", "cancel", "Stop"})
"""Names that often mean something else; they count only in a `defer` or a `finally`, where things are given back."""


def find(delta: FileDelta) -> Iterator[Match]:
    yield from matches(
        PATTERN, delta, [fact for fact in lost(delta, _facts) if _still_opened(delta, fact)], is_removal=True
    )


def _facts(side: Side) -> Iterator[Fact]:
    for part in side.outline.parts:
        if part.role == "call" and _GIVES_BACK.match(part.method):
            if part.method in _WEAK and part.nearest("defer", "cleanup") is None:
                continue
            if is_lock_release(part):  # a lock's, which is DIFF009's
                continue
            yield Fact("release", part, f"no longer calls {_name(part)}{part.method}()")
        elif part.role == "scope" and (opened := _opened(part)):
            yield Fact("release", part, f"no longer closes {opened} at the end of a block")


def _still_opened(delta: FileDelta, fact: Fact) -> bool:
    """What was given back is still used where it was: its name stands on the side after."""
    assert delta.after is not None
    name = re.findall(r"\w+", fact.part.receiver)[-1:] if fact.part.role == "call" else [fact.part.text[:0]]
    if not delta.is_whole or not name or not name[0]:
        return True
    return name[0] in delta.after.source


def _opened(part: Part) -> str | None:
    head = " ".join(part.text[: max(0, part.body[0] - part.start)].split())
    match = re.match(r"(?:async )?(?:with|try|await using|using)\s*\(?\s*(.{3,60}?)\s*\)?\s*:?\s*\{?$", head)
    return (
        match[1]
        if match
        and "(" in match[1]
        and not re.search(r"(?i)lock|mock|patch|raises|assert|subtest|suppress|context", match[1])
        else None
    )


def _name(part: Part) -> str:
    names = re.findall(r"\w+", part.receiver)
    return f"{names[-1]}." if names else ""
