"""Words of a source file as the index holds them: identifiers whole and in their parts, in lower case.

`HTTPServer.max_bodySize` is `httpserver http server max_bodysize max body size`. A word that is one part is there once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

LONGEST = 60
"""Characters. Longer ones are keys, hashes and encoded data."""
MOST_REMEMBERED = 400_000

WORD = re.compile(r"\w+")
PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")


class Words(dict[str, str]):
    """Word -> itself and its parts, with blanks between. Remembers, as the words of a repository repeat."""

    def __missing__(self, word: str) -> str:
        if len(self) >= MOST_REMEMBERED:
            self.clear()
        found = self[word] = " ".join(forms(word))
        return found

    def of(self, text: str) -> str:
        """All words of a text in its order; what the index is given."""
        return " ".join(filter(None, map(self.__getitem__, WORD.findall(text))))


def forms(word: str) -> list[str]:
    """The whole first. Parts of one character are left out, for they are in every file.

    Beyond ASCII only underscores part: nothing here tells capitals from small letters there.
    """
    if len(word) > LONGEST or not word.strip("_"):
        return []
    parts = PART.findall(word) if word.isascii() else word.strip("_").split("_")
    if len(parts) < 2:
        return [word.lower()]
    return [word.lower(), *(part.lower() for part in parts if len(part) > 1)]


def is_compound(word: str) -> bool:
    """camelCase, snake_case, a constant: a name somebody gave, not a word of prose."""
    return "_" in word.strip("_") or bool(re.search(r"[a-z0-9][A-Z]|[A-Z][A-Z][a-z]", word))


def words_of_path(path: str) -> Iterable[str]:
    """Each word of a path once."""
    return dict.fromkeys(form for word in WORD.findall(path) for form in forms(word))
