"""FILE:LINE, or the name of a function, to its definition."""

from __future__ import annotations

import re
from difflib import get_close_matches

from deep_code_reasoning.code.graph.facts import Definition
from deep_code_reasoning.code.graph.names import family_of
from deep_code_reasoning.code.graph.program import MOST_LOOKED_AT, Program
from deep_code_reasoning.errors import UsageError

_PLACE = re.compile(r"^(?P<file>.+?):(?P<line>\d{1,9})$")


def entry_of(program: Program, entry_point: str) -> tuple[Definition, list[str]]:
    """And what is to be said of the choice, where several fit. Raises UsageError naming what was looked for."""
    if match := _PLACE.match(entry_point):
        return _at(program, match["file"], int(match["line"]))
    return _named(program, entry_point)


def _at(program: Program, file: str, line: int) -> tuple[Definition, list[str]]:
    path = file.removeprefix("./").strip("/")
    paths = [path] if program.names.has(path) else program.names.ending_with(path)
    if not paths:
        why = program.names.left_out.get(path)
        close = get_close_matches(path, program.names.paths, 3)
        raise UsageError(
            f"{file}: " + (why or f"no source file of this tree{'; close: ' + ', '.join(close) if close else ''}")
        )
    if len(paths) > 1:
        raise UsageError(f"{file}: {len(paths)} files end so ({', '.join(paths[:3])}); give more of the path")
    facts = program.facts(paths[0])
    if facts is None:
        raise UsageError(f"{paths[0]}: {program.names.left_out.get(paths[0], 'cannot be read')}")
    found = facts.at(line)
    if found is None:
        after = [f"{one.name} at {one.line}" for one in facts.definitions if one.line > line][:3]
        raise UsageError(
            f"{paths[0]}:{line}: no function holds this line; "
            + (f"the next: {', '.join(after)}" if after else "none below")
        )
    return found, []


def _named(program: Program, name: str) -> tuple[Definition, list[str]]:
    plain = re.sub(r"::|#|->|/", ".", name.removesuffix("()")).strip(". ")
    simple = plain.rpartition(".")[2]
    families = {family_of(path) for path in program.names.paths}
    paths = [path for family in sorted(families) for path in program.names.defining(simple, family)]
    paths.sort(key=lambda path: ("test" in path.lower(), path))
    found = [
        one
        for one in program.definitions(simple, paths[: MOST_LOOKED_AT * 5])
        if one.name == plain or one.name.endswith(f".{plain}") or _module_of(one).endswith(f".{plain}")
    ]
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


def _module_of(one: Definition) -> str:
    """`shop/cart.py`, `Cart.check` -> .shop.cart.Cart.check"""
    return "." + one.path.rpartition(".")[0].replace("/", ".") + "." + one.name
