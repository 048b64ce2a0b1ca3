"""Where a git repository keeps its objects, found without running git."""

from __future__ import annotations

import os
from pathlib import Path

_POINTER_BYTES = 4096


def git_directory(folder: Path) -> Path | None:
    """The resolved git directory of a work tree or bare repository; None where `folder` is neither."""
    marker = folder / ".git"
    if marker.is_dir():
        return Path(os.path.realpath(marker)) if _is_bare(marker) else None
    if marker.is_file():
        target = _pointer(marker, "gitdir:")
        return target if target and (target / "HEAD").is_file() else None
    return folder if _is_bare(folder) else None


def outside_directories(folder: Path, git: Path) -> list[Path]:
    """Every directory git would read objects and references from: itself, the common one, and alternates."""
    places = [git]
    if common := _pointer(git / "commondir", ""):
        places.append(common)
    objects = Path(os.path.realpath((common or git) / "objects"))
    places.append(objects)
    alternates = _lines(objects / "info" / "alternates")
    return [*places, *(Path(os.path.realpath(objects / alternate)) for alternate in alternates)]


def _is_bare(folder: Path) -> bool:
    return (folder / "HEAD").is_file() and (folder / "objects").is_dir() and (folder / "refs").is_dir()


def _pointer(file: Path, prefix: str) -> Path | None:
    """The directory that a one-line file names, relative to the file."""
    lines = _lines(file)
    if not lines or not lines[0].startswith(prefix):
        return None
    return Path(os.path.realpath(file.parent / lines[0].removeprefix(prefix).strip()))


def _lines(file: Path) -> list[str]:
    try:
        with file.open("rb") as handle:
            text = handle.read(_POINTER_BYTES)
    except OSError:
        return []
    return [line.strip() for line in os.fsdecode(text).splitlines() if line.strip()]
