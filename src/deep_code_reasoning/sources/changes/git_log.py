"""Runs `git log` so that a hostile repository can execute nothing, and parses what it prints as it comes.

Signature programs, external diffs, text converters, hooks, fsmonitor, lazy fetches, pagers and the user's own
configuration are all switched off; what remains is reading objects.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO

PATCH_BYTES = 256 << 10
SECONDS = 300.0
_LINE_BYTES = PATCH_BYTES + 1  # enough to see that a patch is too large
_COMMIT = b"\x1e"
# Fields end with NUL, the one byte that neither a name nor a message can hold.
_FORMAT = "%x1e" + "".join(f"{field}%x00" for field in ("%H", "%P", "%an", "%at", "%ct", "%B"))

_SAFE_CONFIG = (
    "safe.directory=*",
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    f"core.attributesFile={os.devnull}",
    "core.pager=cat",
    "log.showSignature=false",
    "protocol.allow=never",
    "diff.suppressBlankEmpty=false",
    "gc.auto=0",
)
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_PAGER": "cat",
    "LC_ALL": "C",
}
_LOG = (
    *("log", "-z", "--no-color", "--no-ext-diff", "--no-textconv", "--no-show-signature", "--no-notes", "--no-mailmap"),
    *("--no-relative", "--no-abbrev", "--encoding=UTF-8", "--diff-merges=first-parent", "--submodule=short"),
    *("--ignore-submodules=none", "--src-prefix=a/", "--dst-prefix=b/", f"-O{os.devnull}", f"--format={_FORMAT}"),
)
_WITH_PATCHES = ("--raw", "--numstat", "-p", "-U0", "-M", "-l1000")
_WITHOUT_BLOBS = ("--raw", "--no-renames")


@dataclass
class FileChange:
    status: str  # git's letter: A, M, D, R, C, T
    path: str
    old_path: str | None = None
    insertions: int | None = None
    deletions: int | None = None
    patch: str | None = None
    is_binary: bool = False
    patch_too_large: bool = False


@dataclass
class Commit:
    sha: str
    parents: list[str]
    author_name: str
    author_time: str  # seconds since 1970 as git prints them; may be empty or absurd
    commit_time: str
    message: str
    files: list[FileChange] = field(default_factory=list)


def run_git(git: str, git_dir: Path, *arguments: str) -> str | None:
    """The output of a short command; None when it fails."""
    try:
        done = subprocess.run(
            _command(git, git_dir, arguments),
            **_surroundings(git_dir),
            stdout=subprocess.PIPE,
            timeout=SECONDS,
            check=True,
        )
    except (subprocess.SubprocessError, OSError):
        return None
    return done.stdout.decode("utf-8", "replace").strip()


class GitLog:
    """Commits of `revision`, newest first. After the iteration `failed` says whether git stopped early."""

    def __init__(self, git: str, git_dir: Path, revision: str, max_commits: int, *, with_patches: bool) -> None:
        diff = _WITH_PATCHES if with_patches else _WITHOUT_BLOBS
        arguments = (*_LOG, *diff, f"--max-count={max_commits}", revision, "--")
        self._command = _command(git, git_dir, arguments)
        self._git_dir = git_dir
        self.failed = False

    def __enter__(self) -> GitLog:
        self._process = subprocess.Popen[bytes](
            self._command, **_surroundings(self._git_dir), stdout=subprocess.PIPE, bufsize=0
        )
        self._watchdog = threading.Timer(SECONDS, self._process.kill)
        self._watchdog.daemon = True
        self._watchdog.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watchdog.cancel()
        if self._process.poll() is None and kind is not None:
            self._process.kill()
        if self._process.stdout:
            self._process.stdout.close()
        self._process.wait()

    def __iter__(self) -> Iterator[Commit]:
        assert self._process.stdout
        output = _Output(self._process.stdout)
        while output.peek() == _COMMIT:
            output.take(1)
            fields = [output.until_nul() for _ in range(6)]
            if output.ended:
                break
            sha, parents, author, authored, committed, message = (f.decode("utf-8", "replace") for f in fields)
            commit = Commit(sha, parents.split(), author, authored, committed, message.strip("\n"))
            if output.peek() == b"\0":
                output.take(1)
            if output.peek() == b"\n":
                output.take(1)
                _read_files(output, commit)
            yield commit
        self.failed = bool(self._process.wait())


def _command(git: str, git_dir: Path, arguments: tuple[str, ...]) -> list[str]:
    config = [part for setting in _SAFE_CONFIG for part in ("-c", setting)]
    return [git, "--no-pager", f"--git-dir={git_dir}", *config, *arguments]


def _surroundings(git_dir: Path) -> dict:
    return {"cwd": git_dir, "env": _ENVIRONMENT, "stdin": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


class _Output:
    """Reads git's output by NUL and by line, holding little of it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._buffer = b""
        self.ended = False

    def peek(self) -> bytes:
        self._fill(1)
        return self._buffer[:1]

    def take(self, size: int) -> None:
        self._buffer = self._buffer[size:]

    def until_nul(self) -> bytes:
        return self._until(b"\0")[0]

    def line(self) -> bytes:
        """A line with its newline, cut at a little over PATCH_BYTES (the rest of it is read and dropped)."""
        line, complete = self._until(b"\n", _LINE_BYTES)
        return line + b"\n" if complete else line

    def _until(self, mark: bytes, limit: int | None = None) -> tuple[bytes, bool]:
        parts: list[bytes] = []
        held = 0
        while True:
            end = self._buffer.find(mark)
            part = self._buffer if end < 0 else self._buffer[:end]
            if limit is None or held < limit:
                parts.append(part if limit is None else part[: limit - held])
            held += len(part)
            if end >= 0:
                self._buffer = self._buffer[end + 1 :]
                return b"".join(parts), True
            self._buffer = b""
            if not self._fill(1):
                self.ended = True
                return b"".join(parts), False

    def _fill(self, size: int) -> bool:
        if len(self._buffer) < size:
            self._buffer += self._stream.read(1 << 16)
        return len(self._buffer) >= size


def _read_files(output: _Output, commit: Commit) -> None:
    """The raw entries (what happened to which path), then counts, then patches, all in the same order."""
    while output.peek() == b":":
        status = output.until_nul().rpartition(b" ")[2].decode("ascii", "replace")
        path = output.until_nul().decode("utf-8", "replace")
        old_path = None
        if status[:1] in ("R", "C"):
            old_path, path = path, output.until_nul().decode("utf-8", "replace")
        commit.files.append(FileChange(status[:1], path, old_path))
    for change in commit.files:
        if output.peek() in (b"\0", _COMMIT, b""):
            break  # no counts: a partial clone
        insertions, deletions, path = [*output.until_nul().split(b"\t", 2), b"", b""][:3]
        if not path:  # a rename: both names follow
            output.until_nul()
            output.until_nul()
        change.is_binary = insertions == b"-"
        if not change.is_binary:
            change.insertions, change.deletions = _number(insertions), _number(deletions)
    if output.peek() == b"\0":
        output.take(1)
        _read_patches(output, commit.files)


def _read_patches(output: _Output, files: list[FileChange]) -> None:
    """Keeps hunks only. No line of a patch begins with the byte that opens a commit: content is prefixed."""
    index, hunks, size = -1, [], 0
    in_hunks = False

    def finish() -> None:
        if 0 <= index < len(files) and size:
            change = files[index]
            change.patch_too_large = size > PATCH_BYTES
            text = b"".join(hunks).decode("utf-8", "replace")
            change.patch = None if change.patch_too_large else (change.patch or "") + text

    second_half = False  # a type change (file to link) has two patches: its removal and its addition
    while output.peek() not in (_COMMIT, b""):
        line = output.line()
        if line.startswith(b"diff --git "):
            finish()
            second_half = not second_half and index >= 0 and files[index].status == "T"
            index += not second_half
            hunks, size, in_hunks = [], 0, False
            continue
        in_hunks = in_hunks or line.startswith(b"@@")
        if in_hunks:
            size += len(line)
            if size <= PATCH_BYTES:
                hunks.append(line)
    finish()


def _number(text: bytes) -> int | None:
    return int(text) if text.isdigit() and len(text) < 10 else None
