"""The output of `git log` in FORMAT with its raw entries and patches, as it comes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, NamedTuple

PATCH_BYTES = 256 << 10
_FIELD_BYTES = 1 << 20  # a longer message or name is cut
READ_BYTES = 1 << 20
_KEPT_BYTES = PATCH_BYTES + (64 << 10)  # of a file's patch: its hunks, and the header before them
_COMMIT = b"\x1e"
_NEXT_COMMIT = b"\n\x1e"
_FILE = b"diff --git "
_NEXT_FILE = b"\ndiff --git "
# Fields end with NUL, the one byte that neither a name nor a message can hold.
FORMAT = "%x1e" + "".join(f"{field}%x00" for field in ("%H", "%P", "%an", "%at", "%ct", "%B"))


@dataclass(slots=True)
class FileChange:
    status: str  # git's letter: A, M, D, R, C, T
    path: str
    old_path: str | None = None
    insertions: int | None = None
    deletions: int | None = None
    patch: str | None = None
    is_binary: bool = False
    patch_too_large: bool = False


@dataclass(slots=True)
class Commit:
    sha: str
    parents: list[str]
    author_name: str
    author_time: str  # seconds since 1970 as git prints them; may be empty or absurd
    commit_time: str
    message: str
    files: list[FileChange] = field(default_factory=list)
    lacks: str | None = None
    """`patches` or `files` where objects they need are missing or damaged: then there are none of them."""


class _Section(NamedTuple):
    """What git prints of one file: its start, how long it is, and how many of its lines begin with + and with -."""

    start: bytes
    size: int
    plus: int
    minus: int


class GitOutput:
    """Reads it by NUL and by file, whole blocks at a time, holding little more than a block."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._buffer = b""
        self._at = 0
        self._next_commit = -1  # where the first _NEXT_COMMIT at or after `_at` is; before `_at`: not known
        self.ended = False

    def commits(self) -> Iterator[Commit]:
        """As far as the output is understood: `at_end` then says whether that is all of it. The last may be cut."""
        while self.begins(_COMMIT):
            fields = [self.until_nul() for _ in range(6)]
            if self.ended:
                break
            sha, parents, author, authored, committed, message = (f.decode("utf-8", "replace") for f in fields)
            commit = Commit(sha[1:], parents.split(), author, authored, committed, message.strip("\n"))
            self.skip(b"\0")
            if self.skip(b"\n"):
                _read_files(self, commit)
            yield commit

    def at_end(self) -> bool:
        return self._at >= len(self._buffer) and not self._fill()

    def begins(self, text: bytes) -> bool:
        while len(self._buffer) - self._at < len(text) and self._fill():
            pass
        return self._buffer.startswith(text, self._at)

    def skip(self, text: bytes) -> bool:
        found = self.begins(text)
        self._at += len(text) * found
        return found

    def until_nul(self) -> bytes:
        """Up to the next NUL, cut at _FIELD_BYTES (the rest of it is read and dropped)."""
        parts, held = [], 0
        while (end := self._buffer.find(b"\0", self._at)) < 0:
            parts.append(self._buffer[self._at : self._at + max(0, _FIELD_BYTES - held)])
            held += len(self._buffer) - self._at
            self._at = len(self._buffer)
            if not self._fill():
                self.ended = True
                return b"".join(parts)
        parts.append(self._buffer[self._at : min(end, self._at + max(0, _FIELD_BYTES - held))])
        self._at = end + 1
        return b"".join(parts)

    def section(self) -> _Section:
        """What git prints of one file. No line of it begins as the next file or commit does: content is prefixed."""
        parts, size, plus, minus = [], 0, 0, 0
        while True:
            end = self._section_end()
            stop = end if end >= 0 else len(self._buffer) - len(_NEXT_FILE)
            if stop > self._at:
                parts.append(self._buffer[self._at : min(stop, self._at + max(0, _KEPT_BYTES - size))])
                # Also the pair of a newline and a sign that reaches one byte over the end of this part.
                plus += self._buffer.count(b"\n+", self._at, stop + 1)
                minus += self._buffer.count(b"\n-", self._at, stop + 1)
                size += stop - self._at
                self._at = stop
            if end >= 0 or not self._fill():
                break
        if end < 0:  # the last section ends with the output
            rest = self._buffer[self._at :].removesuffix(b"\n")
            parts.append(rest[: max(0, _KEPT_BYTES - size)])
            plus, minus, size = plus + rest.count(b"\n+"), minus + rest.count(b"\n-"), size + len(rest)
            self._at = len(self._buffer)
        self.skip(b"\n")
        return _Section(b"".join(parts), size, plus, minus)

    def _section_end(self) -> int:
        if self._next_commit < self._at:
            found = self._buffer.find(_NEXT_COMMIT, self._at)
            self._next_commit = found if found >= 0 else len(self._buffer)
        end = self._buffer.find(_NEXT_FILE, self._at, self._next_commit)
        if end < 0 and self._next_commit < len(self._buffer):
            return self._next_commit
        return end

    def _fill(self) -> bool:
        block = self._stream.read(READ_BYTES)
        if block:
            self._buffer = self._buffer[self._at :] + block
            self._at, self._next_commit = 0, -1
        return bool(block)


def _read_files(output: GitOutput, commit: Commit) -> None:
    """The raw entries (what happened to which path), then patches, both in the same order."""
    while output.begins(b":"):
        status = output.until_nul().rpartition(b" ")[2].decode("ascii", "replace")
        path = output.until_nul().decode("utf-8", "replace")
        old_path = None
        if status[:1] in ("R", "C"):
            old_path, path = path, output.until_nul().decode("utf-8", "replace")
        commit.files.append(FileChange(status[:1], path, old_path))
    if output.skip(b"\0"):
        for change in commit.files:
            if _add_patch(change, output) and change.status == "T":  # a file became a link: removed, then added
                _add_patch(change, output)


def _add_patch(change: FileChange, output: GitOutput) -> bool:
    """Counts the lines of a file's next patch and keeps its hunks; says whether it removes the file."""
    if not output.begins(_FILE):
        return False
    section = output.section()
    start = section.start.find(b"\n@@") + 1
    header = section.start[:start] if start else section.start
    if start:
        change.insertions = (change.insertions or 0) + section.plus - header.count(b"\n+")
        change.deletions = (change.deletions or 0) + section.minus - header.count(b"\n-")
        change.patch_too_large |= section.size - start >= PATCH_BYTES
        hunks = section.start[start:].decode("utf-8", "replace") + "\n"
        change.patch = None if change.patch_too_large else (change.patch or "") + hunks
    elif b"\nBinary files " in header:
        change.is_binary = True
    else:
        change.insertions, change.deletions = change.insertions or 0, change.deletions or 0
    return b"\ndeleted file mode " in header
