"""The verbs about source code that need no investigation; where one is named, what it saw at run time is joined in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

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
    from deep_code_reasoning.code.graph.program import program_of
    from deep_code_reasoning.code.graph.trace import trace
    from deep_code_reasoning.code.index.git_tree import tree_at
    from deep_code_reasoning.code.source_root import path_below, source_root

    real = source_root(entry.file, root=root, roots=roots)
    program = program_of(tree_at(real, revision), settings, work)
    entry = replace(entry, file=path_below(real, entry.file))
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
