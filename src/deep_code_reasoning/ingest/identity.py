"""How a piece of evidence is known again: by its content, and by when it was changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deep_code_reasoning.sources.walk import Item


def fingerprint_of(item: Item) -> str:
    from deep_code_reasoning.sources.changes.git_directory import git_directory, outside_directories
    from deep_code_reasoning.store import fingerprint

    if item.kind != "repository":
        try:
            return item.member.fingerprint() if item.member else fingerprint.of_file(item.path)
        except OSError:
            return ""  # gone meanwhile; it will be read again when it is back
    git = git_directory(item.path)
    return fingerprint.of_references(outside_directories(item.path, git)) if git else ""


def modified_of(item: Item) -> int:
    """Nanoseconds since the epoch; 0 for a repository and for a file that is gone."""
    try:
        return item.path.stat().st_mtime_ns if item.kind == "file" else 0
    except OSError:
        return 0
