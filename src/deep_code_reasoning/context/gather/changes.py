"""The service graph, deploys, and the commits that the diagnosis ranks, with their diffs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from deep_code_reasoning.context.candidate import Candidate
from deep_code_reasoning.context.gather.sql import query
from deep_code_reasoning.context.render import change as render
from deep_code_reasoning.context.render.service_graph import service_graph
from deep_code_reasoning.finding import Diagnosis, RankedChange

if TYPE_CHECKING:
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.store.tables import Tables

_MOST_EDGES = 150
_MOST_DEPLOYS = 12
_MOST_COMMITS = 15
_MOST_FILES = 60
_GRAPH_WEIGHT = 0.8
_DEPLOYS_WEIGHT = 0.8


def topology_and_deploys(tables: Tables) -> Iterator[Candidate]:
    if edges := tables.dicts(query("service_edges"), most=_MOST_EDGES):
        title = f"service graph, {len(edges)} edges" + (", the busiest" if len(edges) == _MOST_EDGES else "")
        reason = "who calls whom, how often, how often in vain, how long"
        yield Candidate("graph", "graph", title, reason, _GRAPH_WEIGHT, service_graph(edges))
    if rows := tables.dicts(query("deploys"), most=_MOST_DEPLOYS):
        title = f"{len(rows)} deploys and switches" + (", the latest" if len(rows) == _MOST_DEPLOYS else "")
        yield Candidate(
            "deploys", "deploys", title, "what was changed in production, latest first", _DEPLOYS_WEIGHT,
            render.deploys(rows),
        )  # fmt: skip


def commits(tables: Tables, diagnosis: Diagnosis, work: Work) -> Iterator[Candidate]:
    wanted: dict[str, tuple[float, str, RankedChange | None]] = {}
    if diagnosis.verdict.commit:
        wanted[diagnosis.verdict.commit] = (1.0, "the verdict names it", None)
    for suspect in diagnosis.suspects:
        if suspect.commit and suspect.commit not in wanted:
            wanted[suspect.commit] = (suspect.score, f"suspect {suspect.rank} names it", None)
    for ranked in diagnosis.changes[:_MOST_COMMITS]:
        weight, reason, _ = wanted.get(ranked.sha, (ranked.score, f"ranked {ranked.rank} among the changes", None))
        wanted[ranked.sha] = (max(weight, ranked.score), reason, ranked)
    for finding in diagnosis.findings:
        for evidence in finding.evidence:
            if evidence.ref.startswith("commit:"):
                wanted.setdefault(evidence.ref.rpartition("@")[2], (0.2, f"named by {finding.id}", None))
    for sha, (weight, reason, ranked_change) in list(wanted.items())[:_MOST_COMMITS]:
        work.check()
        for change in tables.dicts(query("commit"), sha=sha):
            files = tables.dicts(
                query("commit_files"), sha=change["sha"], repository=change["repository"], most=_MOST_FILES
            )
            title = (change["message"].splitlines() or [""])[0]
            yield Candidate(
                f"commit:{change['repository']}@{change['sha']}", "commit", title, reason, min(weight, 1.0),
                render.commit(change, files, ranked_change),
            )  # fmt: skip
