"""Names of a text that files define: the rarer the definition, the more it says."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from deep_code_reasoning.code.index.code_index import CodeIndex
from deep_code_reasoning.code.index.words import is_compound
from deep_code_reasoning.code.ranking.priors import kind_of
from deep_code_reasoning.code.ranking.query import Query, is_worth

MOST_FILES = 8
"""A name that more files define says little about which is meant."""
MOST_NAMES = 80

_NAME = re.compile(r"[A-Za-z_]\w*(?:(?:\.|::|#)[A-Za-z_]\w*)*")
_SEPARATOR = re.compile(r"\.|::|#")
_CODE = re.compile(r"`([^`\n]{2,200})`")


@dataclass(frozen=True)
class Defined:
    """`weight` is one shared by the files that define the name; all of a dotted name in one file is worth more."""

    name: str
    weight: float


def definitions(indexes: Sequence[CodeIndex], query: Query) -> dict[tuple[int, str], list[Defined]]:
    """(number of the index, path) -> names of the query that the file defines. Tests and documents define nothing."""
    found: defaultdict[tuple[int, str], list[Defined]] = defaultdict(list)
    for name in _names(query):
        parts = _SEPARATOR.split(name)
        last = parts[-1].lower()
        places = _defining(indexes, [last])
        if len(parts) > 1 and (narrower := _defining(indexes, [parts[-2].lower(), last])):
            places, weight = narrower, 1.5
        else:
            weight = 1.0
        if 0 < len(places) <= MOST_FILES:
            for place in places:
                found[place].append(Defined(name, weight / len(places)))
    return dict(found)


def _defining(indexes: Sequence[CodeIndex], names: list[str]) -> list[tuple[int, str]]:
    places = []
    for number, index in enumerate(indexes):
        if index.documents is None:
            continue
        files = index.documents.holding(names, 4 * MOST_FILES, "defines")
        paths = sorted(index.paths[file] for file in files if file in index.paths)
        places += [(number, path) for path in paths if kind_of(path).name not in ("tests", "docs")]
    return places


def _names(query: Query) -> list[str]:
    """What is written as code is: compound names, dotted ones, capitals within, what stands in backquotes, hints."""
    text = query.all_text
    quoted = {name for code in _CODE.findall(text) for name in _NAME.findall(code)}
    names = dict.fromkeys([*query.symbols, *(one.function or "" for one in query.locations)])
    for name in _NAME.findall(text):
        last = _SEPARATOR.split(name)[-1]
        if len(last) > 3 and is_worth(last.lower()) and (len(last) < len(name) or is_compound(last) or name in quoted):
            names[name] = None
    return [name for name in names if name][:MOST_NAMES]
