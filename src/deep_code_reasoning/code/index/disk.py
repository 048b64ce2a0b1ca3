"""Files of a folder on disk: listed by their state, read afresh, never followed out of the folder."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from deep_code_reasoning.code.index import exclusion
from deep_code_reasoning.code.index.exclusion import LeftOut
from deep_code_reasoning.code.index.tree import Entry

SETTLED_NANOSECONDS = 2_000_000_000
"""A file written later than this before it is listed may be written again within the clock's grain: its state on disk
is not relied upon the next time. Two seconds is the coarsest grain in use (FAT)."""


class Disk:
    """`root` is resolved once; what lies outside of it afterwards is not read."""

    def __init__(self, root: Path) -> None:
        self.root = os.path.realpath(root)
        self._inside: dict[str, bool] = {}
        self._now = time.time_ns()

    def entry(self, path: str) -> Entry | LeftOut:
        """By `lstat`; the content is not read."""
        try:
            status = os.lstat(f"{self.root}/{path}")
        except PermissionError:
            return LeftOut(path, exclusion.CLOSED)
        except (OSError, ValueError):
            return LeftOut(path, exclusion.NOT_THERE)
        if stat.S_ISLNK(status.st_mode):
            return LeftOut(path, exclusion.LINK)
        if not stat.S_ISREG(status.st_mode):
            return LeftOut(path, exclusion.NOT_A_FILE)
        if not self.is_inside(path):
            return LeftOut(path, exclusion.OUTSIDE)
        if reason := exclusion.by_name(path) or exclusion.by_size(status.st_size):
            return LeftOut(path, reason, status.st_size)
        settled = max(status.st_mtime_ns, status.st_ctime_ns) < self._now - SETTLED_NANOSECONDS
        stamp = (status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_size) if settled else ()
        return Entry(path, status.st_size, stamp=stamp)

    def is_inside(self, path: str) -> bool:
        """No folder on the way to it is a link out of the root."""
        folder = path.rpartition("/")[0]
        found = self._inside.get(folder)
        if found is None:
            found = self._inside[folder] = not folder or (self.is_inside(folder) and self._stays(folder))
        return found

    def _stays(self, folder: str) -> bool:
        """Not a link, or one to a place below the root."""
        place = f"{self.root}/{folder}"
        if not Path(place).is_symlink():
            return True
        real = os.path.realpath(place)
        return real == self.root or real.startswith(self.root.rstrip("/") + "/")

    def contents(self, entries: Iterable[Entry]) -> Iterator[tuple[Entry, bytes | LeftOut]]:
        self._inside.clear()  # a folder may have become a link since it was listed
        for entry in entries:
            yield entry, self._content(entry.path)

    def _content(self, path: str) -> bytes | LeftOut:
        most = exclusion.most_bytes()
        if path.startswith("/") or ".." in path.split("/") or not self.is_inside(path):
            return LeftOut(path, exclusion.OUTSIDE)
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        try:
            descriptor = os.open(f"{self.root}/{path}", flags)
            with os.fdopen(descriptor, "rb", buffering=0) as file:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    return LeftOut(path, exclusion.NOT_A_FILE)
                data = _read(file, most + 1)
        except (OSError, ValueError):
            return LeftOut(path, exclusion.VANISHED)
        if reason := exclusion.by_size(len(data)):
            return LeftOut(path, reason)
        return data


def _read(file, most: int) -> bytes:
    parts = []
    while most > 0 and (part := file.read(most)):
        parts.append(part)
        most -= len(part)
    return b"".join(parts)
