"""What commits do, seen on the syntax of the files they touched: whole files where their repository is at hand."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.changes.candidates.candidate import Candidate
from deep_code_reasoning.changes.diffs.seen import ChangedFile, matches_of
from deep_code_reasoning.errors import OutsideRootsError

if TYPE_CHECKING:
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.sources.changes.git_blobs import GitBlobs
    from deep_code_reasoning.store.tables import Tables


def with_syntax(tables: Tables, candidates: Sequence[Candidate], roots: Sequence[Path], work: Work) -> list[Candidate]:
    """The same candidates with `seen`. Repositories outside of `roots` (symbolic links resolved), and those that are
    none (commits from an API), are read as far as their patches tell. Raises CancelledError."""
    files: dict[tuple[str, str], list[dict[str, Any]]] = {}
    sql = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    for row in tables.dicts(sql, shas=[one.sha for one in candidates]) if candidates else ():
        files.setdefault((row["repository"], row["sha"]), []).append(row)
    with ExitStack() as stack:
        blobs = _repositories({one.repository for one in candidates}, roots, stack)
        seen = []
        for one in candidates:
            work.check()
            rows = files.get((one.repository, one.sha), [])
            changed = _changed(one.sha, rows, blobs.get(one.repository))
            seen.append(replace(one, seen=matches_of(changed, with_literals=True)))
        return seen


def _repositories(names: Iterable[str], roots: Sequence[Path], stack: ExitStack) -> Mapping[str, GitBlobs]:
    from deep_code_reasoning.sources.changes.git_blobs import GitBlobs
    from deep_code_reasoning.sources.changes.git_directory import git_directory
    from deep_code_reasoning.sources.walk import Item, walk

    git = shutil.which("git")
    opened = {}
    for name in sorted(names) if git else ():
        try:
            item = next(iter(walk([name], roots)), None)
        except (OutsideRootsError, ValueError):
            continue
        git_dir = git_directory(item.path) if isinstance(item, Item) and item.path.is_dir() else None
        if git_dir is not None and git is not None:
            opened[name] = stack.enter_context(GitBlobs(git, git_dir))
    return opened


def _changed(sha: str, rows: Iterable[Mapping[str, Any]], blobs: GitBlobs | None) -> Iterator[ChangedFile]:
    for row in rows:
        before = after = None
        if blobs is not None and row["patch"]:
            before, after = blobs.before_and_after(sha, row["path"], old_path=row["old_path"], status=row["status"])
        yield ChangedFile(row["path"], row["patch"] or "", before, after)
