"""What the ranking reads: commits as text, and the question that is asked of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FileText:
    path: str
    old_path: str | None = None  # before a rename
    insertions: int = 0
    deletions: int = 0
    patch: str = ""  # hunks of a unified diff; empty when binary, too large or not known


@dataclass(frozen=True)
class CommitText:
    sha: str
    time: int | None  # committed, ns since 1970
    message: str
    files: tuple[FileText, ...] = ()


@dataclass(frozen=True)
class Query:
    text: str
    files: tuple[str, ...] = ()  # known to be touched: paths, or the ends of paths
    at: int | None = None  # when it was noticed, ns since 1970; None counts from the newest commit
