"""Where a path begins: a line of a file, or the name of a function, to its definition."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from deep_code_reasoning.code.graph.facts import Definition, Facts
from deep_code_reasoning.code.graph.names import Names, family_of
from deep_code_reasoning.code.graph.program import MOST_LOOKED_AT, Program
from deep_code_reasoning.errors import UsageError

MOST_COMPARED = 5_000
MOST_TOLD = 3
LONGEST_TOLD = 300
_PLACE = re.compile(r"^(?P<file>.+?):(?P<line>\d{1,9})$")


@dataclass(frozen=True)
class Entry:
    """A file with a line or a function's name, or a name alone, qualified or not. The line may be any of the function,
    or of the comments and decorators above it; where both are given and disagree, the name decides."""

    file: str | None = None
    line: int | None = None
    function: str | None = None

    @classmethod
    def parse(cls, text: str) -> Entry:
        """FILE:LINE, else a function's name."""
        if match := _PLACE.match(text):
            return cls(match["file"], int(match["line"]))
        return cls(function=text)


def entry_of(program: Program, entry: Entry) -> tuple[Definition, list[str]]:
    """And what is to be said of the choice, where several fit. Raises UsageError naming what was looked for."""
    if entry.file:
        return _in_file(_facts(program, entry.file), entry)
    return _named(program, entry.function or "")


def _facts(program: Program, file: str) -> Facts:
    path = file.removeprefix("./").strip("/")
    file = file if len(file) <= LONGEST_TOLD else "…" + file[-LONGEST_TOLD:]
    paths = [path] if program.names.has(path) else program.names.agreeing(path)
    if not paths:
        if why := program.names.left_out.get(path):
            raise UsageError(f"{file}: {why}")
        near = _nearby(program.names, path)
        there = f"; there are {', '.join(near)}" if near else ""
        raise UsageError(f"{file}: no source file of this tree ({len(program.names.paths)} files){there}")
    if len(paths) > 1:
        raise UsageError(f"{file}: {len(paths)} files end so ({', '.join(paths[:MOST_TOLD])}); give more of the path")
    facts = program.facts(paths[0])
    if facts is None:
        raise UsageError(f"{paths[0]}: {program.names.left_out.get(paths[0], 'cannot be read')}")
    return facts


def _nearby(names: Names, path: str) -> list[str]:
    """Files of the same name elsewhere; else of a similar name in the same folder, else anywhere."""
    folder, _, last = path.rpartition("/")
    if same := names.ending_with(last):
        return same[:MOST_TOLD]
    beside = {one.rpartition("/")[2]: one for one in names.in_folder(folder)[:MOST_COMPARED]}
    if close := get_close_matches(last, beside, MOST_TOLD):
        return [beside[one] for one in close]
    begin = last[:2].lower()
    similar = [one for one in names.paths if one.rpartition("/")[2][:2].lower() == begin][:MOST_COMPARED]
    by_name = {one.rpartition("/")[2]: one for one in reversed(similar)}
    return [by_name[one] for one in get_close_matches(last, by_name, MOST_TOLD)]


def _in_file(facts: Facts, entry: Entry) -> tuple[Definition, list[str]]:
    at = _at(facts, entry.line) if entry.line else None
    if not entry.function:
        if at is None:
            raise UsageError(_nothing_at(facts, entry.line))
        return at, []
    simple = _plain(entry.function).rpartition(".")[2]
    if at is not None and at.simple == simple:
        return at, []
    named = _so_named(facts.definitions, _plain(entry.function)) or facts.by_name.get(simple, [])
    if not named:
        if at is None:
            raise UsageError(f"{_nothing_at(facts, entry.line)}; and none is named {entry.function}")
        return at, [f"{facts.path} has no function {entry.function}; this is the one at line {entry.line}"]
    chosen = min(named, key=lambda one: abs(one.line - (entry.line or one.line)))
    other = f"; line {entry.line} is of {at.name}" if at else f"; no function holds line {entry.line}"
    many = f"; {len(named)} bear that name, this is the nearest" if len(named) > 1 else ""
    return chosen, [f"{chosen.name} at {chosen.line}, by its name{other if entry.line else ''}{many}"]


def _at(facts: Facts, line: int) -> Definition | None:
    """The innermost function that holds the line; else the one that the comments and decorators there belong to."""
    if (found := facts.at(line)) is not None:
        return found
    below = min((one for one in facts.definitions if one.line > line), key=lambda one: one.line, default=None)
    if below is None:
        return None
    marks = [*facts.outline.of("annotation"), *facts.outline.of("comment")]
    covered = {number for one in marks for number in range(max(one.line, line), min(one.end_line + 1, below.line))}
    return below if covered and covered >= set(range(line, below.line)) else None


def _nothing_at(facts: Facts, line: int | None) -> str:
    if line is None:
        return f"{facts.path}: no line and no function's name; expected one of them"
    after = [f"{one.name} at {one.line}" for one in facts.definitions if one.line > line][:MOST_TOLD]
    before = [f"{one.name} at {one.line}" for one in facts.definitions if one.line < line][-MOST_TOLD:]
    told = f"the next: {', '.join(after)}" if after else f"the last: {', '.join(before)}" if before else "it has none"
    return f"{facts.path}:{line}: no function holds this line; {told}"


def _named(program: Program, name: str) -> tuple[Definition, list[str]]:
    plain = _plain(name)
    families = {family_of(path) for path in program.names.paths}
    simple = plain.rpartition(".")[2]
    paths = [path for family in sorted(families) for path in program.names.defining(simple, family)]
    paths.sort(key=lambda path: ("test" in path.lower(), path))
    found = _so_named(program.definitions(simple, paths[: MOST_LOOKED_AT * 5]), plain)
    if not found:
        raise UsageError(f"{name}: no function of this name in {len(program.names.paths)} source files")
    found.sort(key=lambda one: one.is_abstract)
    notes = []
    if len(found) > 1:
        others = ", ".join(f"{one.path}:{one.line}" for one in found[1:6])
        notes.append(
            f"{len(found)} functions bear the name {name}; this is {found[0].path}:{found[0].line}, others: {others}"
        )
    return found[0], notes


def _plain(name: str) -> str:
    return re.sub(r"::|#|->|/", ".", name.removesuffix("()")).strip(". ")


def _so_named(definitions: Iterable[Definition], plain: str) -> list[Definition]:
    ending = f".{plain}"
    return [one for one in definitions if f".{one.name}".endswith(ending) or _module_of(one).endswith(ending)]


def _module_of(one: Definition) -> str:
    """`shop/cart.py`, `Cart.check` -> .shop.cart.Cart.check"""
    return "." + one.path.rpartition(".")[0].replace("/", ".") + "." + one.name
