"""Names that a file defines, told without parsing it: quick enough for every file of a repository.

`[names]` of `languages/<name>.toml` has them: `defines`, how a line looks that surely defines a function or a class,
and `constants`, which are neither; `may_define`, too much rather than too little, never less than a syntax tree says,
which takes two to ten times as long. `as` names the language whose table holds. Every pattern has the name
as its only group and looks a bounded way ahead: the files may be hostile.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from deep_code_reasoning.code.language import FOLDER, Language, language_of

MOST = 2_000


@dataclass(frozen=True)
class Lines:
    """Patterns for text, and for bytes as they are in a file."""

    surely: tuple[re.Pattern[str], ...]
    perhaps: tuple[re.Pattern[bytes], ...]


def defined_names(path: str, text: str) -> list[str]:
    """Surely defined ones, as they are written, each once; none for files of unknown ending."""
    found: dict[str, None] = {}
    for pattern in _lines_of(path).surely:
        found.update(dict.fromkeys(pattern.findall(text)))
        if len(found) > MOST:
            break
    return list(found)[:MOST]


def may_define(path: str, data: bytes) -> set[bytes]:
    """Too many rather than too few, for a syntax tree to decide; none for files without a grammar."""
    return {name for pattern in _lines_of(path).perhaps for name in pattern.findall(data)}


def lines_of(language: Language) -> Lines:
    return _lines_of_table(language.name)


def _lines_of(path: str) -> Lines:
    language = language_of(path)
    return lines_of(language) if language else _lines_of_ending(path.rpartition(".")[2].lower())


@cache
def _lines_of_table(name: str) -> Lines:
    table = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8")).get("names", {})
    return _lines_of_table(table["as"]) if "as" in table else _compiled(table)


@cache
def _lines_of_ending(ending: str) -> Lines:
    tables = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")).values()
    return _compiled(next((table for table in tables if ending in table["endings"]), {}))


def _compiled(table: dict[str, Any]) -> Lines:
    def patterns(*kinds: str) -> Iterable[str]:
        return dict.fromkeys(pattern for kind in kinds for pattern in table.get(kind, ()))

    flags = re.MULTILINE | re.ASCII
    return Lines(
        tuple(re.compile(one, flags) for one in patterns("defines", "constants")),
        tuple(re.compile(one.encode(), re.MULTILINE) for one in patterns("may_define")),
    )
