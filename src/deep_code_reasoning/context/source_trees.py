"""Finds the file that telemetry names: below the allowed roots and below the git repositories of the evidence."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.context.candidate import ReadFile
from deep_code_reasoning.context.gather.sql import query
from deep_code_reasoning.context.source_files import Unreadable, find, is_inside, lines_of, read_bytes
from deep_code_reasoning.sources.changes.git_directory import git_directory, outside_directories

if TYPE_CHECKING:
    from deep_code_reasoning.store.tables import Tables


@dataclass(frozen=True)
class SourceText:
    """A file as it was read: where it really lies, its bytes and its lines."""

    path: Path
    content: bytes
    lines: list[str]

    def blob_like(self, other: str) -> str:
        """Git's id of the content, by the hash that the id `other` is of."""
        return blob_id(self.content, other)

    def hashed(self) -> ReadFile:
        return ReadFile(str(self.path), tuple(map(_line_hash, self.lines)))


@dataclass(frozen=True)
class _Repository:
    folder: Path
    git: Path
    services: tuple[str, ...]

    @property
    def is_bare(self) -> bool:
        return self.git == self.folder

    def belongs_to(self, service: str | None) -> bool:
        """By the service its commits carry, else by a word of its name: `shop-payment.git` is `payment`'s."""
        words = re.split(r"[^a-z0-9]+", self.folder.name.lower())
        return bool(service) and (
            service in self.services or str(service).lower() in [*words, self.folder.name.lower()]
        )


class SourceTrees:
    """Only what lies under `roots` after links are resolved, a repository's object folders too, is looked at."""

    def __init__(self, tables: Tables, roots: Sequence[Path]) -> None:
        self.roots = tuple(roots)
        self._repositories = list(self._allowed(tables))
        self._heads: dict[Path, tuple[str, dict[str, str]]] = {}

    def locate(self, named: str, service: str | None = None) -> Path:
        """The file with the most of the named path; of equals the service's own repository's. Raises Unreadable."""
        own = [r for r in self._repositories if r.belongs_to(service)]
        others = [r for r in self._repositories if r not in own]
        folders = [r.folder for r in own if not r.is_bare], self.roots, [r.folder for r in others if not r.is_bare]
        if path := find(named, self.roots, [folder for group in folders for folder in group]):
            return path
        for repository in (*own, *others):
            if repository.is_bare and _blob(repository.git, named):
                raise Unreadable(f"it lies in {repository.folder}, a bare repository: a clone of it can be read")
        raise Unreadable("no such file under the allowed roots or in the evidence's repositories")

    def read(self, path: Path) -> SourceText:
        """The file as it is on disk now. Raises Unreadable."""
        content = read_bytes(path, self.roots)
        return SourceText(Path(os.path.realpath(path)), content, lines_of(content))

    def revision(self, source: SourceText) -> str:
        """`at commit 1a2b3c…`, and whether the file is as committed; empty outside the evidence's repositories."""
        for repository in self._repositories:
            folder = Path(os.path.realpath(repository.folder))
            if repository.is_bare or not source.path.is_relative_to(folder):
                continue
            head, blobs = self._committed(repository)
            if not head:
                return ""
            committed = blobs.get(source.path.relative_to(folder).as_posix())
            if committed is None:
                return f"not in commit {head}"
            return f"at commit {head}" + ("" if source.blob_like(committed) == committed else ", changed since")
        return ""

    def _committed(self, repository: _Repository) -> tuple[str, dict[str, str]]:
        """The short id of HEAD and the blob of each of its files: asked for once, as a brief looks at many files."""
        if repository.git not in self._heads:
            head = run(repository.git, "rev-parse", "--short=12", "HEAD") or ""
            listed = (run(repository.git, "ls-tree", "-r", "-z", "HEAD") or "") if head else ""
            entries = (entry.partition("\t") for entry in listed.split("\0") if entry)
            blobs = {path: facts.split()[2] for facts, _, path in entries if len(facts.split()) == 3}
            self._heads[repository.git] = head, blobs
        return self._heads[repository.git]

    def work_trees(self) -> list[tuple[Path, Path]]:
        """Folder and git directory of the evidence's repositories that have files on disk."""
        return [(r.folder, r.git) for r in self._repositories if not r.is_bare]

    def services_of(self, folder: Path) -> list[str]:
        """The services that the commits of the repository there are of, as far as the evidence knows."""
        return [service for r in self._repositories if r.folder == folder for service in r.services]

    def _allowed(self, tables: Tables) -> Iterator[_Repository]:
        for name, services in tables.rows(query("repositories")):
            folder = Path(name)
            git = git_directory(folder) if is_inside(Path(os.path.realpath(folder)), self.roots) else None
            if git and all(is_inside(Path(os.path.realpath(p)), self.roots) for p in outside_directories(folder, git)):
                yield _Repository(folder, git, tuple(s for s in services if s))


def run(git_dir: Path, *arguments: str) -> str | None:
    """What git says, read-only; None where it fails or is not there."""
    from deep_code_reasoning.sources.changes.git_command import run_git

    git = shutil.which("git")
    return run_git(git, git_dir, *arguments) if git else None


def _line_hash(line: str) -> str:
    return hashlib.blake2b(line.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _blob(git_dir: Path, named: str) -> str | None:
    return run(git_dir, "rev-parse", "--verify", "--quiet", "--end-of-options", f"HEAD:{named.lstrip('/')}")


def blob_id(content: bytes, like: str) -> str:
    """What git would call the content, by the hash that `like` is of."""
    header = b"blob %d\0" % len(content)
    return hashlib.new("sha1" if len(like) == 40 else "sha256", header + content).hexdigest()
