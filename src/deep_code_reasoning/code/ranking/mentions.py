"""Places in code that a text names: paths with and without lines, frames of five languages, dotted names, messages."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from deep_code_reasoning.code.literals import tables_of

MOST = 300
"""Of each kind in one text."""


@dataclass(frozen=True)
class Mention:
    """`path` as the text has it, with `/`; a frame of Java has its package's folders before the file.

    `is_module`: a dotted name, of which the last parts may be names in the file.
    """

    path: str
    line: int | None = None
    function: str | None = None
    is_module: bool = False

    @property
    def said(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path


def mentions(text: str) -> list[Mention]:
    """Every place that the text names, each once; frames first."""
    found: dict[Mention, None] = {}
    taken: set[tuple[str, int | None]] = set()
    for pattern in _patterns("frames"):
        for match in _first(pattern, text):
            mention = _frame(match.groupdict())
            taken.add((mention.path, mention.line))
            found[mention] = None
    for match in _first(_pattern("path"), text):
        path, line = _clean(match["path"]), _number(match["line"])
        if (path, line) not in taken and not any(one.endswith("/" + path) and at == line for one, at in taken):
            found[Mention(path, line)] = None
    for match in _first(_pattern("dotted"), text):
        found[Mention(re.sub(r"\.|::", "/", match[0]), is_module=True)] = None
    return list(found)


def quotations(text: str) -> list[str]:
    """Texts that may stand in the program word for word: what is quoted, an error's message, without what is filled in.

    The longest constant run of each, of at least two words; the longest first.
    """
    found: dict[str, None] = {}
    for name in ("error", "quoted"):
        for match in _first(_pattern(name), text):
            whole = next(filter(None, match.groups()), "")
            runs = (" ".join(run.split()).strip(" .,:;!?") for run in _pattern("filled").split(whole))
            longest = max(runs, key=len, default="")
            if len(longest) >= 10 and len(longest.split()) >= 2:
                found[longest] = None
    return sorted(found, key=lambda one: (-len(one), one))[:40]


def routes(text: str) -> list[str]:
    """Requests' paths, the longest constant part of each: `/api/v1/orders` of `/api/v1/orders/{id}`."""
    found: dict[str, None] = {}
    for match in _first(_pattern("route"), text):
        runs = [run.strip("/") for run in re.split(r"/(?:[{<:$*][^/]*|\d+)(?=/|$)", match["a"])]
        longest = max(runs, key=len, default="")
        if len(longest) >= 4:
            found["/" + longest] = None
    return list(found)[:40]


def tables(text: str) -> list[str]:
    """Tables of the statements that lines of the text hold."""
    return list(dict.fromkeys(table for line in text.splitlines()[:5_000] for table in tables_of(line[:2_000])))[:20]


def _frame(groups: dict[str, str | None]) -> Mention:
    path = _clean(groups["path"] or "")
    if package := groups.get("package"):
        parts = package.rstrip(".").split(".")[:-1]  # the last is the class
        path = "/".join([*parts, path])
    return Mention(path, _number(groups.get("line")), groups.get("function"))


def _clean(path: str) -> str:
    parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return "/".join(parts)


def _number(text: str | None) -> int | None:
    return int(text) if text else None


def _first(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    for number, match in enumerate(pattern.finditer(text)):
        if number >= MOST:
            return
        yield match


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(_data()[name], re.MULTILINE)


@cache
def _patterns(name: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in _data()[name])


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
