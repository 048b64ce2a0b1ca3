"""Which indexes on disk are kept: not those of trees that are gone, not asked for in a month, or beyond the limit.

An index is deleted under its writers' lock, so never while it is written. One that is open for reading stays readable:
its files are open, and the disk frees them with their last reader.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from deep_code_reasoning.code.index.lock import no_writer

UNUSED_SECONDS = 30 * 86_400
LOOK_EVERY_SECONDS = 3_600
_ORIGIN = "origin"
_LOOKED = "looked-through"


@dataclass(frozen=True, slots=True)
class _Index:
    folder: Path
    used: float
    size: int


def note_use(folder: Path, place: str) -> None:
    """Says that the index was asked for now, and the folder or repository that it is of."""
    origin = folder / _ORIGIN
    with suppress(OSError):  # a full disk must not stop a reader: the index counts as used when it was made
        if not origin.exists():
            origin.write_bytes(os.fsencode(place))
        os.utime(origin)


def look_through(indexes: Path, keep: Path, most_bytes: int, *, grown: bool) -> list[str]:
    """Deletes what is not to be kept; the names of the deleted. Once an hour, or where something was written.

    `keep` is in use. Of the others the least recently used goes first, until all together are within `most_bytes`.
    """
    stamp = indexes / _LOOKED
    now = time.time()
    with suppress(OSError):
        if not grown and now - stamp.stat().st_mtime < LOOK_EVERY_SECONDS:
            return []
    with suppress(OSError):
        stamp.touch()
    deleted = []
    found = sorted(_indexes(indexes), key=lambda one: (one.folder != keep, -one.used, one.folder.name))
    total = 0
    for one in found:
        total += one.size
        is_wanted = now - one.used <= UNUSED_SECONDS and total <= most_bytes and not _is_gone(one.folder)
        if one.folder != keep and not is_wanted and _delete(one.folder):
            total -= one.size
            deleted.append(one.folder.name)
    return deleted


def _indexes(indexes: Path) -> Iterator[_Index]:
    try:
        folders = [path for path in indexes.iterdir() if path.is_dir() and not path.is_symlink()]
    except OSError:
        return
    for folder in folders:
        with suppress(OSError):  # another process deletes it at this moment
            used = max(
                (path.stat().st_mtime for name in (_ORIGIN, "lock") if (path := folder / name).exists()),
                default=folder.stat().st_mtime,
            )
            size = sum(path.lstat().st_size for path in folder.rglob("*"))
            yield _Index(folder, used, size)


def _is_gone(folder: Path) -> bool:
    """What it is of is not there any more. A disk that is not mounted looks the same: then it is built again."""
    try:
        place = os.fsdecode((folder / _ORIGIN).read_bytes())
    except OSError:
        return False
    return bool(place) and not os.path.lexists(place)


def _delete(folder: Path) -> bool:
    with no_writer(folder) as is_free:
        if not is_free:
            return False
        shutil.rmtree(folder, ignore_errors=True)
        return not folder.exists()
