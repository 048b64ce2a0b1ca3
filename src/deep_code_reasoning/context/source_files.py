"""Opens source files for a brief: only under the allowed roots, links resolved, fresh from disk each time."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from deep_code_reasoning.context.secret_catalogue import file_names

MOST_BYTES = 4_000_000
MOST_FILES = 400
_VERSION_CONTROL = {".git", ".hg", ".svn", ".jj"}
_CONTROL_FOLDERS = {*_VERSION_CONTROL, "node_modules", "__pycache__", ".venv", "vendor"}


class Unreadable(Exception):
    """Why a file stays out; the text is for the manifest."""


def read_bytes(path: Path, roots: Sequence[Path]) -> bytes:
    """The file's content, opened where its links lead. Raises Unreadable where it may not or cannot be shown."""
    try:
        real = Path(os.path.realpath(path))
    except (OSError, ValueError) as error:  # a link that goes while it is followed; a NUL in the name
        raise Unreadable(getattr(error, "strerror", None) or "cannot be opened") from None
    if not is_inside(real, roots):
        raise Unreadable("resolves outside the allowed roots")
    if _is_version_control(real, roots):
        raise Unreadable("version control's own file")  # remotes are written with their passwords
    if _refused(path.name.lower()) or _refused(real.name.lower()):
        raise Unreadable("a file of this name holds secrets")
    try:
        descriptor = os.open(real, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0))
        with os.fdopen(descriptor, "rb") as file:
            if not is_inside(_opened(file.fileno(), real), roots):
                raise Unreadable("resolves outside the allowed roots")
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise Unreadable("not a regular file")
            if status.st_size > MOST_BYTES:
                raise Unreadable(f"{status.st_size:,} bytes; at most {MOST_BYTES:,} are read")
            content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise Unreadable(getattr(error, "strerror", None) or "cannot be opened") from None
    if len(content) > MOST_BYTES:
        raise Unreadable(f"grows while it is read; at most {MOST_BYTES:,} bytes are read")
    if b"\0" in content[:8192]:
        raise Unreadable("binary")
    return content


def lines_of(content: bytes) -> list[str]:
    text = content.decode("utf-8", "replace").replace("\r\n", "\n").removesuffix("\n")
    return text.split("\n") if text else []


def read_lines(path: Path, roots: Sequence[Path]) -> list[str]:
    """The file's lines. Raises Unreadable where it may not or cannot be shown."""
    return lines_of(read_bytes(path, roots))


def _opened(descriptor: int, named: Path) -> Path:
    """Where the file that was opened lies, by the kernel's word: a folder on the way may have become a link since the
    name was resolved. The name itself where the system does not tell."""
    try:
        return Path(str(Path(f"/proc/self/fd/{descriptor}").readlink()).removesuffix(" (deleted)"))
    except OSError:
        return named


def is_inside(real: Path, roots: Sequence[Path]) -> bool:
    return any(real.is_relative_to(os.path.realpath(root)) for root in roots)


def _is_version_control(real: Path, roots: Sequence[Path]) -> bool:
    inside = [real.relative_to(r) for root in roots if real.is_relative_to(r := os.path.realpath(root))]
    return all(any(part.lower() in _VERSION_CONTROL for part in path.parts) for path in inside)


def files_under(given: Path, roots: Sequence[Path]) -> Iterator[Path]:
    """A file as it is; a folder's files in the order of their names, without links, hidden and vendored folders."""
    if not given.is_dir() or not is_inside(Path(os.path.realpath(given)), roots):
        yield given
        return
    for folder, subfolders, names in os.walk(given):
        subfolders[:] = sorted(n for n in subfolders if n not in _CONTROL_FOLDERS and not n.startswith("."))
        yield from (Path(folder) / name for name in sorted(names))


def find(named: str, roots: Sequence[Path], folders: Sequence[Path]) -> Path | None:
    """The file that telemetry calls `named`: `/app/src/pay.py` of a container is `src/pay.py` under a folder."""
    parts = [part for part in named.replace("\\", "/").split("/") if part not in ("", ".")]
    if ".." in parts or not parts:
        return None
    if "\0" in named:
        return None
    if Path(named).is_absolute() and Path(named).is_file() and is_inside(Path(os.path.realpath(named)), roots):
        return Path(named)
    for skipped in range(len(parts)):
        for folder in folders:
            path = Path(folder, *parts[skipped:])
            if path.is_file():
                return path
    return None


def _refused(name: str) -> bool:
    rules = file_names()
    if any(fnmatchcase(name, pattern) for pattern in rules["accepted"]):
        return False
    return any(fnmatchcase(name, pattern) for pattern in rules["refused"])
