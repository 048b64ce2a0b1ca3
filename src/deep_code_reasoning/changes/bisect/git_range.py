"""The commits between a good and a bad one, from git; refused, with a sentence, where they cannot be bisected."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from deep_code_reasoning.changes.bisect.ancestry import Ancestry
from deep_code_reasoning.changes.bisect.request import BisectionRequest
from deep_code_reasoning.errors import EvidenceError, UsageError
from deep_code_reasoning.sources.changes.git_command import run_git
from deep_code_reasoning.sources.changes.git_directory import git_directory

MAX_COMMITS = 50_000  # four seconds to choose the next among so many; 0.15 among 10,000
SUBMODULES = "submodules are not checked out; where the command needs them, let it run git submodule update --init"
FILTERED = "git filters are off: files that a filter makes, as of Git LFS, stay as git stores them"


@dataclass(frozen=True)
class GitRange:
    """`shas`: candidates, parents before children. `bases`: where good and bad branched, if good is no ancestor."""

    git: str
    git_dir: Path  # the one that all work trees share
    good: str
    bad: str
    bases: tuple[str, ...]
    shas: tuple[str, ...]
    ancestry: Ancestry
    notes: tuple[str, ...]

    def ask(self, *arguments: str) -> str | None:
        return run_git(self.git, self.git_dir, *arguments)


def git_range(request: BisectionRequest) -> GitRange:
    """Raises UsageError or EvidenceError naming what is in the way."""
    git = shutil.which("git")
    if git is None:
        raise EvidenceError("bisect: the git command is not installed")
    git_dir = _common_directory(git, request.repository)

    def ask(*arguments: str) -> str | None:
        return run_git(git, git_dir, *arguments)

    shallow = _shallow(git_dir)
    good, bad = (_resolved(git, git_dir, name, shallow) for name in (request.good, request.bad))
    bases = tuple((ask("merge-base", "--all", good, bad) or "").split())
    if not bases:
        hint = "; the clone is shallow, git fetch --unshallow brings the rest" if shallow else ""
        raise UsageError(f"bisect: {request.good} and {request.bad} have no commit in common{hint}")
    if bad in bases:
        raise UsageError(
            f"bisect: {request.bad} is an ancestor of {request.good}, or the same; the bad commit must be the later one"
        )
    shas, parents = _candidates(ask, request, good, bad)
    if not shas:
        raise UsageError(f"bisect: no commit between {request.good} and {request.bad} touches the paths given")
    if cut := shallow & set(shas):
        raise UsageError(
            f"bisect: the clone is shallow and its history ends at {min(cut)[:12]}, between {request.good} and "
            f"{request.bad}; git fetch --unshallow brings the rest"
        )
    notes = _notes(ask, bad)
    return GitRange(git, git_dir, good, bad, () if good in bases else bases, shas, Ancestry(parents), notes)


def _common_directory(git: str, repository: Path) -> Path:
    """Of the nearest repository at or above a folder."""
    start = repository.resolve()
    found = next((place for folder in (start, *start.parents) if (place := git_directory(folder))), None)
    if found is None:
        raise EvidenceError(
            f"{repository}: not a git repository, nor in one; expected a work tree or a bare repository"
        )
    common = run_git(git, found, "rev-parse", "--git-common-dir")
    if common is None:
        raise EvidenceError(f"{repository}: git cannot read this repository")
    return (found / common).resolve()


def _resolved(git: str, git_dir: Path, name: str, shallow: set[str]) -> str:
    sha = None if name.startswith("-") else run_git(git, git_dir, "rev-parse", "--verify", "-q", f"{name}^{{commit}}")
    if not sha:
        hint = "; the clone is shallow, git fetch --unshallow brings older ones" if shallow else ""
        raise UsageError(f"bisect: {name} is no commit of this repository{hint}")
    return sha


def _candidates(ask, request: BisectionRequest, good: str, bad: str) -> tuple[tuple[str, ...], list[list[int]]]:
    """Commits and their parents among them by number; with paths, what `git log` calls simplified history."""
    options = ("--first-parent",) if request.first_parent else ()
    listed = ask(
        *("rev-list", "--topo-order", "--reverse", "--parents", f"--max-count={MAX_COMMITS + 1}", *options),
        *(bad, f"^{good}", "--", *request.paths),
    )
    if listed is None:
        raise EvidenceError("bisect: git cannot list the commits between good and bad (objects missing or damaged)")
    lines = [line.split() for line in listed.splitlines()]
    if len(lines) > MAX_COMMITS:
        raise UsageError(
            f"bisect: more than {MAX_COMMITS:,} commits between good and bad; give commits closer together"
        )
    numbers = {line[0]: number for number, line in enumerate(lines)}
    parents = [[numbers[parent] for parent in line[1:] if parent in numbers] for line in lines]
    return tuple(numbers), parents


def _shallow(git_dir: Path) -> set[str]:
    try:
        return set((git_dir / "shallow").read_text("ascii", "replace").split())
    except OSError:
        return set()


def _notes(ask, bad: str) -> tuple[str, ...]:
    names = (ask("ls-tree", "--name-only", bad, "--", ".gitmodules", ".gitattributes") or "").split()
    filtered = ".gitattributes" in names and "filter=" in (ask("cat-file", "blob", f"{bad}:.gitattributes") or "")
    return (SUBMODULES,) * (".gitmodules" in names) + (FILTERED,) * filtered
