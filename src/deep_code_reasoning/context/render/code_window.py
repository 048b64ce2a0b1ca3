"""Source lines with their numbers, so that they can be cited as path:line; and read back."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

NUMBERED = 5
"""In a brief each so-manieth line bears its number, as does each that follows a gap or is marked: numbers of all lines
take a quarter of the tokens of code."""
_LONGEST_LINE = 400
_GUTTER = 6
_NUMBER = re.compile(r" {0,4}(\d+)([ ►]|$)")


def code_window(lines: list[str], first: int, last: int, marked: Collection[int] = ()) -> str:
    """Lines `first` to `last`, both counted from 1 and included, each with its number; `marked` ones carry an arrow."""
    shown = []
    for number in range(max(first, 1), min(last, len(lines)) + 1):
        line = lines[number - 1].rstrip("\n")
        line = line if len(line) <= _LONGEST_LINE else line[: _LONGEST_LINE - 1] + "…"
        shown.append(f"{number:>5}{'►' if number in marked else ' '}{line}".rstrip())
    return "\n".join(shown) + "\n"


def without_number(line: str) -> str:
    """A line of `code_window` with blanks in the place of its number, where it may do without."""
    found = _NUMBER.match(line)
    if not found or found[2] == "►" or int(found[1]) % NUMBERED == 0:
        return line
    return (" " * found.end() + line[found.end() :]).rstrip()


def shown_lines(text: str) -> Iterator[tuple[int, str]]:
    """Number and source of each line that the text of a code item shows, with all numbers or without some."""
    number = 0
    for line in text.rstrip("\n").split("\n"):
        if found := _NUMBER.match(line):
            number = int(found[1])
            yield number, line[found.end() :]
        elif number and (not line or line.startswith(" " * _GUTTER)):
            number += 1
            yield number, line[max(_GUTTER, len(str(number)) + 1) :]
        else:  # what stands for lines that are left out
            number = 0
