"""The files of a question about a change: in which tree, as they are, and as they were."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from deep_code_reasoning.code.graph.facts import Facts
from deep_code_reasoning.code.graph.program import Program, program_of
from deep_code_reasoning.code.index.git_tree import tree_at
from deep_code_reasoning.code.source_root import path_below, source_root
from deep_code_reasoning.errors import EvidenceError, UsageError
from deep_code_reasoning.progress import Work
from deep_code_reasoning.running_code.impact.overlay import Overlay
from deep_code_reasoning.settings import Settings
from deep_code_reasoning.sources.changes.git_blobs import GitBlobs
from deep_code_reasoning.sources.changes.git_command import run_git
from deep_code_reasoning.sources.changes.git_directory import git_directory, outside_directories

MOST_FILES = 200
MOST_TREES = 8
_RANGE = re.compile(r"^(?P<before>[^.].*?)\.\.(?P<after>[^.].*)$")
_OBJECT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")

State = Literal["changed", "added", "deleted", "unchanged", "no history"]


@dataclass(frozen=True)
class FileState:
    """`before` and `after` are None where there is no such file; of a file without history `before` is unknown."""

    path: str
    state: State
    before: bytes | None = None
    after: bytes | None = None

    @property
    def is_diff(self) -> bool:
        return self.state in ("changed", "added", "deleted")


@dataclass(eq=False)
class Scope:
    """One tree. `left_out`: what was asked for and could not be looked at, with why. `compared`: with what."""

    root: Path
    tree: Overlay
    settings: Settings
    work: Work
    files: list[FileState] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    compared: str = ""
    other_changed: int | None = None
    """Files that the revisions changed besides; None where that was not looked for."""

    @cached_property
    def program(self) -> Program:
        return program_of(self.tree, self.settings, self.work)

    @cached_property
    def before(self) -> Program:
        """The program with the files of the scope as they were."""
        states = {one.path: one.before for one in self.files if one.is_diff}
        if not states:
            return self.program
        return program_of(Overlay(self.tree, self.work, states), self.settings, self.work)


def facts_in(program: Program, path: str) -> Facts | None:
    """None also for what is no source file of the program."""
    return program.facts(path) if program.names.has(path) else None


def scopes_of(
    files: Sequence[str],
    *,
    root: Path | None,
    revision: str | None,
    roots: Sequence[Path],
    settings: Settings,
    work: Work,
) -> list[Scope]:
    """A scope a tree: that of `root`, else the repositories that hold the files.

    Raises UsageError where no file can be looked at, OutsideRootsError, EvidenceError for a revision that is none.
    """
    allowed = [one.resolve() for one in roots]
    by_root: dict[Path, list[str]] = {}
    for file in dict.fromkeys(files):
        by_root.setdefault(source_root(file, root=root, roots=roots), []).append(file)
    if len(by_root) > MOST_TREES:
        raise UsageError(f"change_scope.files: of {len(by_root)} repositories; expected at most {MOST_TREES}")
    found = [_scope(one, asked, revision, allowed, settings, work) for one, asked in by_root.items()]
    if not any(scope.files for scope in found):
        why = "; ".join(f"{path[:120]}: {why}" for scope in found for path, why in list(scope.left_out.items())[:3])
        raise UsageError(f"change_scope.files: none can be looked at ({why})")
    return found


def _scope(
    root: Path, asked: list[str], revision: str | None, allowed: Sequence[Path], settings: Settings, work: Work
) -> Scope:
    before, after = _revisions(revision)
    if revision and (top := _repository(root)):
        root = top if any(top.is_relative_to(one) for one in allowed) else root
    scope = Scope(root, Overlay(tree_at(root, after), work), settings, work)
    with ExitStack() as stack:
        histories: dict[Path, _History | str] = {}
        for path in _expanded(scope, [path_below(root, file) or file for file in asked]):
            work.check()
            top = _repository((root / path).parent) or root
            if top not in histories:
                histories[top] = _history(top, before, after, allowed, stack)
            state = _state(scope, histories[top], path, root)
            if isinstance(state, str):
                scope.left_out[path] = state
            else:
                scope.files.append(state)
    scope.compared = "; ".join(dict.fromkeys(_compared(one) for one in histories.values()))
    if revision:
        changed = {path for one in histories.values() if not isinstance(one, str) for path in one.changed()}
        scope.other_changed = len(changed - {one.path for one in scope.files})
    return scope


def _revisions(revision: str | None) -> tuple[str | None, str | None]:
    """`A..B` -> A, B; `C` -> its first parent, C; nothing -> HEAD and the files on disk."""
    if not revision:
        return "HEAD", None
    if "..." in revision:
        raise UsageError(f"revision: {revision[:80]!r}; expected a commit, or A..B")
    match = _RANGE.match(revision)
    return (match["before"], match["after"]) if match else (f"{revision}^", revision)


def _expanded(scope: Scope, asked: Iterable[str]) -> Iterator[str]:
    """Folders as the files in them; a path by its end, where one file ends so."""
    known = [entry.path for entry in scope.tree.listed]
    there, count = set(known), 0
    for path in asked:
        plain = path.removeprefix("./").rstrip("/") if path not in (".", "./") else ""
        inside = [plain] if plain in there else [one for one in known if not plain or one.startswith(f"{plain}/")]
        ending = inside or [one for one in known if one.endswith("/" + plain.lstrip("/"))]
        found = inside or (ending if len(ending) == 1 else [plain])
        for one in found:
            count += 1
            if count > MOST_FILES:
                scope.left_out[path] = f"more than {MOST_FILES} files"
                break
            yield one


@dataclass(frozen=True)
class _History:
    git: str
    git_dir: Path
    top: Path
    blobs: GitBlobs
    before: str | None
    after: str | None
    told: str

    def changed(self) -> list[str]:
        """Paths that differ between the two commits."""
        if self.after is None or self.before is None:
            return []
        told = run_git(self.git, self.git_dir, "diff-tree", "-r", "--name-only", "-z", self.before, self.after)
        return [path for path in (told or "").split("\0") if path]


def _history(
    top: Path, before: str | None, after: str | None, allowed: Sequence[Path], stack: ExitStack
) -> _History | str:
    """How a repository's files were before; else why that cannot be told."""
    git, git_dir = shutil.which("git"), git_directory(top)
    if git is None or git_dir is None:
        return "no git repository: the files as they are"
    if not all(any(one.is_relative_to(root) for root in allowed) for one in outside_directories(top, git_dir)):
        return "its git directory lies outside of the allowed roots: the files as they are"
    old, new = _commit(git, git_dir, before or ""), _commit(git, git_dir, after) if after else None
    if after and new is None:
        raise EvidenceError(f"{top}: no commit {after!r}; expected what git resolves to one")
    if old is None and before and not before.endswith("^"):
        if before != "HEAD":
            raise EvidenceError(f"{top}: no commit {before!r}; expected what git resolves to one")
        return "a repository without commits: the files as they are"
    said = f"{(old or 'nothing')[:12]}..{new[:12]}" if new else f"the work tree with HEAD ({(old or '')[:12]})"
    return _History(git, git_dir, top, stack.enter_context(GitBlobs(git, git_dir)), old, new, said)


def _commit(git: str, git_dir: Path, revision: str) -> str | None:
    told = run_git(git, git_dir, "rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}") or ""
    return told if _OBJECT.fullmatch(told) else None


def _state(scope: Scope, history: _History | str, path: str, root: Path) -> FileState | str:
    after = scope.tree.read(path)
    if isinstance(after, str):
        if os.path.lexists(root / path) or (not isinstance(history, str) and history.after):
            return after
        after = None  # git still tracks it
    if isinstance(history, str):
        return FileState(path, "no history", None, after) if after is not None else "no such file"
    inside = os.path.relpath(root / path, history.top) if history.top != root else path
    if inside.startswith("../"):
        return "outside of the source tree"
    before = history.blobs.read(history.before, inside) if history.before else None
    if any(name.endswith(f":{inside}") for name in history.blobs.too_large):
        return "was larger than 1 MiB before"
    if before is None and after is None:
        return "no such file, now or before"
    if before == after:
        return FileState(path, "unchanged", before, after)
    return FileState(path, "added" if before is None else "deleted" if after is None else "changed", before, after)


def _compared(history: _History | str) -> str:
    return history if isinstance(history, str) else history.told


def _repository(folder: Path) -> Path | None:
    real = Path(os.path.realpath(folder))
    return next((one for one in (real, *real.parents) if git_directory(one)), None)
