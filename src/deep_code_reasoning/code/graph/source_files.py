"""The files of a tree whose language is known, read by their path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from deep_code_reasoning.code.index.exclusion import LeftOut
from deep_code_reasoning.code.index.tree import Entry, Tree
from deep_code_reasoning.code.language import language_of
from deep_code_reasoning.progress import Work

MOST_FILES = 200_000


class SourceFiles:
    """`left_out`: what the tree itself leaves out (links, generated files, ...), only of known languages."""

    def __init__(self, tree: Tree, work: Work) -> None:
        entries, left = tree.entries(work)
        self._tree = tree
        self._entries: dict[str, Entry] = {}
        for entry in entries:
            if len(self._entries) < MOST_FILES and _is_wanted(entry.path):
                self._entries[entry.path] = entry
        self.left_out: dict[str, str] = {one.path: one.reason for one in left if _is_wanted(one.path)}

    def paths(self) -> list[str]:
        return list(self._entries)

    def read(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes | str]]:
        """The content of each, or why there is none."""
        for entry, data in self._tree.contents(self._entries[path] for path in paths):
            yield entry.path, data.reason if isinstance(data, LeftOut) else data


def _is_wanted(path: str) -> bool:
    return language_of(path) is not None or path.rpartition("/")[2] == "go.mod"
