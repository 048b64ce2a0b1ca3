"""What a function does beside calling: waits and leaves the process, takes locks, starts other work, fails.

By names, as everything that is told without running a program: `remote_calls` and `lock_scopes` say their limits.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from pathlib import Path

from deep_code_reasoning.code.graph.facts import Facts
from deep_code_reasoning.code.lock_scopes import LockScope, is_lock_release, lock_scopes
from deep_code_reasoning.code.outline import Outline, Part
from deep_code_reasoning.code.remote_calls import is_store_call, remote_words

MOST = 200
LONGEST = 120
_CAUGHT = re.compile(r"^(?:}?\s*(?:except\*?|catch|rescue))\s*\(?\s*([^){\n]*)")
_GUARD = re.compile(
    rb"\bstd::(lock_guard|unique_lock|scoped_lock|shared_lock)\b(?:<[^;()]{0,200}>)?\s+\w+[({]\s*([^,;)}]+)"
)

_RAISES = {"ruby": ("raise", "fail"), "go": ("panic",), "rust": ("panic!",)}


@dataclass(frozen=True)
class Effect:
    """`kind`: remote, database, file, queue, lock, unlock, await, spawn, raise, catch. `text` names it to a reader."""

    kind: str
    line: int
    text: str


@dataclass(frozen=True)
class Body:
    """The calls of one function in the order in which they run where nothing branches, without those of functions
    that are defined within it; and what else it does."""

    calls: tuple[Part, ...]
    effects: tuple[Effect, ...]
    locks: tuple[LockScope, ...]

    def locks_around(self, call: Part) -> list[str]:
        return [
            scope.name.strip("&*") or "this"
            for scope in self.locks
            if scope.start <= call.start and call.end <= scope.end and call is not scope.part
        ]


def body_of(facts: Facts, function: Part) -> Body:
    parts = facts.outline.parts
    at = bisect_left(parts, function.start, key=lambda one: one.start)
    inside = [one for one in takewhile(lambda one: one.start < function.end, parts[at:]) if one is not function]
    inside = [one for one in inside if one.start > function.start or one.end < function.end]
    own, beyond = [], function.start
    for one in inside:  # in the order of the text: what lies in a function that lies in this one is passed over
        if one.start < beyond:
            continue
        if one.role == "function":
            beyond = one.end
        own.append(one)
    calls = tuple(sorted((one for one in own if one.role == "call"), key=lambda one: one.end))
    locks = (*lock_scopes(Outline(tuple(own), True)), *(_guards(function) if facts.language.name == "cpp" else ()))
    effects = sorted(_effects(function, own, locks, facts), key=lambda one: one.line)
    return Body(calls, tuple(dict.fromkeys(effects))[:MOST], locks)


def io_of(call: Part, facts: Facts) -> Effect | None:
    """What a call does that no definition of this tree carries out."""
    for kind in ("file", "queue"):
        if _pattern(kind).search(call.callee):
            return Effect(kind, call.line, _short(call.callee))
    words = remote_words(call, facts)
    if words is None:
        return None
    return Effect("database" if is_store_call(call, facts) else "remote", call.line, words)


def is_spawn(call: Part) -> bool:
    """Starts what runs beside: its arguments or block are not waited for here."""
    around = call.nearest("spawn")
    if around is not None and around.node.named_children and around.node.named_children[0].start_byte == call.start:
        return True
    if _pattern("spawn_always").search(call.callee):
        return True
    return bool(_pattern("spawn").search(call.callee) and _pattern("spawn_receiver").search(call.receiver))


def is_awaited(call: Part) -> bool:
    around = call.within
    if around is not None and around.role == "await" and around.end - call.end <= 8:
        return True
    return call.data[max(0, call.start - 7) : call.start].strip().endswith(b"await")


def _effects(function: Part, own: list[Part], locks: tuple[LockScope, ...], facts: Facts) -> Iterator[Effect]:
    for scope in locks:
        line = scope.part.line if scope.part is not function else _line_of(function, scope.start)
        yield Effect("lock", line, scope.name.strip("&*") or "this")
    for part in own:
        if part.role == "call":
            if is_lock_release(part):
                name = part.receiver or part.arguments.strip("()&")
                yield Effect("unlock", part.line, name + (" (deferred)" if part.nearest("defer") else ""))
            if is_spawn(part) and part.nearest("spawn") is None:
                yield Effect("spawn", part.line, _short(part.callee))
        elif part.role == "spawn":
            yield Effect("spawn", part.line, _short(part.text))
        elif part.role == "await":
            yield Effect("await", part.line, _short(part.text))
        elif part.role == "raise":
            yield Effect("raise", part.line, _short(part.text))
        elif part.role == "handler":
            match = _CAUGHT.match(part.text)
            yield Effect("catch", part.line, match[1].strip(" :") if match and match[1].strip(" :") else "anything")
        if part.role == "call" and not part.receiver and part.method in _RAISES.get(facts.language.name, ()):
            yield Effect("raise", part.line, _short(part.text))


def _line_of(function: Part, offset: int) -> int:
    return function.line + function.data.count(b"\n", function.start, offset)


def _guards(function: Part) -> Iterator[LockScope]:
    """C++: `std::lock_guard<std::mutex> held(mutex_);` is a declaration, not a call."""
    for match in _GUARD.finditer(function.data, function.start, function.end):
        yield LockScope(match[2].decode("utf-8", "replace").strip(), function, match.end(), function.end)


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= LONGEST else plain[: LONGEST - 1] + "…"


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))[name])
