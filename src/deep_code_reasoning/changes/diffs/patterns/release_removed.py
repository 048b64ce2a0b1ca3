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

from deep_code_reasoning.changes.diffs.file_delta import FileDelta, Side
from deep_code_reasoning.changes.diffs.pattern import Fact, Match, Pattern, function_of, lost, matches
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
_RESOURCE = re.compile(
    r"(?i)open|connect|client|session|socket|cursor|stream|file|reader|writer|executor|channel|response|request|"
    r"statement|pool|lease|acquire|scanner|producer|consumer|begin|transaction|builder"
)
_ENDS = r"[cC]lose|[rR]elease|[dD]ispose|[sS]hutdown|[sS]top|[dD]estroy|[fF]ree|[cC]ancel"
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
    """It is still there, no one else was handed it, and nothing else of the function gives it back."""
    assert delta.after is not None
    function = function_of(fact.part)
    instead = (one.part for one in _facts(delta.after) if one.part.line in delta.after.changed)
    if function in {function_of(part) for part in instead}:
        return False
    name = _given_back(fact.part)
    if not delta.is_whole:
        return True
    part = delta.after.outline.functions.get(function or "")
    text = part.text if part else delta.after.source
    if not name:  # a block's: what it opened is opened still
        opened = re.findall(r"(\w+)\(", _opened(fact.part) or "")
        return any(re.search(rf"\b{one}\(", text) for one in opened[-1:])
    whole, base = re.escape(name), re.escape(re.split(r"[.>:?!]", name)[0])
    if re.search(rf"{whole}\W{{0,3}}(?:{_ENDS})\b|\b(?:{_ENDS})\w*\([^)]*{whole}\b", text):
        return False
    handed_on = rf"\w\((?:[^()]*,\s*)?&?{base}\s*[,)]"
    if re.search(handed_on, _put_in(delta, part)):
        return False
    if "." in name or "->" in name or name.startswith("@"):  # of an object that outlives the function
        return re.search(rf"\b{re.escape(re.findall(r'[a-zA-Z_0-9]+', name)[-1])}\b", delta.after.source) is not None
    return re.search(rf"\b{base}\b", text) is not None


def _given_back(part: Part) -> str:
    """`rows` of `rows.Close()` and of `close(rows)`, `cancel` of `cancel()`; empty of a block's."""
    if part.role != "call":
        return ""
    return part.receiver or part.arguments.strip("()& ").split(",")[0].strip() or part.method


def _put_in(delta: FileDelta, function: Part | None) -> str:
    """The new lines of a function, without those that were only indented otherwise."""
    assert delta.after is not None
    gone = {text.strip() for _, text in delta.removed_lines}
    lines = (line for line in delta.after.changed if function is None or function.line <= line <= function.end_line)
    return "\n".join(text for line in sorted(lines) if (text := delta.after.text(line)).strip() not in gone)


def _opened(part: Part) -> str | None:
    head = " ".join(part.text[: max(0, part.body[0] - part.start)].split())
    match = re.match(r"(?:async )?(?:with|try|await using|using)\s*\(?\s*(.{3,2000}?)\s*\)?\s*:?\s*\{?$", head)
    return match[1] if match and "(" in match[1] and _RESOURCE.search(match[1]) else None


def _name(part: Part) -> str:
    names = re.findall(r"\w+", part.receiver)
    return f"{names[-1]}." if names else ""
