"""A git repository as evidence: its newest commits, the files each touched, and the hunks."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator

from deep_code_reasoning.sources.changes.git_directory import git_directory
from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream

MAX_COMMITS = 2_000
"""Of HEAD, and as many again of all other branches and tags."""

NO_GIT = "the git command is not installed"
EMPTY = "git repository without commits"
CUT = f"commits older than the newest {MAX_COMMITS:,} (not read)"
CUT_BESIDE = f"commits of other branches and tags older than the newest {MAX_COMMITS:,} (not read)"
SHALLOW = "shallow git repository: the history before its oldest commits is missing, and with it their changes"
PARTIAL = "partial clone: contents of files are missing"
STOPPED = "git stopped before the end of the history (commits missing or damaged, or out of time)"
BAD_TIME = "commit whose time is not between 1970 and 2262"
LARGE_PATCH = "patch larger than 256 KiB (the change is kept without it)"
LACKS = {
    "patches": "read without patches and line counts (objects missing or damaged)",
    "files": "read without its files (objects missing or damaged)",
    "everything": "not read (objects missing or damaged)",
}
NAMED = 5
"""Commits that lack something are told by their ids up to so many, then counted."""


class GitRepository:
    name = "git-repository"
    accepts = "git repositories (a folder with .git, or a bare one)"

    def claims(self, sample: Sample) -> int:
        return 100 if sample.is_directory and git_directory(sample.path) else 0

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        """HEAD's history newest first, then what only other branches and tags have; `source_offset` counts commits
        from HEAD's, which is 0; a repository has no byte offsets."""
        from deep_code_reasoning.sources.changes.git_command import run_git
        from deep_code_reasoning.sources.changes.git_history import GitHistory

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
        yield from GitHistory(git, git_dir, stream.name, MAX_COMMITS).read(revision)


READER = GitRepository()


def lacking(what: str, sha: str, before: int) -> str:
    """What is told of a commit that lacks something when `before` others were told."""
    return f"commit {sha[:12]} {LACKS[what]}" if before < NAMED else f"commits {LACKS[what]}"


def without_credentials(url: str) -> str:
    """Without user, password, query and fragment: tokens stand in any of them. `git@host:path` keeps its user."""
    scheme, mark, rest = url.partition("://")
    if not mark:
        user, at, place = url.partition("@")
        return place if at and ":" in user else url
    host, slash, path = re.split(r"[?#]", rest, maxsplit=1)[0].partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"
