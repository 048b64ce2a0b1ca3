"""What `git log` prints of a history, as it comes: each commit with the files it touched and their hunks."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from deep_code_reasoning.sources.changes.git_command import SECONDS, command, git_lines, surroundings
from deep_code_reasoning.sources.changes.git_output import FORMAT, READ_BYTES, Commit, GitOutput

RESTARTS = 32
"""Of git, past commits whose objects are missing or damaged; the rest is then read without what needs such objects."""

_LOG = (
    *("log", "-z", "--no-color", "--no-ext-diff", "--no-textconv", "--no-show-signature", "--no-notes", "--no-mailmap"),
    *("--no-relative", "--no-abbrev", "--encoding=UTF-8", "--diff-merges=first-parent", "--submodule=short"),
    *("--ignore-submodules=none", "--src-prefix=a/", "--dst-prefix=b/", f"-O{os.devnull}", f"--format={FORMAT}"),
)
# Lines are counted by us: with --numstat git would compare every file twice, a third of its time.
_PATCHES = ("--raw", "-p", "-U0", "--inter-hunk-context=0", "-M", "-l1000")
_FILES = ("--raw", "--no-renames")
_DIFFS: tuple[tuple[str | None, tuple[str, ...]], ...] = (
    (None, _PATCHES),
    ("patches", _FILES),  # needs no file's content
    ("files", ("--no-patch",)),  # needs no tree either
)
"""What a commit lacks, and what git is asked for; each needs fewer objects than the one before."""
_NAMED = ("--no-walk=unsorted", "--ignore-missing", "--stdin")


class GitLog:
    """Commits reachable from `revisions`, newest first; without `walk` those named, in their order, as far as they are
    there. Use as a context: leaving it ends git.

    A commit of which objects are missing or damaged comes without its patches, or without its files, and says so
    (`Commit.lacks`). After the iteration `unreadable` has those that did not come at all, and `failed` says whether the
    history ended before its end (commits missing or damaged, or out of time).
    """

    def __init__(
        self, git: str, git_dir: Path, revisions: Sequence[str], *, most: int | None = None, walk: bool = True
    ) -> None:
        self._git, self._git_dir = git, git_dir
        bound = () if most is None else (f"--max-count={most}",)
        self._which: tuple[str, ...] = (*bound, *(revisions if walk else _NAMED), "--")
        self._walk, self._names = walk, () if walk else tuple(revisions)
        self.command = command(git, git_dir, (*_LOG, *_PATCHES, *self._which))
        self.unreadable: list[str] = []
        self.failed = False
        self._commits: Generator[Commit] | None = None

    def __enter__(self) -> GitLog:
        self._ends = time.monotonic() + SECONDS
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._commits:
            self._commits.close()

    def __iter__(self) -> Iterator[Commit]:
        self._commits = self._read()
        return self._commits

    def _read(self) -> Generator[Commit]:
        """The last commit of a git that failed is held back: it may be cut, and is read again by itself."""
        if not self._walk and not self._names:
            return  # git would take HEAD
        call = self._call(self.command, self._names)
        last = yield from _all_but_last(call)
        if not call.failed:
            yield from last
        elif call.is_late:
            self.failed = True
        else:
            yield from self._rest(last)

    def _rest(self, last: list[Commit]) -> Generator[Commit]:
        """From `last` on, where git failed the first time."""
        waiting, is_whole = git_lines(self._git, self._git_dir, "rev-list", *self._which, names=self._names)
        self.failed = not is_whole
        lacks = restarts = 0
        while waiting := _from(last, waiting):
            yield from self._alone(waiting.pop(0), lacks)
            restarts += 1
            if restarts > RESTARTS:
                lacks, restarts = lacks + 1, 0
            if not waiting or lacks == len(_DIFFS):
                break
            call = self._named(waiting, lacks)
            last = yield from _all_but_last(call, _DIFFS[lacks][0])
            if not call.failed:
                yield from last
                return
            if call.is_late:
                break
        self.failed |= bool(waiting)

    def _alone(self, sha: str, lacks: int) -> list[Commit]:
        """One commit with as much as can be had of it."""
        for tried in range(lacks, len(_DIFFS)):
            with self._named([sha], tried) as call:
                found = list(call)
            if found and not call.failed:
                found[0].lacks = _DIFFS[tried][0]
                return found
        self.unreadable.append(sha)
        return []

    def _named(self, shas: Sequence[str], lacks: int) -> _Call:
        return self._call(command(self._git, self._git_dir, (*_LOG, *_DIFFS[lacks][1], *_NAMED, "--")), shas)

    def _call(self, arguments: list[str], names: Sequence[str]) -> _Call:
        return _Call(arguments, self._git_dir, names, self._ends - time.monotonic())


def _all_but_last(call: _Call, lacks: str | None = None) -> Generator[Commit, None, list[Commit]]:
    """Returns the last, if there is one."""
    last: list[Commit] = []
    with call:
        for commit in call:
            commit.lacks = lacks
            yield from last
            last = [commit]
    return last


def _from(last: list[Commit], waiting: list[str]) -> list[str]:
    """What `waiting` has from the commit in `last` on; all of it where there is none."""
    if not last:
        return waiting
    return waiting[waiting.index(last[0].sha) :] if last[0].sha in waiting else []


class _Call:
    """One run of git that is given `names` on its standard input. `failed`: it ended early, or is not understood;
    `is_late`: it was ended after `seconds`."""

    def __init__(self, arguments: list[str], git_dir: Path, names: Sequence[str], seconds: float) -> None:
        self._arguments, self._git_dir, self._names, self._seconds = arguments, git_dir, names, seconds
        self.failed = self.is_late = False

    def __enter__(self) -> _Call:
        with tempfile.TemporaryFile() as given:  # a pipe could fill up while git fills its own
            given.write("".join(f"{name}\n" for name in self._names).encode())
            given.seek(0)
            options: dict[str, Any] = {**surroundings(self._git_dir), "stdin": given, "stdout": subprocess.PIPE}
            self._process = subprocess.Popen[bytes](self._arguments, **options, bufsize=0, pipesize=READ_BYTES)
        self._watchdog = threading.Timer(max(self._seconds, 0), self._end)
        self._watchdog.daemon = True
        self._watchdog.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watchdog.cancel()
        if self._process.poll() is None:  # it may be waiting for someone to read what it prints
            self._process.kill()
        if self._process.stdout:
            self._process.stdout.close()
        self._process.wait()

    def __iter__(self) -> Iterator[Commit]:
        assert self._process.stdout
        output = GitOutput(self._process.stdout)
        yield from output.commits()
        self.failed = not output.at_end() or bool(self._process.wait())

    def _end(self) -> None:
        self.is_late = True
        self._process.kill()
