"""The files of a tree whose language is known, read by their path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from deep_code_reasoning.code.index.exclusion import LeftOut
from deep_code_reasoning.code.index.tree import Entry, Tree
from deep_code_reasoning.code.language import language_of
from deep_code_reasoning.progress import Work

MOST_FILES = 200_000
MOST_KEPT_BYTES = 64 << 20
"""Of contents that only git has: reading them one by one again would start git for each."""


class SourceFiles:
    """`left_out`: what the tree itself leaves out (links, generated files, ...), only of known languages."""

    def __init__(self, tree: Tree, work: Work) -> None:
        entries, left = tree.entries(work)
        self._tree = tree
        self._entries: dict[str, Entry] = {}
        for entry in entries:
            if len(self._entries) < MOST_FILES and _is_wanted(entry.path):
                self._entries[entry.path] = entry
        self._kept: dict[str, bytes] = {}
        self._kept_bytes = 0
        self._is_read_ahead = False
        self.left_out: dict[str, str] = {one.path: one.reason for one in left if _is_wanted(one.path)}

    @property
    def entries(self) -> list[Entry]:
        return list(self._entries.values())

    def read(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes | str]]:
        """The content of each, or why there is none."""
        wanted = list(paths)
        if any(self._entries[path].blob and path not in self._kept for path in wanted):
            self._read_ahead()
        rest = (self._entries[path] for path in wanted if path not in self._kept)
        given = self._tree.contents(rest)
        for path in wanted:
            if path in self._kept:
                yield path, self._kept[path]
                continue
            _, data = next(given)
            yield path, data.reason if isinstance(data, LeftOut) else data

    def _read_ahead(self) -> None:
        """Contents that only git has, as many as may be kept."""
        if self._is_read_ahead:
            return
        self._is_read_ahead = True
        for entry, data in self._tree.contents(one for one in self._entries.values() if one.blob):
            if isinstance(data, bytes):
                if self._kept_bytes + len(data) > MOST_KEPT_BYTES:
                    return
                self._kept[entry.path] = data
                self._kept_bytes += len(data)


def _is_wanted(path: str) -> bool:
    return language_of(path) is not None or path.rpartition("/")[2] == "go.mod"
