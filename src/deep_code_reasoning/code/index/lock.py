"""One writer at a time on an index. The kernel frees the lock with its process: a dead holder's is never in the way."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Generator
from pathlib import Path

from deep_code_reasoning.progress import Progress, Work

_NAME = "lock"
_WAIT_SECONDS = 0.2


@contextlib.contextmanager
def writing(folder: Path, work: Work) -> Generator[None]:
    """Makes the folder and waits for other writers. Raises OSError, CancelledError."""
    import fcntl

    while True:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            file = (folder / _NAME).open("a")
        except FileNotFoundError:  # deleted between the two
            continue
        with file:
            while not _taken(file.fileno()):
                work.report(Progress("index", 0, message="another process indexes the same files"))
                time.sleep(_WAIT_SECONDS)
            if _is_the_one(file.fileno(), folder):
                yield
                return
            fcntl.flock(file, fcntl.LOCK_UN)


@contextlib.contextmanager
def no_writer(folder: Path) -> Generator[bool]:
    """True with the lock held, False where another process has it or there is none."""
    try:
        file = (folder / _NAME).open("a")
    except OSError:
        yield False
        return
    with file:
        yield _taken(file.fileno()) and _is_the_one(file.fileno(), folder)


def _taken(descriptor: int) -> bool:
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_the_one(descriptor: int, folder: Path) -> bool:
    """The folder may have been deleted, and made anew, while one waited for its lock."""
    try:
        return os.path.samestat(os.fstat(descriptor), (folder / _NAME).stat())
    except FileNotFoundError:
        return False
