"""A git repository as evidence: its newest commits, the files each touched, and the hunks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.sources.changes.git_directory import git_directory
from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream

if TYPE_CHECKING:
    from deep_code_reasoning.sources.arrow_tables import Rows
    from deep_code_reasoning.sources.changes.git_log import Commit

MAX_COMMITS = 2_000

NO_GIT = "the git command is not installed"
EMPTY = "git repository without commits"
CUT = f"commits older than the newest {MAX_COMMITS:,} (not read)"
SHALLOW = "shallow git repository: the history before its oldest commits is missing, and with it their changes"
PARTIAL = "partial clone: file contents are missing, so changes have no patches and no line counts"
STOPPED = "git stopped before the end of the history (objects missing or damaged, or out of time)"
BAD_TIME = "commit whose time is not between 1970 and 2262"
LARGE_PATCH = "patch larger than 256 KiB (the change is kept without it)"

_STATUS = {"A": "added", "M": "modified", "D": "deleted", "R": "renamed", "C": "added", "T": "modified"}


class GitRepository:
    name = "git-repository"
    accepts = "git repositories (a folder with .git, or a bare one)"

    def claims(self, sample: Sample) -> int:
        return 100 if sample.is_directory and git_directory(sample.path) else 0

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        """Newest first; `source_offset` counts commits from 0, a repository has no byte offsets."""
        from deep_code_reasoning.sources.changes.git_log import run_git

        git = shutil.which("git")
        if git is None:
            yield Skipped(None, 0, NO_GIT)
            return
        git_dir = git_directory(stream.path)
        revision = "HEAD"
        if git_dir is None or run_git(git, git_dir, "rev-parse", "--verify", "--quiet", "HEAD^{commit}") is None:
            revision = "--all"  # HEAD names a branch that does not exist; others may
            if git_dir is None or not run_git(git, git_dir, "rev-list", "--all", "--max-count=1"):
                yield Skipped(None, 0, EMPTY)
                return
        yield from _history(git, git_dir, revision, stream.name)


READER = GitRepository()


def _history(git: str, git_dir: Path, revision: str, repository: str) -> Iterator[Batch | Skipped]:
    from deep_code_reasoning.sources.arrow_tables import BATCH_INPUT_BYTES, BATCH_ROWS, Rows
    from deep_code_reasoning.sources.changes.git_log import GitLog

    shallow = _shallow_boundary(git_dir)
    if shallow:
        yield Skipped(None, 0, SHALLOW)
    partial = any((git_dir / "objects" / "pack").glob("*.promisor"))
    if partial:
        yield Skipped(None, 0, PARTIAL)
    commits, files = Rows("commits"), Rows("commit_files")
    held = 0
    with GitLog(git, git_dir, revision, MAX_COMMITS + 1, with_patches=not partial) as log:
        for number, commit in enumerate(log):
            if number == MAX_COMMITS:
                yield Skipped(None, number, CUT)
                break
            is_boundary = commit.sha in shallow
            if is_boundary:  # git shows all of its files as added
                commit.files.clear()
            if not _add_commit(commit, commits, repository, number, counted=not (is_boundary or partial)):
                yield Skipped(None, number, BAD_TIME)
                continue
            for change in commit.files:
                held += len(change.patch or "")
                if change.patch_too_large:
                    yield Skipped(None, number, LARGE_PATCH)
            _add_files(commit, files, repository, number)
            if max(len(commits), len(files)) >= BATCH_ROWS or held >= BATCH_INPUT_BYTES:
                held = 0
                yield from (rows.take() for rows in (commits, files) if len(rows))
    yield from (rows.take() for rows in (commits, files) if len(rows))
    if log.failed:
        yield Skipped(None, 0, STOPPED)


def _add_commit(commit: Commit, commits: Rows, repository: str, number: int, *, counted: bool) -> bool:
    time, authored = _nanos(commit.commit_time), _nanos(commit.author_time)
    if time is None:
        return False
    insertions = sum(change.insertions or 0 for change in commit.files)
    deletions = sum(change.deletions or 0 for change in commit.files)
    commits.add(
        [
            commit.sha,
            repository,
            commit.author_name,
            authored,
            time,
            commit.parents,
            commit.message,
            min(insertions, 2**31 - 1) if counted else None,
            min(deletions, 2**31 - 1) if counted else None,
            number,
        ]
    )
    return True


def _add_files(commit: Commit, files: Rows, repository: str, number: int) -> None:
    for change in commit.files:
        status = "binary" if change.is_binary else _STATUS.get(change.status, "modified")
        renamed = change.old_path if change.status == "R" else None
        files.add(
            [
                commit.sha,
                repository,
                change.path,
                renamed,
                status,
                change.insertions,
                change.deletions,
                change.patch,
                number,
            ]
        )


def _shallow_boundary(git_dir: Path) -> set[str]:
    try:
        return set((git_dir / "shallow").read_text("ascii", "replace").split())
    except OSError:
        return set()


def _nanos(seconds: str) -> int | None:
    number = int(seconds) if seconds.isdecimal() and len(seconds) <= 10 else None
    return number * 1_000_000_000 if number is not None and number <= 9_223_372_036 else None
