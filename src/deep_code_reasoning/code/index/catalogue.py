"""Which files an index holds, and in which state each was when it was read. One file, replaced whole."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

VERSION = 2
_NAME = "catalogue.msgpack"


class Row(msgspec.Struct, array_like=True, gc=False):
    """`file` numbers the document; numbers are never used twice. `reason`: left out for its content, no document."""

    file: int
    path_bytes: bytes
    blob: str
    size: int
    stamp: tuple[int, ...]
    reason: str = ""

    @property
    def path(self) -> str:
        return os.fsdecode(self.path_bytes)


class Left(msgspec.Struct, array_like=True, gc=False):
    path_bytes: bytes
    reason: str
    size: int | None


class Catalogue(msgspec.Struct):
    """`next_file`: the number after all that were ever given. `commit`: what the tree was at, where git knows.
    `stored`: the files of the documents and their sizes, so that a part that is lost or cut off is seen."""

    version: int = VERSION
    next_file: int = 1
    commit: str | None = None
    rows: list[Row] = []
    left: list[Left] = []
    stored: dict[str, int] = {}


def read_catalogue(folder: Path) -> Catalogue | None:
    """None where there is none, or one that is damaged or of another version."""
    try:
        catalogue = msgspec.msgpack.decode((folder / _NAME).read_bytes(), type=Catalogue)
    except (OSError, msgspec.DecodeError):
        return None
    return catalogue if catalogue.version == VERSION else None


def write_catalogue(folder: Path, catalogue: Catalogue) -> None:
    """Readers see the old one or the new one, never a part."""
    unfinished = folder / f"{_NAME}.tmp"
    with unfinished.open("wb") as file:
        file.write(msgspec.msgpack.encode(catalogue))
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(folder / _NAME)
