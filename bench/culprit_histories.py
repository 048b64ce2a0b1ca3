"""Named commits of a local git repository with their diffs, through the product's own reader of git."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from deep_code_reasoning.changes.relevance import CommitText, FileText
from deep_code_reasoning.sources.changes.git_directory import git_directory
from deep_code_reasoning.sources.changes.git_log import Commit, GitLog

SECOND = 1_000_000_000
AT_ONCE = 1_000
"""Commits a call of git is asked for: their ids go on its command line."""


class NoHistory(Exception):
    """No repository where one was looked for; the message lists the places."""


class NamedCommits(GitLog):
    """The commits named, in their order, instead of a walk. Git prints nothing if one of them is not there."""

    def __init__(self, git: str, git_dir: Path, shas: Sequence[str]) -> None:
        super().__init__(git, git_dir, "--no-walk=unsorted", len(shas), with_patches=True)
        self._command[-1:-1] = shas  # before the "--" that ends the revisions


class History:
    """One repository; `cache` is a folder for what was read (by repository and commit), or None."""

    def __init__(self, path: Path, cache: Path | None = None) -> None:
        directory = git_directory(path)
        git = shutil.which("git")
        if directory is None or git is None:
            raise NoHistory(f"{path} is no git repository" if git else "the git command is not installed")
        self.git, self.directory = git, directory
        self._cache = cache and cache / f"{directory.resolve().as_posix().strip('/').replace('/', '+')}.pickle"
        self._known: dict[str, CommitText] = {}
        self._is_changed = False
        if self._cache and self._cache.exists():
            self._known = pickle.loads(self._cache.read_bytes())

    def read(self, shas: Iterable[str]) -> dict[str, CommitText]:
        """What there is of the commits named, by sha."""
        shas = list(shas)
        wanted = [sha for sha in shas if sha not in self._known]
        found = {commit.sha: commit for commit in self._read(wanted)}
        if self._cache and found:
            self._known |= found
            self._is_changed = True
        return {sha: commit for sha in shas if (commit := self._known.get(sha) or found.get(sha))}

    def _read(self, shas: Sequence[str]) -> Iterator[CommitText]:
        for start in range(0, len(shas), AT_ONCE):
            part = shas[start : start + AT_ONCE]
            count = 0
            with NamedCommits(self.git, self.directory, part) as log:
                for commit in log:
                    count += 1
                    yield commit_text(commit)
            if not count and len(part) > 1:  # one that is not there hides the others
                yield from self._read(part[: len(part) // 2])
                yield from self._read(part[len(part) // 2 :])

    def save(self) -> None:
        if self._cache and self._is_changed:
            self._cache.parent.mkdir(parents=True, exist_ok=True)
            self._cache.write_bytes(pickle.dumps(self._known, protocol=5))
            self._is_changed = False


def commit_text(commit: Commit) -> CommitText:
    files = tuple(
        FileText(change.path, change.old_path, change.insertions or 0, change.deletions or 0, change.patch or "")
        for change in commit.files
    )
    time = int(commit.commit_time) * SECOND if commit.commit_time.lstrip("-").isdigit() else None
    return CommitText(commit.sha, time, commit.author_name, commit.message, files)


def history_of(
    repository: str, directory: Path | None, named: dict[str, Path], cache: Path | None = None
) -> History:
    """Where the history of `owner/name` lies: as named, or in one of the usual ways under `directory`."""
    if repository in named:
        return History(named[repository], cache)
    owner, _, name = repository.rpartition("/")
    tries = [f"{owner}+{name}/repo", f"{owner}+{name}", f"{owner}/{name}", f"{owner}/{name}.git", name, f"{name}.git"]
    for place in tries if directory else ():
        path = directory / place
        if path.is_dir() and git_directory(path):
            return History(path, cache)
    where = f"under {directory}: {', '.join(tries)}" if directory else "name it with --repository or --repositories"
    raise NoHistory(f"no history of {repository} ({where})")
