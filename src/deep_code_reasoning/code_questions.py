"""The verbs about source code that need no investigation; where one is named, what it saw at run time is joined in."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.errors import OutsideRootsError
from deep_code_reasoning.progress import Work
from deep_code_reasoning.settings import Settings

if TYPE_CHECKING:
    from deep_code_reasoning.code.graph.entry_point import Entry
    from deep_code_reasoning.code.graph.execution_path import ExecutionPath


def trace_path(
    entry: Entry,
    *,
    root: Path | None = None,
    settings: Settings,
    roots: Sequence[Path],
    revision: str | None = None,
    max_depth: int = 10,
    include_data_flow: bool = True,
    investigation: str | None = None,
    work: Work,
) -> ExecutionPath:
    """From a function along the calls of the tree under `root`, which has to lie in `roots`.

    Without `root` it is the repository that holds the entry's file, else the working directory. With `investigation`,
    steps are marked with what it saw of them at run time: spans (code.* attributes), stack traces of exceptions, CPU
    samples. Raises UsageError where the entry names nothing, OutsideRootsError, EvidenceError.
    """
    from deep_code_reasoning.code.graph.program import Program
    from deep_code_reasoning.code.graph.trace import trace
    from deep_code_reasoning.code.index.git_tree import tree_at

    allowed = [one.resolve() for one in roots]
    real = (root or _tree_of(entry.file, allowed)).resolve()
    if not any(real.is_relative_to(one) for one in allowed):
        raise OutsideRootsError(f"{root or real}: outside of the allowed roots ({', '.join(map(str, roots))})")
    program = Program(tree_at(real, revision), work)
    entry = replace(entry, file=_below(real, entry.file))
    path = trace(program, entry, max_depth=max_depth, include_data_flow=include_data_flow)
    if investigation is not None:
        from deep_code_reasoning.code.graph.observed import mark_observed
        from deep_code_reasoning.code.graph.run_time import run_time_of
        from deep_code_reasoning.store.investigation_folder import folder_of
        from deep_code_reasoning.store.tables import Tables

        with Tables.open(folder_of(settings.state_dir, (), investigation), settings) as tables:
            work.on_cancel(tables.interrupt)
            seen = run_time_of(tables, work)
        mark_observed(path, program, seen)
    return path


def _tree_of(file: str | None, allowed: Sequence[Path]) -> Path:
    """The repository that holds the file, as far as the roots reach; else the working directory, or the first root."""
    here = Path.cwd().resolve()
    if file:
        real = Path(os.path.realpath(file))
        for folder in real.parents:
            if not any(folder.is_relative_to(one) for one in allowed):
                break
            if os.path.exists(folder / ".git"):  # noqa: PTH110 - no error of any name
                return folder
        holding = [one for one in allowed if real.is_relative_to(one) and not here.is_relative_to(one)]
        if holding and not real.is_relative_to(here):
            return max(holding, key=lambda one: len(one.parts))
    return here if any(here.is_relative_to(one) for one in allowed) or not allowed else allowed[0]


def _below(root: Path, file: str | None) -> str | None:
    """The file's path in the tree where it lies there, from the root or from the working directory; else as given."""
    if not file:
        return None
    places = [Path(os.path.realpath(base / file)) for base in (root, Path.cwd())]
    inside = [one for one in places if one.is_relative_to(root)]
    found = next((one for one in inside if os.path.isfile(one)), None)  # noqa: PTH113 - no error of any name
    if found is None and inside and Path(file).is_absolute():  # of a revision, it need not be on disk
        found = inside[0]
    return found.relative_to(root).as_posix() if found else file
