"""
## What it finds
Something is put into a collection that lives as long as the process (of the module, static, of a package), and nothing
in the file ever takes anything out of it or bounds it.

## Why it matters
Memory grows with the number of requests, or of their distinct keys, until the process is killed; the restart hides it
for as long as it took before.

## How it is computed
Names that are assigned an empty collection outside of functions, or as a static field, are read from the file. A call
that adds to one of them (append, add, put, set, push) or an assignment to an element of it, inside a function, that is
new is a match if no call of the file removes from it, clears it, replaces it or asks for its size.

## Not this when
The keys are few and known, such as names of classes or of settings, or the collection is bounded by its type.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deep_code_reasoning.changes.diffs.file_delta import FileDelta, Side
from deep_code_reasoning.changes.diffs.pattern import Fact, Match, Pattern, gained, matches
from deep_code_reasoning.code.outline import Part

PATTERN = Pattern("DIFF018", "unbounded-growth", "keeps what it never lets go", frozenset({"memory", "cache", "crash"}))

_EMPTY = re.compile(
    r"^(\[\s*\]|\{\s*\}|(collections\.)?(list|dict|set|OrderedDict|defaultdict)\([\w.]*\)|new\s+(Map|Set|(Concurrent)?(Hash)?Map|ArrayList|LinkedList|HashSet|"
    r"ConcurrentHashMap|ConcurrentLinkedQueue|CopyOnWriteArrayList|List|Dictionary|HashSet|ConcurrentDictionary|ConcurrentBag)(<.*>)?\(\s*\)|"
    r"(map\[.*|\[\].*)\{\s*\}|make\((map|\[\]).*\)|mutable(Map|List|Set)Of(<.*>)?\(\)|Hash\.new.*|Array\.new|Concurrent::Map\.new)$",
    re.DOTALL,
)
_ADDS = re.compile(
    r"^(append|add|push|put|set|insert|extend|putIfAbsent|computeIfAbsent|offer|Add|TryAdd|unshift|<<|setdefault|update|addAll)$"
)
_NEVER = re.compile(
    r"(?i)registry|registered|handlers?|plugins?|types?|classes|routes?|hooks?|middlewares?|commands?|factories|providers?|listeners?_?$|^__all__$"
)


def find(delta: FileDelta) -> Iterator[Match]:
    if delta.after is None or not delta.is_whole:  # of a fragment no one knows what else is there
        return
    yield from matches(PATTERN, delta, gained(delta, _facts))


def _facts(side: Side) -> Iterator[Fact]:
    kept = _lasting(side)
    if not kept:
        return
    for part in side.outline.parts:
        name = _added_to(part)
        if name in kept and part.nearest("function") is not None and not _is_bounded(name, side.source):
            yield Fact(name, part, f"adds to {name}, which nothing in this file empties or bounds")


def _lasting(side: Side) -> set[str]:
    found = set()
    for part in side.outline.of("assign"):
        is_outside = part.nearest("function", "lambda", "call") is None
        if (
            is_outside
            and _EMPTY.match(part.value.strip())
            and (part.nearest("class") is None or _is_static(part, side))
        ):
            found.add(part.name.split(":")[0].strip())
    return {name for name in found if re.fullmatch(r"[@$\w]+", name) and not _NEVER.search(name)}


def _is_static(part: Part, side: Side) -> bool:
    if part.language.name in ("python", "ruby"):
        return part.language.name == "python" or part.name.startswith("@@")
    return bool(re.search(r"\bstatic\b", side.text(part.line)))


def _added_to(part: Part) -> str:
    if part.role == "call" and _ADDS.match(part.method):
        if part.method == "append" and part.language.name == "go":
            return part.arguments.strip("(").partition(",")[0].strip()
        return re.split(r"[.:]|->", part.receiver)[-1]
    if part.role == "assign":
        match = re.match(r"(?:self\.|cls\.|this\.)?([@$\w]+)\[", part.text)
        return match[1] if match else ""
    return ""


def _is_bounded(name: str, source: str) -> bool:
    plain = re.escape(name)
    return bool(
        re.search(
            rf"(?i){plain}[!?]?(\.|::|->)(pop\w*|remove\w*|delete\w*|clear|evict\w*|discard|poll\w*|shift|splice|tryremove|take|retainall|trim\w*|size|length|count|len)\b"
            rf"|(del|delete|unset|len|size|count)[\s(]+{plain}\b"
            rf"|(?m:^[ \t]+(global .*\n\s*)?{plain}\s*=[^=])|maxsize|max_size|delete\({plain}",
            source,
        )
    )
