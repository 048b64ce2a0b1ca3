"""Which function of a tree a place means that was seen at run time: a frame of a stack, the code attributes of a span.

A file is meant by the end of its path, in whole names, and of several the one that shares the most; with a line it has
to be the innermost function that holds the line, and the name, where one is given, has to agree. A file's name alone
(as Java prints it) has to come with the file's package, or to fit one file of the tree only. Without a file the
qualified name has to agree: a bare one is no place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from deep_code_reasoning.code.graph.facts import Definition
from deep_code_reasoning.code.graph.program import Program
from deep_code_reasoning.code.graph.run_time import CodePlace

MOST_MEANT = 8
"""Files that share the end of a path; with more it is told as ambiguous."""

OUTSIDE = "files that are not in this tree"
SEVERAL = "places that fit several files"
NO_FUNCTION = "lines that no function holds, or another than was seen: the tree is not what ran"
NAMELESS = "names without a file or a class"
NOT_ON_PATH = "functions that are not on this path"

_CONSTRUCTORS = frozenset({"__init__", "__new__", "constructor", "initialize", "__construct"})
_MADE_BY_COMPILERS = (
    (re.compile(r"\(\*?([\w.]+)\)"), r"\1"),  # Go: shop.(*Cart).Check
    (re.compile(r" \[as [^\]]*\]"), ""),  # Node
    (re.compile(r"lambda\$(?:static\$|new\$)?(\w+?)\$\d+"), r"\1"),  # Java
    (re.compile(r"<(\w+)>[a-z]__[\w|]*"), r"\1"),  # .NET
    (re.compile(r"\([^()]*\)|<[^<>]*>"), ""),
)


@dataclass(frozen=True)
class Meant:
    """The function, or why there is none."""

    key: tuple[str, int, str] | None
    why: str = ""


class Places:
    """Of one tree. `steps`: keys of the functions of the path, by which places without a file are found."""

    def __init__(self, program: Program, steps: Iterable[tuple[str, int, str]]) -> None:
        self._program = program
        self._steps: dict[str, list[tuple[str, int, str]]] = {}
        for key in dict.fromkeys(steps):
            for name in names_of(key[2])[-1:]:
                self._steps.setdefault(name, []).append(key)
        self._known: dict[CodePlace, Meant] = {}

    def meant(self, place: CodePlace) -> Meant:
        if place not in self._known:
            self._known[place] = self._in_file(place) if place.file else self._by_name(place)
        return self._known[place]

    def _in_file(self, place: CodePlace) -> Meant:
        file = place.file or ""
        names = names_of(place.function or "")
        paths = self._program.names.agreeing(file)
        has_folder = bool(re.search(r"[/\\]", file.strip("/\\")))
        if len(paths) > MOST_MEANT:
            return Meant(None, SEVERAL)
        if not has_folder and len(names) > 2:  # of a package, where the language prints it
            paths = [path for path in paths if self._is_of_package(path, names)]
        if not paths:
            return Meant(None, OUTSIDE)
        found = [one for path in paths if (one := self._function(path, place, names, has_folder)) is not None]
        if len(found) == 1:
            return Meant(found[0].key)
        return Meant(None, SEVERAL if len(paths) > 1 else NO_FUNCTION)

    def _is_of_package(self, path: str, names: list[str]) -> bool:
        facts = self._program.facts(path)
        if facts is None or facts.rules.package is None or facts.rules.family != "jvm":
            return facts is not None
        package = facts.package.split(".") if facts.package else []
        return names[: len(package)] == package

    def _function(self, path: str, place: CodePlace, names: list[str], has_folder: bool) -> Definition | None:
        facts = self._program.facts(path)
        if facts is None:
            return None
        if place.line:
            found = facts.at(place.line)
            if found is not None and (not names or _agrees(found, names)):
                return found
            if not has_folder:
                return None
        if not names:
            return None
        named = [one for one in facts.definitions if _bears(one, names)]  # lines move, names stay
        qualified = [one for one in named if len(names_of(one.name)) > 1 and names[-2:] == names_of(one.name)[-2:]]
        return (qualified or named)[0] if len(qualified or named) == 1 else None

    def _by_name(self, place: CodePlace) -> Meant:
        names = names_of(place.function or "")
        if len(names) < 2:
            return Meant(None, NAMELESS)
        found = [key for key in self._steps.get(names[-1], ()) if _is_so_qualified(key, names)]
        if not found:
            return Meant(None, NOT_ON_PATH)
        return Meant(found[0]) if len(found) == 1 else Meant(None, SEVERAL)


def names_of(function: str) -> list[str]:
    """`github.com/x/shop.(*Cart).Check`, `com.x.Cart.check`, `Shop::Cart#check` -> [..., Cart, check]"""
    for pattern, instead in _MADE_BY_COMPILERS:
        function = pattern.sub(instead, function)
    names = [name for name in re.split(r"[^\w?!~]+", function) if name]
    while len(names) > 1 and re.fullmatch(r"func\d+|\d+|gowrap\d+", names[-1]):  # Go's function literals
        names.pop()
    return names


def _agrees(one: Definition, names: list[str]) -> bool:
    """Of a function that holds the line: it may be seen as what it was called in, or as what was made of it."""
    return one.simple in names or (one.simple in _CONSTRUCTORS and one.owner in names)


def _bears(one: Definition, names: list[str]) -> bool:
    own = names_of(one.name)
    return bool(own) and own[-1] == names[-1]


def _is_so_qualified(key: tuple[str, int, str], names: list[str]) -> bool:
    own = names_of(key[2])
    if len(own) > 1:
        return names[-2] == own[-2]
    return names[-2] in names_of(key[0].rpartition(".")[0])[-2:]
