"""The changed lines of a commit, searched for many patterns: each only in lines with a word it needs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property

from deep_code_reasoning.changes.diffs.needed_words import NeededWords

LONGEST_WORD = 200
LINES_OF_ONE = 5
"""So many lines a pattern over several of them (one with a newline in it) spans at most; the first has the word."""


class ChangedLines:
    """`sides`: lines taken out and lines put in."""

    def __init__(self, sides: tuple[Sequence[str], Sequence[str]], needed: NeededWords) -> None:
        self._sides, self._needed = sides, needed

    def has_only(self, pattern: re.Pattern[str], side: int) -> bool:
        """Something that the pattern finds on this side and that does not stand on the other."""
        there = None
        for match in self._found(pattern, side):
            if there is None:
                there = self._lower[1 - side]
            if match[0].lower() not in there:
                return True
        return False

    def differs(self, removed: re.Pattern[str], added: re.Pattern[str]) -> bool:
        """Both find something, and not the same words (each match to the ends of its word)."""
        out = {_whole(match) for match in self._found(removed, 0)}
        if not out:
            return False
        put = set()
        for match in self._found(added, 1):
            word = _whole(match)
            if word not in out:
                return True
            put.add(word)
        return bool(put) and put != out

    def _found(self, pattern: re.Pattern[str], side: int) -> Iterator[re.Match[str]]:
        bit = self._needed.bit(pattern)
        everything, marked = self._marked[side]
        if not everything & bit:
            return
        lines, more = self._sides[side], LINES_OF_ONE if "\\n" in pattern.pattern else 1
        for bits, place in marked:
            if bits & bit:
                text = lines[place] if more == 1 else "\n".join(lines[place : place + more])
                yield from pattern.finditer(text)

    @cached_property
    def _marked(self) -> tuple[tuple[int, list[tuple[int, int]]], ...]:
        """Of each side all needed words, and those of each line that has some, with its place."""
        found = []
        for lines in self._sides:
            everything, marked = 0, []
            for place, line in enumerate(lines):
                if bits := self._needed.of(line):
                    everything |= bits
                    marked.append((bits, place))
            found.append((everything, marked))
        return tuple(found)

    @cached_property
    def _lower(self) -> tuple[str, str]:
        left, right = self._sides
        return "\n".join(left).lower(), "\n".join(right).lower()


def _whole(match: re.Match[str]) -> str:
    text, (start, end) = match.string, match.span()
    first, last = start, end
    while first > 0 and start - first < LONGEST_WORD and _is_of_word(text[first - 1]):
        first -= 1
    while last < len(text) and last - end < LONGEST_WORD and _is_of_word(text[last]):
        last += 1
    return text[first:last]


def _is_of_word(letter: str) -> bool:
    return letter.isalnum() or letter in "_.-"
