"""How a repository's files stand to what was loaded and to what is live: which commit is checked out, what moved, what
is not committed, what production runs."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.context.deployed import deployed_from, difference, latest_deploys
from deep_code_reasoning.context.gather.sql import query
from deep_code_reasoning.context.manifest import Tree
from deep_code_reasoning.context.source_trees import blob_id, run

if TYPE_CHECKING:
    from deep_code_reasoning.context.source_trees import SourceTrees
    from deep_code_reasoning.store.tables import Tables

_MOST_HASHED_BYTES = 256 << 20
_ENTRY = re.compile(
    r"(?P<mode>\d{6}) (?P<blob>[0-9a-f]{40,64}) (?P<stage>\d)\t(?P<path>[^\0]*)\0"
    r"  ctime: \d+:\d+\n  mtime: (?P<seconds>\d+):(?P<nanos>\d+)\n  dev: \d+\tino: \d+\n  uid: \d+\tgid: \d+\n"
    r"  size: (?P<size>\d+)\tflags: [0-9a-f]+\n"
)


def trees_now(tables: Tables, trees: SourceTrees) -> Iterator[Tree]:
    """One entry a repository of the evidence that has files on disk."""
    deploys = latest_deploys(tables)
    for folder, git in trees.work_trees():
        head = run(git, "rev-parse", "--verify", "--quiet", "HEAD") or ""
        tips = [sha for (sha,) in tables.rows(query("tips"), repository=str(folder))]
        changed = changed_files(folder, git) if head else None
        deployed = tuple(deployed_from(git, deploys, trees.services_of(folder))) if head else ()
        warning = _warning(head, tips, changed)
        if other := difference(git, head, deployed):
            warning = f"{warning}; {other}" if warning else other
        yield Tree(str(folder), head, changed, warning, deployed)


def _warning(head: str, tips: list[str], changed: int | None) -> str:
    said = []
    if not head:
        said.append("its HEAD names no commit")
    elif tips and head not in tips:
        said.append(f"HEAD is {head[:12]}; the evidence was loaded at {' and '.join(tip[:12] for tip in tips[:3])}")
    if changed:
        said.append(f"{changed} tracked files are not as committed")
    return "; ".join(said)


def changed_files(folder: Path, git: Path) -> int | None:
    """Tracked files that differ from HEAD, staged or not; None where git or the limit of bytes does not let it tell.

    Read from the index and the files themselves: `git status` may run filters that the repository configures.
    """
    staged = run(
        git, "diff-index", "--cached", "--raw", "-z", "--no-renames", "--no-ext-diff", "--ignore-submodules", "HEAD"
    )
    listed = run(git, "ls-files", "--cached", "--stage", "--debug", "-z")
    if staged is None or listed is None:
        return None
    changed = {path for path in staged.split("\0")[1::2] if path}
    budget = _MOST_HASHED_BYTES
    for entry in _ENTRY.finditer(listed + "\n"):
        path = folder / entry["path"]
        # A submodule is a repository of its own; a name that is no UTF-8 cannot be looked up.
        if entry["path"] in changed or entry["mode"] == "160000" or "\ufffd" in entry["path"]:
            continue
        try:
            status = path.lstat()
        except (OSError, ValueError):
            changed.add(entry["path"])
            continue
        noted = int(entry["seconds"]) * 10**9 + int(entry["nanos"])
        if status.st_mtime_ns == noted and status.st_size & 0xFFFFFFFF == int(entry["size"]):
            continue
        if stat.S_ISLNK(status.st_mode) or status.st_size != int(entry["size"]):
            changed.add(entry["path"])
            continue
        budget -= status.st_size
        if budget < 0:
            return None
        if _content_id(path, entry["blob"]) != entry["blob"]:
            changed.add(entry["path"])
    return len(changed)


def _content_id(path: Path, like: str) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            return blob_id(file.read(), like)
    except OSError:
        return ""
