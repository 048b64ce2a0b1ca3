"""The files of a work tree, or of a revision through git, to whoever reads source code. Nothing outside is opened."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from deep_code_reasoning.code.language import language_of
from deep_code_reasoning.code.parsing import MOST_BYTES, TOO_LARGE
from deep_code_reasoning.errors import EvidenceError
from deep_code_reasoning.sources.changes.git_blobs import GitBlobs
from deep_code_reasoning.sources.changes.git_command import run_git
from deep_code_reasoning.sources.changes.git_directory import git_directory

MOST_FILES = 200_000
NOT_ENTERED = frozenset(
    ".git .hg .svn node_modules .venv venv __pycache__ .tox .mypy_cache .gradle .idea bower_components site-packages".split()
)
GONE = "file that cannot be read (gone, no regular file, or a link out of the root)"


class Tree(Protocol):
    """`paths` are relative, with slashes; those of files whose language is known, and of go.mod."""

    def paths(self) -> list[str]: ...

    def read(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes | str]]:
        """The content of each, or why there is none."""
        ...


class WorkTree:
    """A folder as it is on disk. Links are not followed: what lies elsewhere is not part of it."""

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise EvidenceError(f"{root}: no folder; expected the root of a source tree")
        self._root = root.resolve()

    def paths(self) -> list[str]:
        found: list[str] = []
        for folder, below, files in os.walk(self._root):
            below[:] = sorted(name for name in below if name not in NOT_ENTERED)
            place = Path(folder).relative_to(self._root).as_posix()
            prefix = "" if place == "." else f"{place}/"
            found.extend(prefix + name for name in sorted(files) if _is_wanted(name))
            if len(found) >= MOST_FILES:
                break
        return found[:MOST_FILES]

    def read(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes | str]]:
        for path in paths:
            yield path, self._content(path)

    def _content(self, path: str) -> bytes | str:
        place = self._root / path
        try:
            if os.path.realpath(place.parent) != str(place.parent):
                return GONE
            handle = os.open(place, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        except (OSError, ValueError):
            return GONE
        with os.fdopen(handle, "rb") as file:
            about = os.fstat(handle)
            if not stat.S_ISREG(about.st_mode):
                return GONE
            return TOO_LARGE if about.st_size > MOST_BYTES else file.read(MOST_BYTES + 1)


class Revision:
    """The files of one commit of a repository, bare or not. Use as a context."""

    def __init__(self, git_dir: Path, revision: str = "HEAD") -> None:
        git = shutil.which("git")
        if git is None:
            raise EvidenceError("git: not installed; a revision is read through it")
        commit = run_git(git, git_dir, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        if not commit:
            raise EvidenceError(f"{git_dir}: no commit {revision!r}; expected a branch, tag or sha")
        self._git, self._git_dir, self._commit = git, git_dir, commit
        self._blobs = GitBlobs(git, git_dir)

    def __enter__(self) -> Revision:
        self._blobs.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._blobs.__exit__(None, None, None)

    def paths(self) -> list[str]:
        listed = run_git(self._git, self._git_dir, "ls-tree", "-r", "-z", "--full-tree", self._commit) or ""
        rows = (row.partition("\t") for row in listed.split("\0"))
        return [path for head, _, path in rows if head.startswith("100") and _is_wanted(path)][:MOST_FILES]

    def read(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes | str]]:
        for path in paths:
            data = self._blobs.read(self._commit, path)
            yield path, GONE if data is None else data


def git_dir_of(root: Path) -> Path | None:
    return git_directory(root)


def _is_wanted(path: str) -> bool:
    return language_of(path) is not None or path.rpartition("/")[2] == "go.mod"
