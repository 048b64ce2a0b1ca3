"""Lists of files by git, read as it writes them, so safe that a hostile repository executes nothing.

`git status` is not used: it hashes what changed, and for that it would run the filters that a repository's own
configuration names.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from deep_code_reasoning.errors import EvidenceError
from deep_code_reasoning.sources.changes.git_command import SECONDS, command, surroundings

_CLOSED = re.compile(rb"^warning: could not open directory '(.+)': ", re.MULTILINE)
SUBMODULE_MODE = "160000"
LINK_MODE = "120000"
TREE_MODE = "040000"
MOST_UNLISTED = 1_000
UNTRACKED_SECONDS = 60.0
"""Git may wait without end, as for a `.gitignore` that is a pipe; then only what it tracks is known."""


def output(git: str, git_dir: Path, folder: Path, *arguments: str) -> bytes:
    return _told(git, git_dir, folder, arguments, SECONDS)[0]


def _told(git: str, git_dir: Path, folder: Path, arguments: tuple[str, ...], seconds: float) -> tuple[bytes, bytes]:
    """What git says, and what it complains of. Raises EvidenceError where it fails, with what it was asked."""
    around = surroundings(folder)
    around["stderr"] = subprocess.PIPE
    try:
        done = subprocess.run(
            command(git, git_dir, arguments),
            **around,
            stdout=subprocess.PIPE,
            timeout=seconds,
            check=True,
        )
    except (subprocess.SubprocessError, OSError) as error:
        asked = " ".join(part for part in arguments if not part.startswith("--work-tree"))
        raise EvidenceError(f"{folder}: git {asked} failed: {type(error).__name__}") from None
    return done.stdout, done.stderr


def in_index(git: str, git_dir: Path, top: Path, folder: Path) -> Iterator[tuple[str, str]]:
    """(mode, path relative to `folder`) of what git tracks below `folder`; a path in conflict is there once."""
    told = output(git, git_dir, folder, f"--work-tree={top}", "ls-files", "--stage", "-z")
    seen = None
    for record in told.split(b"\0"):
        head, _, path = record.partition(b"\t")
        if path and path != seen:
            seen = path
            yield head[:6].decode("ascii", "replace"), os.fsdecode(path)


def untracked(git: str, git_dir: Path, top: Path, folder: Path) -> tuple[list[str], list[str]]:
    """What git neither tracks nor ignores (`/` at the end: a repository of its own), and the folders it may not list.

    Raises EvidenceError, after a minute too."""
    asked = (f"--work-tree={top}", "ls-files", "--others", "--exclude-standard", "-z")
    told, complaints = _told(git, git_dir, folder, asked, UNTRACKED_SECONDS)
    closed = [os.fsdecode(found[1]) for found in _CLOSED.finditer(complaints)]
    return [os.fsdecode(path) for path in told.split(b"\0") if path], closed


def in_revision(git: str, git_dir: Path, commit: str) -> tuple[list[tuple[str, str, str]], list[str]]:
    """(mode, object id, path) of all files of a commit, and the folders whose list is damaged."""
    try:
        return list(_listed(git, git_dir, "-r", commit)), []
    except EvidenceError:
        files: list[tuple[str, str, str]] = []
        unlisted: list[str] = []
        waiting = [("", commit)]  # git ends at what is damaged: each folder by itself
        while waiting:
            folder, tree = waiting.pop()
            try:
                if len(unlisted) >= MOST_UNLISTED:
                    raise EvidenceError(f"{git_dir}: more than {MOST_UNLISTED:,} folders are damaged")
                found = [(mode, blob, folder + path) for mode, blob, path in _listed(git, git_dir, "-t", tree)]
            except EvidenceError:
                unlisted.append(folder or ".")
                continue
            waiting += [(f"{path}/", blob) for mode, blob, path in found if mode == TREE_MODE]
            files += [one for one in found if one[0] != TREE_MODE]
        return sorted(files, key=lambda one: one[2]), sorted(unlisted)


def _listed(git: str, git_dir: Path, how: str, tree: str) -> Iterator[tuple[str, str, str]]:
    for record in output(git, git_dir, git_dir, "ls-tree", how, "-z", "--full-tree", tree).split(b"\0"):
        head, _, path = record.partition(b"\t")
        mode, _, rest = head.decode("ascii", "replace").partition(" ")
        if path and " " in rest:
            yield mode, rest.partition(" ")[2], os.fsdecode(path)
