"""Content hashes of evidence: equal ones are the same evidence, whatever its name and time of change."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from deep_code_reasoning.content_hash import content_hash

PIECE_BYTES = 1 << 18  # stays in the processor's cache


def of_file(path: Path) -> str:
    """The content hash of the bytes as they lie on disk. Raises OSError."""
    digest = content_hash()
    piece = bytearray(PIECE_BYTES)
    with path.open("rb", buffering=0) as file:
        while size := file.readinto(piece):
            digest.update(memoryview(piece)[:size])
    return digest.hexdigest()


def of_references(git_directories: Iterable[Path]) -> str:
    """Of a git repository: of every reference and its value; a commit's name covers all it holds."""
    digest = content_hash()
    for directory in git_directories:
        for file in _reference_files(directory):
            digest.update(os.fsencode(file.relative_to(directory)) + b"\0")
            try:
                content = file.read_bytes()
                digest.update(b"%d\0" % len(content) + content)
            except OSError:
                digest.update(b"unreadable")
    return digest.hexdigest()


def _reference_files(directory: Path) -> list[Path]:
    files = [directory / "HEAD", directory / "packed-refs"]
    for kind in ("refs", "reftable"):
        files += sorted(path for path in (directory / kind).rglob("*") if path.is_file())
    return [file for file in files if file.is_file()]
