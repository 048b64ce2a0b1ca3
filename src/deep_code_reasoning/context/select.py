"""Everything that could go into a brief, in order of priority; what goes in is the budget's choice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.context.candidate import Candidate, Refused
from deep_code_reasoning.context.gather.changes import commits, topology_and_deploys
from deep_code_reasoning.context.gather.code import code
from deep_code_reasoning.context.gather.conclusions import conclusions
from deep_code_reasoning.context.gather.logs import logs
from deep_code_reasoning.context.gather.traces import traces
from deep_code_reasoning.context.source_trees import SourceTrees

if TYPE_CHECKING:
    from deep_code_reasoning.context.redact import Redactor
    from deep_code_reasoning.finding import Diagnosis
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.store.tables import Tables


def candidates_for(
    tables: Tables,
    diagnosis: Diagnosis,
    question: str | None,
    code_files: Sequence[Path],
    roots: Sequence[Path],
    redactor: Redactor,
    work: Work,
) -> list[Candidate | Refused]:
    return [
        *conclusions(diagnosis, question),
        *traces(tables, diagnosis, work),
        *code(diagnosis, code_files, SourceTrees(tables, roots), redactor, work),
        *commits(tables, diagnosis, work),
        *logs(tables, diagnosis, work),
        *topology_and_deploys(tables),
    ]
