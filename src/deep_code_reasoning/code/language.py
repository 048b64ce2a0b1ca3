"""Languages by path. A file `languages/<name>.toml` is one: its grammar's package, its endings, and its nodes' parts.

`[parts]` maps what a node is for to the grammar's node types:
    function class lambda   what has a body of its own (a lambda that is assigned to a name is a function of that name)
    call                    an invocation, a construction, a reference to a method
    loop                    what runs its body more than once; `[loops]` names functions that do so with a lambda,
                            `chain` what their receiver has to hold, `always` those for which it need not
    branch                  what runs a part of itself only if a condition holds
    raise return            what leaves a function
    handler cleanup         catch, finally
    lock scope defer spawn  a block under a lock, one with a resource, what runs at the end, what runs beside
    assign                  a name and its value: declarations, named arguments, fields of literals
    await string annotation modifiers comment import
    statement               of SQL, whole; in SQL routines are functions, tables and views are classes
`named_lambdas`: assignments of which a lambda in one line is a function as well, where they stand in no other one.
`[names]` finds definitions line by line, without the grammar (index/definitions.py says how).
"""

from __future__ import annotations

import importlib
import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Language as Syntax

FOLDER = Path(__file__).with_name("languages")


@dataclass(frozen=True, eq=False)
class Language:
    name: str
    package: str
    function: str
    fragment_function: str
    extensions: frozenset[str]
    file_names: frozenset[str]
    parts: dict[str, str] = field(repr=False)
    """Node type -> part."""
    named_lambdas: frozenset[str]
    loop_calls: frozenset[str]
    loop_chain: re.Pattern[str] | None
    loop_always: frozenset[str]


@cache
def languages() -> dict[str, Language]:
    """All languages by their name, that of their file."""
    return {path.stem: _language(path) for path in sorted(FOLDER.glob("*.toml"))}


def language_of(path: str) -> Language | None:
    """By the name of the file, else by its ending; None where no grammar is known."""
    name = path.rsplit("/", 1)[-1]
    by_name = _by_file_name()
    return by_name.get(name) or by_name.get("." + name.rpartition(".")[2].lower()) if "." in name else by_name.get(name)


@cache
def syntax(language: Language, *, fragment: bool = False) -> Syntax:
    """The grammar, and its reading of parts by the ids of node types."""
    import tree_sitter

    package = importlib.import_module(language.package)
    entry = language.fragment_function if fragment else language.function
    return tree_sitter.Language(getattr(package, entry)())  # ty: ignore[deprecated]


@cache
def part_of_kind(language: Language, *, fragment: bool = False) -> dict[int, str]:
    """The id of a node type -> its part. Raises KeyError naming a type that the grammar does not have."""
    grammar = syntax(language, fragment=fragment)
    found = {}
    for kind, part in language.parts.items():
        number = grammar.id_for_node_kind(kind, True)
        if number is None:
            raise KeyError(f"the grammar of {language.name} has no node type {kind!r}")
        found[number] = part
    return found


@cache
def _by_file_name() -> dict[str, Language]:
    found = {}
    for language in languages().values():
        found.update(dict.fromkeys((f".{ending}" for ending in language.extensions), language))
        found.update(dict.fromkeys(language.file_names, language))
    return found


def _language(path: Path) -> Language:
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    loops, entry = data["loops"], data.get("function", "language")
    return Language(
        path.stem,
        data["package"],
        entry,
        data.get("fragment_function", entry),
        frozenset(data["extensions"]),
        frozenset(data.get("file_names", ())),
        {kind: part for part, kinds in data["parts"].items() for kind in kinds},
        frozenset(data.get("named_lambdas", ())),
        frozenset(loops["calls"]),
        re.compile(loops["chain"]) if "chain" in loops else None,
        frozenset(loops.get("always", ())),
    )
