"""Contents of files before and after commits, by one `git cat-file --batch`, as safe as git_log.py runs git."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

from deep_code_reasoning.sources.changes.git_command import SECONDS, command, surroundings

MOST_BYTES = 1 << 20
"""Of one file. Larger ones are read past and told as too large."""

_CHUNK = 1 << 16


class GitBlobs:
    """Reads files of commits from one repository. Use as a context; `failed` says that git stopped early.

    A path may hold anything but a newline, with which git ends a name; such a file counts as missing.
    """

    def __init__(self, git: str, git_dir: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self._command = command(git, git_dir, ("cat-file", "--batch"))
        self._git_dir = git_dir
        self._most = most_bytes
        self.failed = False
        self.too_large: list[str] = []

    def __enter__(self) -> GitBlobs:
        options: dict[str, Any] = {**surroundings(self._git_dir), "stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._process: subprocess.Popen[bytes] = subprocess.Popen[bytes](self._command, **options)
        self._watchdog = threading.Timer(SECONDS, self._process.kill)
        self._watchdog.daemon = True
        self._watchdog.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watchdog.cancel()
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                try:
                    stream.close()
                except OSError:
                    self.failed = True
        self._process.wait()

    def before_and_after(
        self, sha: str, path: str, *, old_path: str | None = None, status: str = "modified"
    ) -> tuple[bytes | None, bytes | None]:
        """The file in the commit's first parent and in the commit; None where it is not, or is too large.

        `status` as in `commit_files`: an added file has no state before, a deleted one none after.
        """
        before = None if status == "added" else self.read(f"{sha}^", old_path or path)
        after = None if status == "deleted" else self.read(sha, path)
        return before, after

    def read(self, revision: str, path: str) -> bytes | None:
        """One file of one commit (`sha`, or `sha^` for its first parent)."""
        if self.failed or "\n" in path or "\n" in revision or not revision or revision.startswith("-"):
            return None
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin
        assert stdout
        try:
            stdin.write(f"{revision}:{path}\n".encode("utf-8", "surrogateescape"))
            stdin.flush()
            head = stdout.readline(4096)
        except (OSError, ValueError):
            self.failed = True
            return None
        if not head.endswith(b"\n"):
            self.failed = True
            return None
        _, kind, size = [*head.split(), b"", b"", b""][:3] if not head.endswith(b" missing\n") else (b"", b"", b"")
        if kind not in (b"blob", b"tree", b"commit", b"tag") or not size.isdigit():
            return None  # missing, or a name that git finds ambiguous
        return self._body(int(size), f"{revision}:{path}", wanted=kind == b"blob")

    def _body(self, size: int, name: str, *, wanted: bool) -> bytes | None:
        stdout = self._process.stdout
        assert stdout
        kept = wanted and size <= self._most
        if wanted and not kept:
            self.too_large.append(name)
        data = stdout.read(size) if kept else b""
        left = size - len(data) if not kept else 0
        while left:
            part = stdout.read(min(left, _CHUNK))
            if not part:
                self.failed = True
                return None
            left -= len(part)
        if stdout.read(1) != b"\n" or (kept and len(data) != size):
            self.failed = True
            return None
        return data if kept else None
