"""The runs of a bisection, kept as they end, so that the same call goes on where an earlier one stopped."""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO

from deep_code_reasoning.changes.bisect.git_range import GitRange
from deep_code_reasoning.changes.bisect.request import BisectionRequest
from deep_code_reasoning.changes.bisect.worktree import forget
from deep_code_reasoning.errors import UsageError

FOLDER = "bisections"
LARGEST_SCRIPT_BYTES = 1 << 20


@dataclass(frozen=True)
class RecordedRun:
    commit: str
    outcome: str  # good, bad, skip
    reason: str  # of a skip
    seconds: float


class Journal:
    """A folder of the state directory, for one repository, range and command; locked while open.

    Raises UsageError where the same bisection is running already.
    """

    def __init__(self, state_dir: Path, request: BisectionRequest, between: GitRange) -> None:
        told = [
            *(str(between.git_dir), between.good, between.bad, request.command, request.paths, request.first_parent),
            *(request.timeout_seconds, request.timeout_is, request.clean, [_content(word) for word in request.command]),
        ]
        key = sha256(json.dumps(told).encode()).hexdigest()[:16]
        self.folder = state_dir / FOLDER / key
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = _locked(self.folder)
        if lock is None:
            raise UsageError("bisect: the same bisection is running already; wait for it, or stop it")
        self._lock = lock
        remove_leftovers(state_dir / FOLDER)
        _remove_trees(self.folder)
        (self.folder / "repository").write_text(str(between.git_dir), encoding="utf-8", errors="surrogateescape")
        if request.restart:
            (self.folder / "runs.jsonl").unlink(missing_ok=True)
            shutil.rmtree(self.folder / "output", ignore_errors=True)
        self.earlier = list(self._read())

    def close(self) -> None:
        self._lock.close()

    def tree(self, number: int) -> Path:
        return self.folder.resolve() / "trees" / str(number)

    def add(self, run: RecordedRun) -> None:
        with (self.folder / "runs.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(run)) + "\n")

    def keep_output(self, commit: str, outcome: str, output: bytes) -> None:
        """The end of what the last run at a commit with that outcome printed."""
        folder = self.folder / "output"
        folder.mkdir(exist_ok=True)
        (folder / f"{commit}-{outcome}.txt").write_bytes(output)

    def _read(self) -> Iterator[RecordedRun]:
        with suppress(FileNotFoundError):
            for line in (self.folder / "runs.jsonl").read_text(encoding="utf-8").splitlines():
                with suppress(ValueError, TypeError):  # cut off when the machine went down
                    yield RecordedRun(**json.loads(line))


def remove_leftovers(folder: Path) -> None:
    """Work trees of bisections that were killed; those that run hold their lock."""
    for bisection in folder.iterdir():
        if (bisection / "trees").is_dir() and (lock := _locked(bisection)):
            _remove_trees(bisection)
            lock.close()


def _remove_trees(bisection: Path) -> None:
    trees = bisection.resolve() / "trees"
    with suppress(OSError):
        git_dir = Path((bisection / "repository").read_text(encoding="utf-8", errors="surrogateescape"))
        for tree in trees.iterdir():
            forget(git_dir, tree)
    shutil.rmtree(trees, ignore_errors=True)


def _content(word: str) -> str:
    """Of a script that a command names: runs of an earlier version of it say nothing."""
    path = Path(word)
    try:
        if path.is_file() and path.stat().st_size <= LARGEST_SCRIPT_BYTES:
            return sha256(path.read_bytes()).hexdigest()
    except (OSError, ValueError):
        pass
    return ""


def _locked(folder: Path) -> IO[bytes] | None:
    handle = (folder / "lock").open("ab")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        return None
    return handle
