"""An index as its readers see it: the files, their words, their contents as they are now, and what was left out."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from deep_code_reasoning.code.index.catalogue import Catalogue, read_catalogue
from deep_code_reasoning.code.index.documents import Documents, open_documents
from deep_code_reasoning.code.index.exclusion import LeftOut
from deep_code_reasoning.code.index.git_tree import tree_at
from deep_code_reasoning.code.index.lock import writing
from deep_code_reasoning.code.index.place import all_indexes, index_of
from deep_code_reasoning.code.index.retention import look_through, note_use
from deep_code_reasoning.code.index.tree import Entry, Tree
from deep_code_reasoning.code.index.update import forget, update
from deep_code_reasoning.errors import EvidenceError
from deep_code_reasoning.progress import Work
from deep_code_reasoning.settings import Settings


def open_index(
    root: Path, settings: Settings, work: Work, *, revision: str | None = None, name: str | None = None
) -> CodeIndex:
    """Of a folder, a git work tree as it is on disk, a bare repository, or a revision; brought up to date first.

    `name` is what reasons and merged rankings call the repository; the folder's name without it. Raises EvidenceError
    where there is nothing to index or no place for it, CancelledError when the caller gives up (what was read is kept).
    """
    tree = tree_at(root, revision)
    folder = index_of(tree, settings)
    try:
        with writing(folder, work):
            index, grown = _opened(folder, tree, name or _name(root), work, settings.threads)
            note_use(folder, tree.identity.removesuffix("@"))
    except OSError as error:
        said = error.strerror or str(error) or type(error).__name__
        raise EvidenceError(f"{root}: its index cannot be written to {folder}: {said}") from None
    look_through(all_indexes(settings), folder, settings.code_index_bytes, grown=grown)
    return index


def _opened(folder: Path, tree: Tree, name: str, work: Work, threads: int) -> tuple[CodeIndex, bool]:
    """Up to date, and whether anything was written. What there was and is damaged is built a second time.

    Raises OSError where it cannot be written; what was written of it then goes, so that a full disk is no fuller.
    """
    attempts = 2 if (folder / "documents").is_dir() else 1
    for attempt in range(attempts):
        try:
            grown = update(folder, tree, work, threads)
            return CodeIndex(folder, tree, name), grown
        except (OSError, ValueError) as error:  # ValueError is what the index's library raises, whatever it met
            forget(folder)
            if attempt == attempts - 1:
                raise error if isinstance(error, OSError) else OSError(None, str(error)) from None
    raise AssertionError("one attempt at least")


class CodeIndex:
    """The state at one moment. `commit`: what git has the tree at, None without git."""

    def __init__(self, folder: Path, tree: Tree, name: str) -> None:
        catalogue = read_catalogue(folder) or Catalogue()
        self.name = name
        self.commit = catalogue.commit
        self._tree = tree
        self._by_file = {row.file: row for row in catalogue.rows if row.file}
        self._catalogue = catalogue
        self.documents = Documents(open_documents(folder / "documents")) if self._by_file else None

    def __len__(self) -> int:
        return len(self._by_file)

    @property
    def size(self) -> int:
        """Bytes of all indexed files."""
        return sum(row.size for row in self._by_file.values())

    @property
    def left_out(self) -> list[LeftOut]:
        """Every file that is not in the index, with the reason, in the order of their paths."""
        found = [LeftOut(os.fsdecode(left.path_bytes), left.reason, left.size) for left in self._catalogue.left]
        found += [LeftOut(row.path, row.reason, row.size) for row in self._catalogue.rows if row.reason]
        return sorted(found, key=lambda one: one.path)

    def left_out_by_reason(self, most: int) -> list[tuple[str, int, list[str]]]:
        """(reason, how many files, the first `most` of them), the most frequent first."""
        paths: defaultdict[str, list[str]] = defaultdict(list)
        for one in self.left_out:
            paths[one.reason].append(one.path)
        told = [(reason, len(found), found[:most]) for reason, found in paths.items()]
        return sorted(told, key=lambda one: (-one[1], one[0]))

    @cached_property
    def paths(self) -> dict[int, str]:
        """Number -> path."""
        return {file: row.path for file, row in self._by_file.items()}

    @cached_property
    def files(self) -> dict[str, int]:
        """Path -> number."""
        return {path: file for file, path in self.paths.items()}

    @cached_property
    def by_name(self) -> dict[str, list[str]]:
        """The last part of a path, in lower case -> the paths that end in it."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for path in self.files:
            found[path.rpartition("/")[2].lower()].append(path)
        return dict(found)

    def blob(self, path: str) -> str | None:
        """The content's id when it was indexed."""
        file = self.files.get(path)
        return self._by_file[file].blob if file is not None else None

    def read(self, paths: Iterable[str]) -> dict[str, bytes]:
        """The contents as they are now (of a revision: as committed); those that cannot be read are missing."""
        entries = [
            Entry(path, row.size, blob=row.blob)
            for path in dict.fromkeys(paths)
            if (row := self._by_file.get(self.files.get(path, 0)))
        ]
        return {entry.path: data for entry, data in self._tree.contents(entries) if isinstance(data, bytes)}


def _name(root: Path) -> str:
    real = root.resolve()
    name = real.parent.name if real.name == ".git" else real.name
    return name.removesuffix(".git") or str(real)
