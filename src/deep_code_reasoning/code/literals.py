"""Constant text of a program that is seen from outside: log messages, routes, metrics' names, tables, models.

What an incident tells (a log template, an operation, a table of a statement) is found again in code by these.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from deep_code_reasoning.code.outline import Outline, Part

MOST_LITERALS = 5_000
LONGEST = 400
_QUOTES = re.compile(r"^[@$A-Za-z]{0,3}#*(\"\"\"|'''|\"|'|`)|(\"\"\"|'''|\"|'|`)#*$")
_FILLED = re.compile(r"\$\{[^{}]*\}|#\{[^{}]*\}|\{[^{}]*\}")


@dataclass(frozen=True)
class Literal:
    """`use`: log, route, metric, table, model or text. Places that are filled in are one blank each."""

    text: str
    line: int
    use: str


def literals(read: Outline) -> list[Literal]:
    """Of all that was read, in the order of the text."""
    found: list[Literal] = []
    for part in read.parts:
        if len(found) >= MOST_LITERALS:
            break
        if part.role == "string":
            found.extend(_of_string(part))
        elif part.role in ("call", "class"):
            found.extend(_models(part))
    return list(dict.fromkeys(found))


def tables_of(statement: str) -> list[str]:
    """Tables that an SQL statement reads or writes, in lower case, without their schema; empty for other text."""
    if not _pattern("sql").search(statement):
        return []
    excluded = set(_data()["sql_not_table"].split())
    names = (re.split(r"[`\"\]]?\.[`\"\[]?", name)[-1].lower() for name in _pattern("sql_table").findall(statement))
    return list(dict.fromkeys(name for name in names if name not in excluded))


def is_sql(text: str) -> bool:
    return bool(_pattern("sql").search(text))


def constant_text(part: Part) -> str:
    """Of a string: what is between its quotes."""
    return _FILLED.sub(" ", _plain(part))[:LONGEST]


def _plain(part: Part) -> str:
    return _QUOTES.sub("", _QUOTES.sub("", part.text.strip()))


def _of_string(part: Part) -> Iterator[Literal]:
    plain = _plain(part)
    if tables := tables_of(plain):
        yield from (Literal(table, part.line, "table") for table in tables)
        return
    text = " ".join(_FILLED.sub(" ", plain).split())[:LONGEST]
    if len(text) < 2:
        return
    by = part.nearest("call", "annotation")
    named = (by.callee if by.role == "call" else _annotation(by)) if by else ""
    if _pattern("log_call").search(named) and " " in text:
        yield Literal(text, part.line, "log")
    elif named and _pattern("route_call").search(named) and ("/" in plain and _pattern("route").search(plain)):
        yield Literal(plain[:LONGEST], part.line, "route")
    elif _pattern("metric").search(text) and _pattern("metric_call").search(named):
        yield Literal(text, part.line, "metric")
    else:
        yield Literal(text, part.line, "text")


def _models(part: Part) -> Iterator[Literal]:
    head = part.text[:200] if part.role == "class" else part.callee + part.arguments[:60]
    for groups in _pattern("model").findall(head):
        yield Literal(next(filter(None, groups)), part.line, "model")


def _annotation(part: Part) -> str:
    return re.split(r"[\s(]", part.text.lstrip("@#[ "), maxsplit=1)[0]


@cache
def _data() -> dict[str, str]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(_data()[name])
