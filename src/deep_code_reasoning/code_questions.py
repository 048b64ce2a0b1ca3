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

MOST_SPAN_ROWS = 10_000
_SPANS = Path(__file__).with_suffix(".sql")


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

    With `investigation`, steps that its spans speak of (code.* attributes) are marked with their counts and durations.
    Raises UsageError where the entry names nothing, OutsideRootsError, EvidenceError.
    """
    from deep_code_reasoning.code.graph.program import Program
    from deep_code_reasoning.code.graph.trace import trace
    from deep_code_reasoning.code.index.git_tree import tree_at

    real = root.resolve()
    if not any(real.is_relative_to(one.resolve()) for one in roots):
        raise OutsideRootsError(f"{root}: outside of the allowed roots ({', '.join(map(str, roots))})")
    path = trace(
        Program(tree_at(real, revision), work), entry_point, max_depth=max_depth, include_data_flow=include_data_flow
    )
    if investigation is not None:
        _join_spans(path, investigation, settings, work)
    return path


def _join_spans(path: ExecutionPath, investigation: str, settings: Settings, work: Work) -> None:
    from deep_code_reasoning.code.graph.observed import SpanRow, mark_observed
    from deep_code_reasoning.store.investigation_folder import folder_of
    from deep_code_reasoning.store.tables import Tables

    with Tables.open(folder_of(settings.state_dir, (), investigation), settings) as tables:
        work.on_cancel(tables.interrupt)
        rows = tables.dicts(_SPANS.read_text(encoding="utf-8"), most=MOST_SPAN_ROWS)
    without = mark_observed(path, [SpanRow(**row) for row in rows])
    seen = sum(step.observed is not None for step in path.steps())
    path.notes.append(
        f"{seen} steps were seen at run time; {len(without)} of {len(rows)} places in spans are on no step"
    )
