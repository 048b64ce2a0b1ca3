"""Content hashes of evidence: equal ones are the same evidence, whatever its name and time of change."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path


def of_file(path: Path) -> str:
    """SHA-256 of the bytes as they lie on disk (1.8 GB/s with the processor's own instructions). Raises OSError."""
    with path.open("rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def of_references(git_directories: Iterable[Path]) -> str:
    """Of a git repository: SHA-256 of every reference and its value; a commit's name covers all it holds."""
    digest = hashlib.sha256()
    for directory in git_directories:
        for file in _reference_files(directory):
            digest.update(os.fsencode(file.relative_to(directory)) + b"\0")
            try:
                digest.update(hashlib.sha256(file.read_bytes()).digest())
            except OSError:
                digest.update(b"unreadable")
    return digest.hexdigest()


def _reference_files(directory: Path) -> list[Path]:
    files = [directory / "HEAD", directory / "packed-refs"]
    for kind in ("refs", "reftable"):
        files += sorted(path for path in (directory / kind).rglob("*") if path.is_file())
    return [file for file in files if file.is_file()]
