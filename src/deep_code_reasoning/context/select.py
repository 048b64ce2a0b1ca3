"""Everything that could go into a brief, in order of priority; what goes in is the budget's choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.context.candidate import Candidate, Refused
from deep_code_reasoning.context.gather.changes import commits, topology_and_deploys
from deep_code_reasoning.context.gather.code import CodeFiles
from deep_code_reasoning.context.gather.conclusions import conclusions
from deep_code_reasoning.context.gather.logs import logs
from deep_code_reasoning.context.gather.metrics import metrics
from deep_code_reasoning.context.gather.traces import traces
from deep_code_reasoning.context.packing.code_queue import CodeOrder
from deep_code_reasoning.context.ranked_code import RankedFile
from deep_code_reasoning.context.source_trees import SourceTrees

if TYPE_CHECKING:
    from deep_code_reasoning.context.redact import Redactor
    from deep_code_reasoning.finding import Diagnosis
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.store.tables import Tables


@dataclass(frozen=True)
class Found:
    """`code_order`: ids of the candidates that a ranking of source code found, and in which order it wants them."""

    candidates: list[Candidate]
    refused: list[Refused]
    code_order: CodeOrder


def candidates_for(
    tables: Tables,
    diagnosis: Diagnosis,
    question: str | None,
    code_files: Sequence[Path],
    ranked: Sequence[RankedFile],
    trees: SourceTrees,
    redactor: Redactor,
    work: Work,
) -> Found:
    code = CodeFiles(trees, redactor, work)
    code.named_by(diagnosis)
    code.given(code_files)
    code.ranked(ranked)
    candidates = [
        *conclusions(diagnosis, question),
        *traces(tables, diagnosis, work),
        *code.candidates(),
        *commits(tables, diagnosis, work),
        *logs(tables, diagnosis, work),
        *metrics(tables, diagnosis, work),
        *topology_and_deploys(tables),
    ]
    return Found(candidates, code.refused, code.order)
