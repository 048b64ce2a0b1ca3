"""Contents of many git objects by one `git cat-file --batch`, asked ahead so that git never waits."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from deep_code_reasoning.sources.changes.git_command import SECONDS, command, surroundings

_PIECE = 1 << 20
MOST_STARTS = 200
"""Git ends at an object that is damaged inside; it is started again behind each."""


def sizes(git: str, git_dir: Path, ids: Sequence[str]) -> dict[str, int]:
    """Object id -> bytes; objects that are not there are missing from it."""
    found = {}
    with _Batch(git, git_dir, "--batch-check", ids) as stream:
        for line in stream:
            words = line.split()
            if len(words) == 3 and words[2].isdigit():
                found[words[0].decode("ascii", "replace")] = int(words[2])
    return found


def contents(git: str, git_dir: Path, ids: Sequence[str], most: int) -> Iterator[bytes | None]:
    """One for each id in its order: the content, None where it is missing or larger than `most`.

    A damaged object is None; where git takes too long, or ends again and again, the rest are.
    """
    done = 0
    for _ in range(MOST_STARTS):
        begun = done
        batch = _Batch(git, git_dir, "--batch", ids[done:])
        with batch as stream:
            while done < len(ids) and (head := stream.readline(4096)):
                words = head.split()
                done += 1
                is_there = len(words) == 3 and words[2].isdigit()
                yield _body(stream, int(words[2]), most) if is_there else None
        if done == len(ids) or batch.took_too_long:
            break
        if done == begun:  # the first one ends it
            done += 1
            yield None
    yield from (None for _ in ids[done:])


def _body(stream: IO[bytes], size: int, most: int) -> bytes | None:
    data = stream.read(size) if size <= most else None
    if data is not None and len(data) < size:
        return None
    while data is None and size:
        piece = stream.read(min(size, _PIECE))
        if not piece:
            return None
        size -= len(piece)
    stream.read(1)
    return data


class _Batch:
    """The output of a command that is fed ids from a thread. Killed when it is left or takes too long."""

    def __init__(self, git: str, git_dir: Path, mode: str, ids: Sequence[str]) -> None:
        self._command = command(git, git_dir, ("cat-file", mode, "--buffer"))
        self._git_dir, self._ids = git_dir, ids
        self.took_too_long = False

    def __enter__(self) -> IO[bytes]:
        environment = surroundings(self._git_dir)["env"]
        pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
        self._process = subprocess.Popen(
            self._command, cwd=self._git_dir, env=environment, stdin=pipe, stdout=pipe, stderr=nothing
        )
        self._watchdog = threading.Timer(SECONDS, self._give_up)
        self._watchdog.daemon = True
        self._watchdog.start()
        self._feeder = threading.Thread(target=self._feed, daemon=True)
        self._feeder.start()
        assert self._process.stdout
        return self._process.stdout

    def __exit__(self, *_: object) -> None:
        self._watchdog.cancel()
        self._process.kill()
        self._feeder.join()
        assert self._process.stdout
        self._process.stdout.close()
        self._process.wait()

    def _give_up(self) -> None:
        self.took_too_long = True
        self._process.kill()

    def _feed(self) -> None:
        stdin = self._process.stdin
        assert stdin
        try:
            for start in range(0, len(self._ids), 1000):
                stdin.write("".join(f"{one}\n" for one in self._ids[start : start + 1000]).encode("ascii"))
            stdin.close()
        except (OSError, ValueError):  # git is gone: what it did not give is told as missing
            pass
