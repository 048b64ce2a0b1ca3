"""Which of many patterns a line may match, told from its words, so that most patterns need not be searched for.

Of each pattern the literals are taken of which one stands in whatever it matches (as grep's -F before its -E); words
come again and again, so what a word says is remembered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from importlib import import_module

parser, op = import_module("re._parser"), import_module("re._constants")
"""What `re.compile` reads patterns with. Not public, so the tests hold what is read against plain searches."""

MOST_KNOWN = 1 << 16
_TOKEN = re.compile(r"[a-z0-9_]{2,}")


def needed(pattern: str) -> frozenset[str] | None:
    """Lower-case literals of which one stands, whatever its case, in any text that matches; None: there are none."""
    return _needed(parser.parse(pattern, re.IGNORECASE))


def _needed(parsed: Iterable[tuple]) -> frozenset[str] | None:
    found: list[frozenset[str]] = []
    run = ""
    for kind, value in parsed:
        if kind is op.LITERAL:
            run += chr(value).lower()
            continue
        if run:
            found.append(frozenset([run]))
            run = ""
        inner = _inside(kind, value)
        if inner:
            found.append(inner)
    if run:
        found.append(frozenset([run]))
    return max(found, key=lambda some: min(map(_selects, some)), default=None)


def _inside(kind: object, value: tuple) -> frozenset[str] | None:
    if kind is op.SUBPATTERN:
        return _needed(value[3])
    if kind in (op.MAX_REPEAT, op.MIN_REPEAT) and value[0] > 0:
        return _needed(value[2])
    if kind is op.BRANCH:
        branches = [_needed(branch) for branch in value[1]]
        return None if None in branches else frozenset().union(*filter(None, branches))
    return None


def _selects(literal: str) -> tuple[int, int]:
    return len(_word_in(literal)), len(literal)


def _word_in(literal: str) -> str:
    return max(_TOKEN.findall(literal), key=len, default="")


class NeededWords:
    """`of(line)`: the `bit` of each of `patterns` that may match the line. They are searched for ignoring case."""

    def __init__(self, patterns: Sequence[re.Pattern[str]]) -> None:
        self._always = 0
        self._bit = {pattern: 1 << place for place, pattern in enumerate(dict.fromkeys(patterns))}
        self._signs: dict[str, int] = {}
        self._words: dict[str, int] = {}
        for pattern, bit in self._bit.items():
            literals = needed(pattern.pattern)
            if literals is None:
                self._always |= bit
            for literal in literals or ():
                word = _word_in(literal)
                table = self._words if word else self._signs
                table[word or literal] = table.get(word or literal, 0) | bit
        self._by_start: dict[str, list[tuple[str, int]]] = {}
        for word, bits in self._words.items():
            self._by_start.setdefault(word[:2], []).append((word, bits))
        self._known: dict[str, int] = {}

    def bit(self, pattern: re.Pattern[str]) -> int:
        return self._bit[pattern]

    def of(self, line: str) -> int:
        found = self._always
        for token in _TOKEN.findall(line.lower()):
            bits = self._known.get(token)
            found |= self._look(token) if bits is None else bits
        for sign, bits in self._signs.items():
            if sign in line:
                found |= bits
        return found

    def _look(self, token: str) -> int:
        found = 0
        for at in range(len(token) - 1):
            for word, bits in self._by_start.get(token[at : at + 2], ()):
                if token.startswith(word, at):
                    found |= bits
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known[token] = found
        return found
