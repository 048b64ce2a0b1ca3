"""Which line put in is another version of which line taken out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

MOST_PAIRED = 60
"""Lines of a side that are compared, and so at most its square of comparisons."""

SIMILAR = 0.65
"""A line put in is another version of one taken out from this similarity on (Dice 1945, of their words):
one word of three may be new, as `ms` in `timeout: 300ms`."""

_WORDS = re.compile(r"[A-Za-z_][A-Za-z_]*")
_OTHERS = re.compile(r"[\w\s]+")


@dataclass(eq=False)
class _Line:
    """`words` without numbers; of a line without words its signs are."""

    text: str
    words: frozenset[str]


def versions_of_lines(removed: Sequence[str], added: Sequence[str]) -> list[tuple[str, str]]:
    """Each line taken out with the most similar one put in that no line before it took; of equals the first."""
    free = [_line(text) for text in added[:MOST_PAIRED]]
    pairs = []
    for old in map(_line, removed[:MOST_PAIRED]):
        best, most = None, SIMILAR
        for new in free:
            both = len(old.words) + len(new.words)
            common = 2 * len(old.words & new.words)
            if common >= most * both and (best is None or common > most * both):
                best, most = new, common / both
        if best is not None:
            pairs.append((old.text, best.text))
            free.remove(best)
    return pairs


def _line(text: str) -> _Line:
    return _Line(text, frozenset(_WORDS.findall(text)) or frozenset([_OTHERS.sub("", text)]))
