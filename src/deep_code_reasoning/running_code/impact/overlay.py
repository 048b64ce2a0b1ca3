"""A tree listed once, in which some files are as they were before a change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from deep_code_reasoning.code.index.exclusion import LeftOut
from deep_code_reasoning.code.index.tree import Entry, Tree
from deep_code_reasoning.progress import Work


class Overlay:
    """`states`: path -> the content that takes the place of the tree's own; None: no such file.

    With the state before of the files of a change, and all others as they are now, a call graph tells who would now
    call what was there.
    """

    def __init__(self, tree: Tree, work: Work, states: Mapping[str, bytes | None] | None = None) -> None:
        self.identity, self.commit = tree.identity, tree.commit
        self._tree = tree
        self._states: Mapping[str, bytes | None] = states or {}
        listed = (tree.listed, tree.left_out) if isinstance(tree, Overlay) else tree.entries(work)
        self.listed, self.left_out = listed
        if states:
            kept = [entry for entry in self.listed if entry.path not in states]
            put = [Entry(path, len(data)) for path, data in states.items() if data is not None]
            self.listed = sorted([*kept, *put], key=lambda entry: entry.path)

    def entries(self, work: Work) -> tuple[list[Entry], list[LeftOut]]:
        work.check()
        return self.listed, self.left_out

    def contents(self, entries: Iterable[Entry]) -> Iterator[tuple[Entry, bytes | LeftOut]]:
        wanted = list(entries)
        given = self._tree.contents(entry for entry in wanted if entry.path not in self._states)
        for entry in wanted:
            data = self._states.get(entry.path)
            yield (entry, data) if data is not None else next(given)

    def read(self, path: str) -> bytes | str | None:
        """One file's content, or why there is none; None where there is no such file."""
        entry = next((one for one in self.listed if one.path == path), None)
        if entry is None:
            return next((one.reason for one in self.left_out if one.path == path), None)
        data = next(iter(self.contents([entry])))[1]
        return data.reason if isinstance(data, LeftOut) else data
