"""Source lines with their numbers, so that they can be cited as path:line; and read back."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

_LONGEST_LINE = 400
_NUMBER = re.compile(r" {0,4}(\d+)(?:[ ►]|$)")


def code_window(lines: list[str], first: int, last: int, marked: Collection[int] = ()) -> str:
    """Lines `first` to `last`, both counted from 1 and included; `marked` ones carry an arrow."""
    shown = []
    for number in range(max(first, 1), min(last, len(lines)) + 1):
        line = lines[number - 1].rstrip("\n")
        line = line if len(line) <= _LONGEST_LINE else line[: _LONGEST_LINE - 1] + "…"
        shown.append(f"{number:>5}{'►' if number in marked else ' '}{line}".rstrip())
    return "\n".join(shown) + "\n"


def shown_lines(text: str) -> Iterator[tuple[int, str]]:
    """Number and source of each line that the text of a code item shows."""
    for line in text.split("\n"):
        if found := _NUMBER.match(line):
            yield int(found[1]), line[found.end() :]
