"""The verbs about source code that need no investigation; where one is named, what it saw at run time is joined in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.errors import OutsideRootsError
from deep_code_reasoning.progress import Work
from deep_code_reasoning.settings import Settings

if TYPE_CHECKING:
    from deep_code_reasoning.code.graph.execution_path import ExecutionPath


def trace_path(
    entry_point: str,
    *,
    root: Path,
    settings: Settings,
    roots: Sequence[Path],
    revision: str | None = None,
    max_depth: int = 10,
    include_data_flow: bool = True,
    investigation: str | None = None,
    work: Work,
) -> ExecutionPath:
    """From FILE:LINE or a function's name along the calls of the tree under `root`, which has to lie in `roots`.

    With `investigation`, steps are marked with what it saw of them at run time: spans (code.* attributes), stack traces
    of exceptions, CPU samples.
    Raises UsageError where the entry names nothing, OutsideRootsError, EvidenceError.
    """
    from deep_code_reasoning.code.graph.program import Program
    from deep_code_reasoning.code.graph.trace import trace
    from deep_code_reasoning.code.index.git_tree import tree_at

    real = root.resolve()
    if not any(real.is_relative_to(one.resolve()) for one in roots):
        raise OutsideRootsError(f"{root}: outside of the allowed roots ({', '.join(map(str, roots))})")
    program = Program(tree_at(real, revision), work)
    path = trace(program, entry_point, max_depth=max_depth, include_data_flow=include_data_flow)
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
