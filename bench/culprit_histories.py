"""Named commits of a local git repository with their diffs, through the product's own reader of git."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from deep_code_reasoning.changes.relevance import CommitText, FileText
from deep_code_reasoning.sources.changes.git_directory import git_directory
from deep_code_reasoning.sources.changes.git_log import GitLog
from deep_code_reasoning.sources.changes.git_output import Commit

SECOND = 1_000_000_000


class NoHistory(Exception):
    """No repository where one was looked for; the message lists the places."""


class History:
    """One repository."""

    def __init__(self, path: Path) -> None:
        directory = git_directory(path)
        git = shutil.which("git")
        if directory is None or git is None:
            raise NoHistory(f"{path} is no git repository" if git else "the git command is not installed")
        self.git, self.directory = git, directory

    def read(self, shas: Iterable[str]) -> dict[str, CommitText]:
        """What there is of the commits named, by sha; without diffs where objects of them are missing or damaged."""
        with GitLog(self.git, self.directory, list(dict.fromkeys(shas)), walk=False) as log:
            return {commit.sha: commit_text(commit) for commit in log}


def commit_text(commit: Commit) -> CommitText:
    files = tuple(
        FileText(change.path, change.old_path, change.insertions or 0, change.deletions or 0, change.patch or "")
        for change in commit.files
    )
    time = int(commit.commit_time) * SECOND if commit.commit_time.lstrip("-").isdigit() else None
    return CommitText(commit.sha, time, commit.message, files)


def history_of(repository: str, directory: Path | None, named: dict[str, Path]) -> History:
    """Where the history of `owner/name` lies: as named, or in one of the usual ways under `directory`."""
    if repository in named:
        return History(named[repository])
    owner, _, name = repository.rpartition("/")
    tries = [f"{owner}+{name}/repo", f"{owner}+{name}", f"{owner}/{name}", f"{owner}/{name}.git", name, f"{name}.git"]
    for path in [directory / place for place in tries] if directory else ():
        if path.is_dir() and git_directory(path):
            return History(path)
    where = f"under {directory}: {', '.join(tries)}" if directory else "name it with --repository or --repositories"
    raise NoHistory(f"no history of {repository} ({where})")
