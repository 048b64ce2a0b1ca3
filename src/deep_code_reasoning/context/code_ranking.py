"""Which code an incident is about: the evidence's repositories ranked by question and diagnosis."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.context.manifest import NotRanked
from deep_code_reasoning.context.ranked_code import RankedCode, RankedFile
from deep_code_reasoning.context.source_trees import SourceTrees
from deep_code_reasoning.errors import EvidenceError
from deep_code_reasoning.progress import Progress

if TYPE_CHECKING:
    from deep_code_reasoning.code.index.code_index import CodeIndex
    from deep_code_reasoning.code.ranking.query import Query
    from deep_code_reasoning.finding import Diagnosis
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.settings import Settings
    from deep_code_reasoning.store.tables import Tables

MOST_FILES = 70
"""All of them cut into pieces: a brief of 200,000 tokens has room for the best ones of so many, and the files that rank
behind the thirtieth hold the place that matters in one case of twenty (docs/decisions/0018)."""
MOST_TREES = 30
MOST_EXAMPLES = 3
MOST_TITLES = 20
"""Of findings, the strongest first: more of them say the same in other words."""


def ranked_code(
    tables: Tables,
    diagnosis: Diagnosis,
    *,
    question: str | None,
    code_files: Sequence[Path],
    roots: Sequence[Path],
    settings: Settings,
    work: Work,
) -> RankedCode:
    """The best files first, with their best pieces. Indexes what changed since the last time, under `roots` only.

    Trees are those of the evidence's repositories and the folders among `code_files`. Raises CancelledError.
    """
    folders = list(source_folders(tables, code_files, roots))[:MOST_TREES]
    if not folders:
        return RankedCode()
    from deep_code_reasoning.code.ranking.rank import rank

    work.report(Progress("brief", 0, len(folders), "trees", "indexing code"))
    not_ranked: list[NotRanked] = []
    indexes = list(indexes_of(folders, settings, work, not_ranked))
    root_of = {str(folder): folder for folder in folders}
    files = [
        RankedFile(root_of[one.repository] / one.path, one.score, one.reasons, one.blob, one.chunks)
        for one in rank(indexes, _query(diagnosis, question), MOST_FILES, read=MOST_FILES)
    ]
    return RankedCode(tuple(files), tuple(not_ranked))


def source_folders(tables: Tables, code_files: Sequence[Path], roots: Sequence[Path]) -> Iterator[Path]:
    """Of the evidence's repositories and of the caller, those under `roots`, with links resolved."""
    real_roots = [Path(os.path.realpath(root)) for root in roots]
    seen: set[Path] = set()
    for folder in (*(tree for tree, _ in SourceTrees(tables, roots).work_trees()), *code_files):
        real = Path(os.path.realpath(folder))
        if real in seen or not real.is_dir() or not any(real.is_relative_to(root) for root in real_roots):
            continue
        seen.add(real)
        yield real


def indexes_of(
    folders: Sequence[Path], settings: Settings, work: Work, not_ranked: list[NotRanked] | None = None
) -> Iterator[CodeIndex]:
    """One a folder, brought up to date, called by the folder's path; `not_ranked` is told what each leaves out."""
    missed = [] if not_ranked is None else not_ranked
    from deep_code_reasoning.code.index.code_index import open_index

    for folder in folders:
        work.check()
        try:
            index = open_index(folder, settings, work, name=str(folder))
        except EvidenceError as error:  # as of a full disk: the brief is made without it
            missed.append(NotRanked(str(folder), str(error), 0, ()))
            continue
        told = index.left_out_by_reason(MOST_EXAMPLES)
        missed += [NotRanked(str(folder), reason, count, tuple(paths)) for reason, count, paths in told]
        yield index


def _query(diagnosis: Diagnosis, question: str | None) -> Query:
    from deep_code_reasoning.code.ranking.query import Location, Query

    alert = diagnosis.incident.alert
    told = [question, alert.summary if alert else None, diagnosis.verdict.summary]
    told += [suspect.summary for suspect in diagnosis.suspects]
    told += [finding.title for finding in diagnosis.findings if finding.role != "context"][:MOST_TITLES]
    places = [suspect.location for suspect in diagnosis.suspects] + [change.location for change in diagnosis.changes]
    places += [finding.subject.location for finding in diagnosis.findings]
    suspected = (suspect.service for suspect in diagnosis.suspects)
    return Query(
        title=question or diagnosis.verdict.summary.partition(". ")[0],
        text="\n".join(text for text in told if text),
        services=tuple(dict.fromkeys(service for service in suspected if service)),
        locations=tuple(dict.fromkeys(Location(at.file, at.line, at.function) for at in places if at)),
    )
