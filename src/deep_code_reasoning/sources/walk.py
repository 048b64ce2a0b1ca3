"""From what the user points at to single pieces of evidence: files, and git repositories as one piece each."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from deep_code_reasoning.errors import OutsideRootsError
from deep_code_reasoning.sources.changes.git_directory import git_directory, outside_directories
from deep_code_reasoning.unread import Unread

if TYPE_CHECKING:
    from deep_code_reasoning.sources.archives.member import Member

MISSING = "no such file or folder"
OUTSIDE = "resolves outside the allowed roots"
NO_PERMISSION = "no permission to read"
NOT_A_FILE = "not a regular file (a pipe, socket or device)"
BROKEN_LINK = "symbolic link that leads nowhere or in a circle"
REPOSITORY_OUTSIDE = "git repository whose objects lie outside the allowed roots"
_CONTROL_FOLDERS = {".git", ".hg", ".svn", ".jj", ".bzr"}


@dataclass(frozen=True)
class Item:
    """`path` has its symbolic links resolved; `name` is for people, built on the argument as it was given.

    `size` is in bytes as on disk; 0 for a repository. A `member` of an archive (sources/archives makes them of files)
    has a path in words only, `/data/bundle.zip!/logs/app.log`: nothing is opened by it.
    """

    path: Path
    name: str
    kind: Literal["file", "repository", "member"]
    size: int
    member: Member | None = None


def walk(evidence: Sequence[str | Path], allowed_roots: Sequence[Path]) -> Iterator[Item | Unread]:
    """Every piece of evidence once, folders in the order of their names; what cannot be read is an Unread.

    A folder that holds a git repository is one item: its work tree is code, not evidence. Symbolic links are
    followed as long as they stay under the allowed roots. Raises OutsideRootsError, before anything is read,
    when an argument itself resolves outside of them.
    """
    roots = [Path(os.path.realpath(root)) for root in allowed_roots]
    for argument in evidence:
        real = Path(os.path.realpath(argument))
        if not _inside(real, roots):
            accepted = ", ".join(str(root) for root in allowed_roots) or "none"
            raise OutsideRootsError(f"{argument}: {OUTSIDE}; accepted are paths under {accepted}")
    return _walk(evidence, roots)


def _walk(evidence: Sequence[str | Path], roots: list[Path]) -> Iterator[Item | Unread]:
    seen: set[Path] = set()
    for argument in evidence:
        # A stack, so that depth is bounded by memory and not by recursion; with the resolved path where it is known.
        pending: list[tuple[str, Path | None]] = [(str(argument), None)]
        while pending:
            name, real = pending.pop()
            found = _look_at(name, real or Path(os.path.realpath(name)), roots)
            if isinstance(found, Unread):
                yield found
            elif found.path in seen:
                continue
            elif isinstance(found, Item):
                seen.add(found.path)
                yield found
            else:
                seen.add(found.path)
                children = _children(name, found.path)
                if isinstance(children, Unread):
                    yield children
                else:
                    pending.extend(reversed(children))


@dataclass(frozen=True)
class _Folder:
    path: Path


def _look_at(name: str, real: Path, roots: list[Path]) -> Item | _Folder | Unread:
    if not _inside(real, roots):
        return Unread(name, OUTSIDE)
    try:
        status = real.stat()
        if stat.S_ISDIR(status.st_mode):
            if not (git := git_directory(real)):
                return _Folder(real)
            if any(not _inside(place, roots) for place in outside_directories(real, git)):
                return Unread(name, REPOSITORY_OUTSIDE)
            return Item(real, name, "repository", 0)
    except PermissionError:
        return Unread(name, NO_PERMISSION)
    except OSError:
        return Unread(name, BROKEN_LINK if Path(name).is_symlink() else MISSING)
    if not stat.S_ISREG(status.st_mode):
        return Unread(name, NOT_A_FILE)
    if not os.access(real, os.R_OK):
        return Unread(name, NO_PERMISSION)
    return Item(real, name, "file", status.st_size)


def _children(name: str, real: Path) -> list[tuple[str, Path | None]] | Unread:
    """What a folder holds, by name; only a symbolic link has to be resolved anew."""
    try:
        with os.scandir(real) as entries:
            found = sorted((entry.name, entry.is_symlink()) for entry in entries if entry.name not in _CONTROL_FOLDERS)
    except PermissionError:
        return Unread(name, NO_PERMISSION)
    except OSError:
        return Unread(name, MISSING)
    prefix = name if name.endswith(os.sep) else name + os.sep  # Path() would rewrite what the user gave
    return [(prefix + child, None if is_link else real / child) for child, is_link in found]


def _inside(path: Path, roots: list[Path]) -> bool:
    return any(path.is_relative_to(root) for root in roots)
