"""
## What it finds
A call that leaves the process (a query, a request, a message) and that runs once a round of a loop afterwards, but did
not before: the call was put into a loop, a loop was put around it, or a function of the same file that a loop calls
began to make it. Loops are also comprehensions, and lambdas handed to forEach, map, each, Select and the like.

## Why it matters
One request becomes as many calls as there are elements (N+1): each is fast, their sum is not, and the service called
sees a multiple of its traffic although nothing of its own changed.

## How it is computed
All loops around all such calls of the touched functions are compared by what is called; a call that was in a loop
before, anywhere in the file, is no match, nor one that takes the place of another call in a loop of the same function.
What leaves the process is told by the name of the receiver, by its declared type, and by a statement of SQL among the
arguments.

## Not this when
The loop has a fixed, small number of rounds, retries one call until it succeeds, pages through one result, or the call
is answered from memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from deep_code_reasoning.changes.diffs.file_delta import FileDelta, Side
from deep_code_reasoning.changes.diffs.pattern import Fact, Match, Pattern, function_of, gained, matches
from deep_code_reasoning.code.loops import loop_around
from deep_code_reasoning.code.outline import Outline, Part
from deep_code_reasoning.code.remote_calls import is_own, remote_words, shown

PATTERN = Pattern(
    "DIFF001",
    "call-in-loop",
    "makes a call in a loop",
    frozenset({"latency", "calls", "timeout", "exhausted", "overload"}),
)

MOST_CALLERS = 20
_EACH = re.compile(
    r"for(?:each)?\s*\(?(?:await\s*\(?)?(?:final |const |let |var |auto |val )?[\w<>\[\], .&*]*?"
    r"([A-Za-z_$]\w*)\s*(?:in|of|:(?!=)|as)\s+\*?&?([\w$.>\-]+)"
)
_RETRY = re.compile(
    r"(?i)retr|attempt|backoff|poll|page|cursor|next_?token|offset|hasNext|has_next|while\s*\(?\s*(true|1|True)\b|^for\s*(\(\s*;\s*;\s*\))?\s*\{?\s*$|^loop\b|is_?running|shutdown|interrupted|\.Next\(\)|\.next\(\)|rs\.next|select\s*\{|fetchone|rows\."
)
"""Loops that wait, retry or page: they do not make a call once an element."""


def find(delta: FileDelta) -> Iterator[Match]:
    if delta.after is None:
        return
    direct = gained(delta, lambda side: _facts(side, side.outline))
    yield from matches(PATTERN, delta, direct)
    if delta.is_whole and (helpers := _helpers(delta, delta.after)):
        yield from matches(PATTERN, delta, [*_from_loops(delta.after, helpers)])


def _facts(side: Side, read: Outline) -> Iterator[Fact]:
    for call in read.of("call"):
        loop = loop_around(call)
        if loop is None or _RETRY.search(_head(loop)) or _is_kept(call):
            continue
        words = remote_words(call, side)
        if words:
            yield Fact(_key(words), call, f"calls {words} {_rounds(loop)}", (loop.line, call.line))
        elif is_own(call) and side.parsed.is_fragment is False:
            inner = _remote_in(call, side)
            if inner:
                told = f"calls {shown(call)}, which calls {inner}, {_rounds(loop)}"
                yield Fact(_key(inner), call, told, (loop.line, call.line))


def _is_kept(call: Part) -> bool:
    """Made on the first round only: `if x is None: x = load()`."""
    branch, kept = call.nearest("branch"), call.nearest("assign")
    if branch is None or kept is None or kept.start < branch.start or not kept.name:
        return False
    asked = branch.condition.strip("() ")
    name = re.escape(kept.name.split()[-1])
    return (
        re.search(rf"(^(!|not\s+){name}$|\b{name}\s*(is|===?)\s*(None|null|nil|undefined)|^{name}\.nil\?)", asked)
        is not None
    )


def _remote_in(call: Part, side: Side) -> str | None:
    """The first remote call that a function of the same file makes, by the function's name."""
    for function in _named(side.outline, call.method):
        if call.start < function.start or call.end > function.end:  # not of itself
            for inner in side.inside(function).of("call"):
                if words := remote_words(inner, side):
                    return words
    return None


def _helpers(delta: FileDelta, after: Side) -> dict[str, Fact]:
    """Functions that make a remote call which they did not make before."""
    new = gained(delta, _outside_loops)
    return {name.rpartition(".")[2]: fact for fact in new if (name := function_of(fact.part)) and len(name) > 2}


def _outside_loops(side: Side) -> Iterable[Fact]:
    for call in side.outline.of("call"):
        if loop_around(call) is None and (words := remote_words(call, side)):
            yield Fact(_key(words), call, words)


def _from_loops(side: Side, helpers: dict[str, Fact]) -> Iterator[Fact]:
    """Loops of the file that call one of these functions; told at the new call, which is what changed."""
    told = set()
    for call in side.whole_outline.of("call"):
        fact = helpers.get(call.method)
        loop = loop_around(call) if fact is not None and is_own(call) else None
        if fact is None or loop is None or call.method in told or _RETRY.search(_head(loop)):
            continue
        if call.line in side.changed and loop.line in side.changed:
            continue  # already told as a call put into a loop
        told.add(call.method)
        yield Fact(
            fact.key, fact.part, f"calls {fact.words} in {shown(call)}, which line {call.line} runs {_rounds(loop)}"
        )


def _named(read: Outline, name: str) -> list[Part]:
    return [part for part in read.parts if part.role == "function" and part.name.rpartition(".")[2] == name][:2]


def _key(words: str) -> str:
    return words.lower()


def _head(loop: Part) -> str:
    if loop.role == "call":
        return loop.method
    return loop.text[: max(0, loop.body[0] - loop.start)] or loop.text[:100]


def _rounds(loop: Part) -> str:
    """`once per line of lines`, `once a round`."""
    head = " ".join(_head(loop).split())
    each = _EACH.search(head)
    if each:
        return f"once per {each[1]} of {each[2]}"
    each = (
        re.search(r"foreach\s*\(\$?([\w$>\-]+)\s+as\s+(?:\$\w+\s*=>\s*)?\$?(\w+)", head) if "foreach" in head else None
    )
    if each:
        return f"once per {each[2]} of {each[1]}"
    each = re.search(r"for\s+[\w, ]*?(\w+)\s*:=\s*range\s+([\w.]+)", head)
    if each:
        return f"once per {each[1]} of {each[2]}"
    if loop.role == "call":
        over = re.sub(r"\([^()]*\)", "()", loop.receiver)
        return f"once per element of {over}" if 0 < len(over) <= 60 else "once per element"
    return "once a round of a loop"
