"""What files may define, kept beside the index of their tree: a file that is as it was is not read for it again.

One file, replaced whole. It holds for the tables of languages it was made with; made with others it counts as none.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path

import msgspec

from deep_code_reasoning.code.index.lock import no_writer
from deep_code_reasoning.code.index.place import all_indexes, index_of
from deep_code_reasoning.code.index.retention import look_through, note_use
from deep_code_reasoning.code.index.tree import Entry, Tree
from deep_code_reasoning.code.language import FOLDER
from deep_code_reasoning.settings import Settings

VERSION = 1
"""Of what is stated of a file; a new one wherever the same file would now be stated otherwise."""
_NAME = "names.msgpack"


class Stated(msgspec.Struct, array_like=True, gc=False):
    """What a file states without being parsed. `names`: of what it may define, parted by NUL, which no source file
    holds. `why` it is left out. `module`: what a go.mod says. `blob`, `stamp`: its state, as in an Entry."""

    path_bytes: bytes
    blob: str
    stamp: tuple[int, ...]
    size: int = 0
    names: bytes = b""
    why: str = ""
    module: str = ""

    def is_of(self, entry: Entry) -> bool:
        return self.blob == entry.blob if entry.blob else bool(entry.stamp) and self.stamp == entry.stamp

    @property
    def can_be_kept(self) -> bool:
        return bool(self.blob or self.stamp)


class _Kept(msgspec.Struct):
    made_with: str
    rows: list[Stated]


class KeptNames:
    def __init__(self, tree: Tree, settings: Settings) -> None:
        self._indexes, self._folder = all_indexes(settings), index_of(tree, settings)
        self._place, self._most_bytes = tree.identity.removesuffix("@"), settings.code_index_bytes

    def read(self) -> dict[str, Stated]:
        """By path; empty where there is nothing, or nothing that can be used."""
        try:
            found = msgspec.msgpack.decode((self._folder / _NAME).read_bytes(), type=_Kept)
        except (OSError, msgspec.DecodeError):
            return {}
        if found.made_with != _made_with():
            return {}
        note_use(self._folder, self._place)
        return {os.fsdecode(one.path_bytes): one for one in found.rows}

    def write(self, rows: Iterable[Stated]) -> None:
        """Nothing where another process writes at this moment, or it cannot be written: then it is read again."""
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with no_writer(self._folder) as is_free:
                if is_free:
                    unfinished = self._folder / f"{_NAME}.tmp"
                    unfinished.write_bytes(msgspec.msgpack.encode(_Kept(_made_with(), list(rows))))
                    unfinished.replace(self._folder / _NAME)
                    note_use(self._folder, self._place)
            look_through(self._indexes, self._folder, self._most_bytes, grown=True)


@cache
def _made_with() -> str:
    tables = b"\0".join(path.read_bytes() for path in sorted(Path(FOLDER).glob("*.toml")))
    return f"{VERSION}-{hashlib.sha256(tables).hexdigest()[:16]}"
