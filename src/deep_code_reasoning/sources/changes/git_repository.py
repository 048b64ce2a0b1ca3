"""A git repository as evidence: its newest commits, the files each touched, and the hunks."""

from __future__ import annotations

import re
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
MAX_TAGS = 10_000
_URL_CHARACTERS = 2_000

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
    url, tags = _remote_url(git, git_dir), _tags(git, git_dir)
    held = 0
    with GitLog(git, git_dir, revision, MAX_COMMITS + 1, with_patches=not partial) as log:
        for number, commit in enumerate(log):
            if number == MAX_COMMITS:
                yield Skipped(None, number, CUT)
                break
            is_boundary = commit.sha in shallow
            if is_boundary:  # git shows all of its files as added
                commit.files.clear()
            place = (repository, url, tags.get(commit.sha), number)
            if not _add_commit(commit, commits, place, counted=not (is_boundary or partial)):
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


def _add_commit(
    commit: Commit, commits: Rows, place: tuple[str, str | None, list[str] | None, int], *, counted: bool
) -> bool:
    repository, url, tags, number = place
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
            url,
            tags or [],
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


def _remote_url(git: str, git_dir: Path) -> str | None:
    """The address of `origin`, else of the only remote, without credentials. Nothing is fetched from it."""
    from deep_code_reasoning.sources.changes.git_log import run_git

    told = run_git(git, git_dir, "config", "--local", "--null", "--get-regexp", r"^remote\..*\.url$") or ""
    urls = dict(entry.split("\n", 1) for entry in told.split("\0") if "\n" in entry)
    only = next(iter(urls.values())) if len(urls) == 1 else None
    url = urls.get("remote.origin.url", only)
    return without_credentials(url.strip()) if url and len(url) <= _URL_CHARACTERS else None


def without_credentials(url: str) -> str:
    """Without user, password, query and fragment: tokens stand in any of them. `git@host:path` keeps its user."""
    scheme, mark, rest = url.partition("://")
    if not mark:
        user, at, place = url.partition("@")
        return place if at and ":" in user else url
    host, slash, path = re.split(r"[?#]", rest, maxsplit=1)[0].partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def _tags(git: str, git_dir: Path) -> dict[str, list[str]]:
    """Commit -> the names of its tags, of the newest MAX_TAGS."""
    from deep_code_reasoning.sources.changes.git_log import run_git

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
