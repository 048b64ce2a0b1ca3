"""What runs while a lock is held: blocks under one, and what stands between taking it and giving it back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from deep_code_reasoning.code.outline import Outline, Part

_TAKES = re.compile(
    r"^(r?lock|Lock|RLock|WLock|lockInterruptibly|acquire|Wait(Async|One)?|pthread_mutex_lock|mtx_lock|spin_lock)$"
)
_GIVES = re.compile(
    r"^(r?unlock|Unlock|RUnlock|release|Release|ReleaseMutex|pthread_mutex_unlock|mtx_unlock|spin_unlock)$"
)
_NAME = re.compile(r"(?i)(lock|mutex|mtx|semaphore|monitor|^mu|\.mu|_mu|latch)\w*\W*$")
_BLOCK_CALL = re.compile(r"^(synchronize|synchronized|withLock|with_lock|lock!|write|read)$")


@dataclass(frozen=True, eq=False)
class LockScope:
    """`start`, `end`: the bytes that run under the lock `name`; `part` is where it is taken."""

    name: str
    part: Part
    start: int
    end: int

    def calls(self, read: Outline) -> Iterator[Part]:
        for call in read.of("call"):
            if self.start <= call.start and call.end <= self.end and call is not self.part:
                yield call


def lock_scopes(read: Outline) -> list[LockScope]:
    """In the order of the text, of all that was read."""
    found: list[LockScope] = []
    parts = read.parts
    for part in parts:
        scope = _block(part) if part.role in ("lock", "scope") else None
        if part.role == "call":
            scope = _block_call(part) or _between(part, parts)
        elif part.role == "modifiers" and "synchronized" in part.text.split() and part.within is not None:
            scope = LockScope("this", part, *part.within.body)
        if scope is not None:
            found.append(scope)
    return found


def is_lock_release(call: Part) -> bool:
    return bool(_GIVES.match(call.method) and _NAME.search(call.receiver or call.method))


def _block(part: Part) -> LockScope | None:
    start, end = part.body
    head = "".join(part.text[: max(0, start - part.start)].split())
    if part.role == "lock":
        return LockScope(head.partition("(")[2].rstrip("){"), part, start, end)
    if (match := re.match(r"(?:async)?with(.*?)(?:\(\))?:", head)) and _NAME.search(match[1].partition("(")[0]):
        return LockScope(match[1], part, start, end)
    return None


def _block_call(part: Part) -> LockScope | None:
    if not _BLOCK_CALL.match(part.method):
        return None
    if part.method in ("write", "read") and not _NAME.search(part.receiver):
        return None
    return (
        LockScope(part.receiver or "this", part, part.start, part.end)
        if part.end_line > part.line or "{" in part.text
        else None
    )


def _between(part: Part, parts: tuple[Part, ...]) -> LockScope | None:
    """From a call that takes a lock to the one that gives the same back, else to the end of the function."""
    name = part.receiver or part.arguments.strip("()&")
    if not _TAKES.match(part.method) or not _NAME.search(name) or part.nearest("annotation", "defer"):
        return None
    function = part.nearest("function", "lambda")
    end = function.end if function else part.end
    for other in parts:
        if other.role == "call" and other.start > part.end and other.end <= end and _GIVES.match(other.method):
            same = (other.receiver or other.arguments.strip("()&")) == name
            if same and other.nearest("defer", "cleanup") is None:
                return LockScope(name, part, part.end, other.start)
    return LockScope(name, part, part.end, end)
