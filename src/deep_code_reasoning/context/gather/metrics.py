"""The metrics that findings point at, as sketches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from deep_code_reasoning.context.candidate import Candidate
from deep_code_reasoning.context.gather.sql import query
from deep_code_reasoning.context.gather.weights import evidence_by_weight
from deep_code_reasoning.context.render.metric_sketch import metric_sketch
from deep_code_reasoning.finding import Diagnosis

if TYPE_CHECKING:
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.store.tables import Tables

_MOST_METRICS = 24
_MOST_POINTS = 50_000


def metrics(tables: Tables, diagnosis: Diagnosis, work: Work) -> Iterator[Candidate]:
    seen: set[str] = set()
    for finding, evidence, rest, weight in evidence_by_weight(diagnosis, "metric"):
        if evidence.ref in seen or len(seen) >= _MOST_METRICS:
            continue
        seen.add(evidence.ref)
        work.check()
        service, _, name = rest.partition("/")
        points = tables.rows(query("metric_series"), service=service, name=name, most=_MOST_POINTS)
        if points:
            title = f"{name} of {service}, {len(points)} points" + (
                ", the first" if len(points) == _MOST_POINTS else ""
            )
            text = metric_sketch(points, diagnosis.verdict.onset or diagnosis.incident.onset)
            yield Candidate(evidence.ref, "metric", title, f"named by {finding.id}", weight, text)
