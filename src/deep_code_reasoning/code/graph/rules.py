"""What a call graph has to know of each language, from `rules.toml`."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from deep_code_reasoning.code.language import Language

_TABLES = {"cpp": "c", "javascript": "ecma", "typescript": "ecma", "tsx": "ecma"}


@dataclass(frozen=True)
class Rules:
    """`family`: languages whose programs call each other. `constructors`: names of the methods that make an object,
    `<class>` for the class's own. `implicit_self`: a bare name may be a method of the class around it.
    `built_in_methods`: what objects of the language's own types answer to, so that such a name alone says nothing."""

    family: str
    package: re.Pattern[str] | None
    own: frozenset[str]
    base: frozenset[str]
    implicit_self: bool
    constructors: tuple[str, ...]
    declared: tuple[str, ...]
    made: tuple[str, ...]
    built_in_methods: frozenset[str] = frozenset()


def rules_of(language: Language) -> Rules:
    return _rules(_TABLES.get(language.name, language.name))


@cache
def _rules(name: str) -> Rules:
    data = _data()[name]
    return Rules(
        data.get("family", name),
        re.compile(data["package"], re.MULTILINE) if "package" in data else None,
        frozenset(data["self"]),
        frozenset(data["super"]),
        data.get("implicit_self", False),
        tuple(data["constructors"]),
        tuple(data["declared"]),
        tuple(data["made"]),
        frozenset(data.get("built_in_methods", "").split()),
    )


@cache
def type_words(name: str) -> frozenset[str]:
    """`wrappers`: types that hold another one; `boxes`: those with methods of their own, `opened_by` these;
    `not_types`: words that stand where a type could."""
    return frozenset(_data()["types"][name].split())


@cache
def declaring(pattern: str, name: str) -> re.Pattern[str]:
    return re.compile(pattern.replace("{name}", re.escape(name)))


@cache
def _data() -> dict:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
