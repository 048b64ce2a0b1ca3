"""Trees of git: a work tree as it is on disk, or a revision, as of a bare repository."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deep_code_reasoning.code.index import exclusion, git_files, git_objects
from deep_code_reasoning.code.index.disk import Disk
from deep_code_reasoning.code.index.exclusion import LeftOut
from deep_code_reasoning.code.index.folder import Folder
from deep_code_reasoning.code.index.tree import Entry, Tree
from deep_code_reasoning.errors import EvidenceError
from deep_code_reasoning.progress import Work
from deep_code_reasoning.sources.changes.git_command import run_git
from deep_code_reasoning.sources.changes.git_directory import git_directory

_OBJECT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


class WorkTree:
    """What git tracks or would track below `folder`, as it is on disk: uncommitted changes count."""

    def __init__(self, git: str, git_dir: Path, top: Path, folder: Path) -> None:
        self._git, self._git_dir, self._top = git, git_dir, top
        self._disk = Disk(folder)
        self.identity = self._disk.root
        self.commit = run_git(git, git_dir, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")

    def entries(self, work: Work) -> tuple[list[Entry], list[LeftOut]]:
        folder = Path(self._disk.root)
        self._disk = Disk(folder)
        entries: list[Entry] = []
        left: list[LeftOut] = []
        places = (self._git, self._git_dir, self._top, folder)
        with ThreadPoolExecutor(1) as beside:  # git walks the folders while the files it knows are looked at
            untracked = beside.submit(git_files.untracked, *places)
            try:
                tracked = list(git_files.in_index(*places))
            except EvidenceError:  # its index is damaged
                return self._walked(folder, work)
            for number, (mode, path) in enumerate(tracked):
                if number % 10_000 == 0:
                    work.check()
                is_other = mode == git_files.SUBMODULE_MODE
                entry = LeftOut(path, exclusion.SUBMODULE) if is_other else self._disk.entry(path)
                entries.append(entry) if isinstance(entry, Entry) else left.append(entry)
            try:
                others, closed = untracked.result()
            except EvidenceError:
                others, closed = [], []
                left.append(LeftOut("./", exclusion.UNLISTED))
            left += [LeftOut(path, exclusion.FOLDER) for path in closed]
            for path in others:
                entry = LeftOut(path, exclusion.SUBMODULE) if path.endswith("/") else self._disk.entry(path)
                entries.append(entry) if isinstance(entry, Entry) else left.append(entry)
        return sorted(entries, key=lambda entry: entry.path), sorted(left, key=lambda one: one.path)

    def _walked(self, folder: Path, work: Work) -> tuple[list[Entry], list[LeftOut]]:
        entries, left = Folder(folder).entries(work)
        return entries, [LeftOut("./", exclusion.UNLISTED), *left]

    def contents(self, entries: Iterable[Entry]) -> Iterator[tuple[Entry, bytes | LeftOut]]:
        return self._disk.contents(entries)


class Revision:
    """The files of a commit. `revision` is anything that git resolves to one."""

    def __init__(self, git: str, git_dir: Path, revision: str = "HEAD") -> None:
        self._git, self._git_dir = git, git_dir
        self.identity = f"{os.path.realpath(git_dir)}@"
        asked = ("rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}")
        commit = run_git(git, git_dir, *asked) or ""
        if not _OBJECT.fullmatch(commit) and revision != "HEAD":
            raise EvidenceError(f"{git_dir}: no commit {revision!r}; expected what git resolves to one")
        self.commit = commit or None

    def entries(self, work: Work) -> tuple[list[Entry], list[LeftOut]]:
        entries: list[Entry] = []
        left: list[LeftOut] = []
        if self.commit is None:  # a repository without commits has no files
            return entries, left
        files, unlisted = git_files.in_revision(self._git, self._git_dir, self.commit)
        left += [LeftOut(folder, exclusion.UNLISTED) for folder in unlisted]
        for mode, blob, path in files:
            if mode == git_files.SUBMODULE_MODE:
                left.append(LeftOut(path, exclusion.SUBMODULE))
            elif mode == git_files.LINK_MODE:
                left.append(LeftOut(path, exclusion.LINK))
            elif reason := exclusion.by_name(path):
                left.append(LeftOut(path, reason))
            else:
                entries.append(Entry(path, blob=blob))
        work.check()
        return entries, left

    def contents(self, entries: Iterable[Entry]) -> Iterator[tuple[Entry, bytes | LeftOut]]:
        wanted = list(entries)
        known = git_objects.sizes(self._git, self._git_dir, [entry.blob for entry in wanted])
        refused = {
            entry.path: LeftOut(entry.path, exclusion.by_size(known[entry.blob]) or "", known[entry.blob])
            if entry.blob in known
            else LeftOut(entry.path, exclusion.MISSING)
            for entry in wanted
            if entry.blob not in known or exclusion.by_size(known[entry.blob])
        }
        asked = [entry.blob for entry in wanted if entry.path not in refused]
        given = git_objects.contents(self._git, self._git_dir, asked, exclusion.most_bytes())
        for entry in wanted:
            if entry.path in refused:
                yield entry, refused[entry.path]
                continue
            data = next(given)
            yield entry, LeftOut(entry.path, exclusion.MISSING) if data is None else data


def tree_at(root: Path, revision: str | None = None) -> Tree:
    """The revision where one is named or the repository is bare; else the work tree; else the plain folder.

    Raises EvidenceError where there is no such folder, or no such revision.
    """
    if not root.is_dir():
        raise EvidenceError(f"{root}: not a folder; expected the root of source code or a git repository")
    git = shutil.which("git")
    top = next((folder for folder in (root, *root.resolve().parents) if git_directory(folder)), None)
    git_dir = git_directory(top) if top else None
    if git is None or git_dir is None or top is None:
        if revision:
            raise EvidenceError(
                f"{root}: revision {revision!r} asked for, but it is no git repository (or no git here)"
            )
        return Folder(root)
    if revision or (git_dir == top and (root == top or root.resolve() == top)):
        return Revision(git, git_dir, revision or "HEAD")
    if git_dir == top or ".git" in root.resolve().relative_to(top.resolve()).parts:
        return Folder(root)
    return WorkTree(git, git_dir, Path(os.path.realpath(top)), root)
