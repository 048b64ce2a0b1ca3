"""What can be indexed: a folder, a git work tree, a revision of a repository. All list files and read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from deep_code_reasoning.code.index.exclusion import LeftOut
from deep_code_reasoning.progress import Work


@dataclass(frozen=True, slots=True)
class Entry:
    """A file that is there. `path` is relative to the root with `/`; bytes that are no UTF-8 are surrogates.

    `blob` is the id git knows the content by, empty where only reading tells. `stamp` changes whenever the content
    on disk may have; empty where that cannot be relied upon, or `blob` is known.
    """

    path: str
    size: int | None = None
    blob: str = ""
    stamp: tuple[int, ...] = ()


class Tree(Protocol):
    """`identity` names the index it is kept in, `commit` what was read (None: as it is on disk, without git)."""

    identity: str
    commit: str | None

    def entries(self, work: Work) -> tuple[list[Entry], list[LeftOut]]:
        """All files in the order of their paths, and what is known to be left out before it is read."""
        ...

    def contents(self, entries: Iterable[Entry]) -> Iterator[tuple[Entry, bytes | LeftOut]]:
        """The content of each in the order given, or why there is none. Never more than the largest allowed."""
        ...
