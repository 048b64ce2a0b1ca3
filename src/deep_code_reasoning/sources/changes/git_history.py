"""The history of one git repository as rows: HEAD's, then what only its other branches and tags have."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from pathlib import Path

from deep_code_reasoning.sources.arrow_tables import BATCH_INPUT_BYTES, BATCH_ROWS, Rows
from deep_code_reasoning.sources.changes.git_command import git_lines, run_git
from deep_code_reasoning.sources.changes.git_log import GitLog
from deep_code_reasoning.sources.changes.git_output import Commit, FileChange
from deep_code_reasoning.sources.changes.git_repository import (
    BAD_TIME,
    CUT,
    CUT_BESIDE,
    LARGE_PATCH,
    PARTIAL,
    SHALLOW,
    STOPPED,
    lacking,
    without_credentials,
)
from deep_code_reasoning.sources.reader import Batch, Skipped

MAX_TAGS = 10_000
_URL_CHARACTERS = 2_000

_STATUS = {"A": "added", "M": "modified", "D": "deleted", "R": "renamed", "C": "added", "T": "modified"}


class GitHistory:
    """`most` commits of HEAD are read, and as many again of the other branches and tags.

    Of these only such as are at least as new as the oldest of HEAD's where HEAD has more than `most`.
    """

    def __init__(self, git: str, git_dir: Path, repository: str, most: int) -> None:
        self._git, self._git_dir, self._repository, self._most = git, git_dir, repository, most
        self._shallow = _shallow_boundary(git_dir)
        self._url, self._tags = _remote_url(git, git_dir), _tags(git, git_dir)
        self._commits, self._files = Rows("commits"), Rows("commit_files")
        self._number = self._held = self._lacking = 0
        self._time: int | None = None  # of the commit read last, in seconds

    def read(self, revision: str) -> Iterator[Batch | Skipped]:
        if self._shallow:
            yield Skipped(None, 0, SHALLOW)
        self._number = int(revision != "HEAD")  # 0 is HEAD's commit
        seen: dict[str, list[str]] = {}
        is_cut = False
        with GitLog(self._git, self._git_dir, [revision], most=self._most + 1) as log:
            for commit in log:
                if len(seen) == self._most:
                    is_cut = True
                    yield Skipped(None, self._number, CUT)
                    break
                seen[commit.sha] = commit.parents
                yield from self._add(commit)
            failed = log.failed
            yield from self._unreadable(log.unreadable)
        if revision == "HEAD":
            failed |= yield from self._beside(seen, is_cut=is_cut)
        yield from (rows.take() for rows in (self._commits, self._files) if len(rows))
        if failed:
            yield Skipped(None, 0, STOPPED)
        if self._lacking and any((self._git_dir / "objects" / "pack").glob("*.promisor")):
            yield Skipped(None, 0, PARTIAL)

    def _beside(self, seen: Mapping[str, list[str]], *, is_cut: bool) -> Generator[Batch | Skipped, None, bool]:
        """What other branches and tags have and HEAD has not. `seen`: of HEAD, with parents. Returns whether git
        stopped early.

        Listed first, for `^HEAD` would walk the whole history where a tag is old, and be read as named commits.
        """
        branches, _ = git_lines(
            self._git, self._git_dir, "for-each-ref", "--format=%(objectname)", "refs/heads", "refs/remotes"
        )
        tips = [sha for sha in dict.fromkeys([*branches, *self._tags]) if sha not in seen]
        if not tips:
            return False
        since = (f"--max-age={self._time}",) if is_cut and self._time is not None else ()
        most = len(seen) + self._most + 1
        of = ("--parents", "--ignore-missing", "--stdin", *since, f"--max-count={most}")
        lines, is_whole = git_lines(self._git, self._git_dir, "rev-list", *of, names=tips)
        listed = {sha: parents for sha, *parents in (line.split() for line in lines) if sha not in seen}
        of_head = _reached((parent for parents in seen.values() for parent in parents), listed)
        named = [sha for sha in listed if sha not in of_head]
        if len(named) > self._most or len(lines) == most:
            yield Skipped(None, self._number, CUT_BESIDE)
        with GitLog(self._git, self._git_dir, named[: self._most], walk=False) as log:
            for commit in log:
                yield from self._add(commit)
        yield from self._unreadable(log.unreadable)
        return log.failed or not is_whole

    def _add(self, commit: Commit) -> Iterator[Batch | Skipped]:
        number = self._number
        self._number += 1
        is_boundary = commit.sha in self._shallow
        if is_boundary:  # git shows all of its files as added
            commit.files.clear()
        time = _nanos(commit.commit_time)
        if time is None:
            yield Skipped(None, number, BAD_TIME)
            return
        self._time = time // 1_000_000_000
        if commit.lacks:
            yield self._told(commit.lacks, commit.sha)
        self._add_commit(commit, time, number, counted=not (is_boundary or commit.lacks))
        for change in commit.files:
            self._held += len(change.patch or "")
            if change.patch_too_large:
                yield Skipped(None, number, LARGE_PATCH)
            self._add_file(commit.sha, change, number)
        if max(len(self._commits), len(self._files)) >= BATCH_ROWS or self._held >= BATCH_INPUT_BYTES:
            self._held = 0
            yield from (rows.take() for rows in (self._commits, self._files) if len(rows))

    def _unreadable(self, shas: Iterable[str]) -> Iterator[Skipped]:
        yield from (self._told("everything", sha) for sha in shas)

    def _told(self, what: str, sha: str) -> Skipped:
        self._lacking += 1
        return Skipped(None, self._number, lacking(what, sha, self._lacking - 1))

    def _add_commit(self, commit: Commit, time: int, number: int, *, counted: bool) -> None:
        insertions = sum(change.insertions or 0 for change in commit.files)
        deletions = sum(change.deletions or 0 for change in commit.files)
        self._commits.add(
            [
                commit.sha,
                self._repository,
                commit.author_name,
                _nanos(commit.author_time),
                time,
                commit.parents,
                commit.message,
                min(insertions, 2**31 - 1) if counted else None,
                min(deletions, 2**31 - 1) if counted else None,
                self._url,
                self._tags.get(commit.sha, []),
                number,
            ]
        )

    def _add_file(self, sha: str, change: FileChange, number: int) -> None:
        status = "binary" if change.is_binary else _STATUS.get(change.status, "modified")
        renamed = change.old_path if change.status == "R" else None
        counts = change.insertions, change.deletions
        self._files.add([sha, self._repository, change.path, renamed, status, *counts, change.patch, number])


def _reached(tips: Iterable[str], parents: Mapping[str, list[str]]) -> set[str]:
    """Those of `parents` that are among `tips` or their ancestors."""
    waiting, found = list(tips), set[str]()
    while waiting:
        sha = waiting.pop()
        if sha in parents and sha not in found:
            found.add(sha)
            waiting += parents[sha]
    return found


def _remote_url(git: str, git_dir: Path) -> str | None:
    """The address of `origin`, else of the only remote, without credentials. Nothing is fetched from it."""
    told = run_git(git, git_dir, "config", "--local", "--null", "--get-regexp", r"^remote\..*\.url$") or ""
    urls = dict(entry.split("\n", 1) for entry in told.split("\0") if "\n" in entry)
    only = next(iter(urls.values())) if len(urls) == 1 else None
    url = urls.get("remote.origin.url", only)
    return without_credentials(url.strip()) if url and len(url) <= _URL_CHARACTERS else None


def _tags(git: str, git_dir: Path) -> dict[str, list[str]]:
    """Commit -> the names of its tags, of the newest MAX_TAGS."""
    form = "--format=%(objectname) %(*objectname) %(refname:strip=2)"
    told = run_git(git, git_dir, "for-each-ref", "--sort=-creatordate", f"--count={MAX_TAGS}", form, "refs/tags") or ""
    tags: dict[str, list[str]] = {}
    for line in told.splitlines():
        of_tag, of_commit, name = line.split(" ", 2) if line.count(" ") >= 2 else ("", "", "")
        tags.setdefault(of_commit or of_tag, []).append(name)
    return {sha: sorted(names) for sha, names in tags.items() if sha}


def _shallow_boundary(git_dir: Path) -> set[str]:
    try:
        return set((git_dir / "shallow").read_text("ascii", "replace").split())
    except OSError:
        return set()


def _nanos(seconds: str) -> int | None:
    number = int(seconds) if seconds.isdecimal() and len(seconds) <= 10 else None
    return number * 1_000_000_000 if number is not None and number <= 9_223_372_036 else None
