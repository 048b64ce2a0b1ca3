"""Named commits of a local git repository with their diffs, through the product's own reader of git."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from deep_code_reasoning.changes.relevance import CommitText, FileText
from deep_code_reasoning.sources.changes.git_directory import git_directory
from deep_code_reasoning.sources.changes.git_log import Commit, GitLog, run_git

SECOND = 1_000_000_000
AT_ONCE = 1_000
"""Commits a call of git is asked for: their ids go on its command line."""


class NoHistory(Exception):
    """No repository where one was looked for; the message lists the places."""


class NamedCommits(GitLog):
    """The commits named, in their order, instead of a walk. Git prints nothing if one of them is not there."""

    def __init__(self, git: str, git_dir: Path, shas: Sequence[str], *, with_patches: bool = True) -> None:
        super().__init__(git, git_dir, "--no-walk=unsorted", len(shas), with_patches=with_patches)
        self._command[-1:-1] = shas  # before the "--" that ends the revisions


class History:
    """One repository."""

    def __init__(self, path: Path) -> None:
        directory = git_directory(path)
        git = shutil.which("git")
        if directory is None or git is None:
            raise NoHistory(f"{path} is no git repository" if git else "the git command is not installed")
        self.git, self.directory = git, directory

    def read(self, shas: Iterable[str]) -> dict[str, CommitText]:
        """What there is of the commits named, by sha."""
        return {commit.sha: commit for commit in self._read(list(dict.fromkeys(shas)))}

    def _read(self, shas: Sequence[str]) -> Iterator[CommitText]:
        """Git stops at a commit with an object that is missing or damaged, and prints nothing if a commit is: what came
        before is kept, the one it stopped at is read without its diff, and so on with the rest."""
        start = 0
        while start < len(shas):
            part = shas[start : start + AT_ONCE]
            found: list[CommitText] = []
            with NamedCommits(self.git, self.directory, part) as log:
                found.extend(commit_text(commit) for commit in log)
            if len(found) == len(part):
                yield from found
                start += len(part)
                continue
            if not found and len(part) > 1 and (there := self._there(part)) != list(part):
                yield from self._read(there)
                start += len(part)
                continue
            yield from found[:-1]
            start += max(len(found), 1)
            with NamedCommits(self.git, self.directory, shas[start - 1 : start], with_patches=False) as log:
                yield from (commit_text(commit) for commit in log)

    def _there(self, shas: Sequence[str]) -> list[str]:
        listed = run_git(self.git, self.directory, "rev-list", "--no-walk=unsorted", "--ignore-missing", *shas)
        return [] if listed is None else listed.split()


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
