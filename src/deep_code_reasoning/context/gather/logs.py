"""Log records around the evidence: by number, by template, and those that carry an exemplar's trace id."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from deep_code_reasoning.context.candidate import Candidate
from deep_code_reasoning.context.gather.sql import query
from deep_code_reasoning.context.gather.weights import EXEMPLARS, evidence_by_weight
from deep_code_reasoning.context.render.log_excerpt import log_excerpt
from deep_code_reasoning.finding import Diagnosis

if TYPE_CHECKING:
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.store.tables import Tables

_MOST_RECORDS = 60
_MOST_EXCERPTS = 12
_AROUND = 5
_TEMPLATE_EXAMPLES = 4


def logs(tables: Tables, diagnosis: Diagnosis, work: Work) -> Iterator[Candidate]:
    yield from _of_traces(tables, diagnosis, work)
    yield from _of_templates(tables, diagnosis, work)
    yield from _of_numbers(tables, diagnosis, work)


def _of_traces(tables: Tables, diagnosis: Diagnosis, work: Work) -> Iterator[Candidate]:
    weights: dict[str, tuple[float, str]] = {}
    for finding, _, rest, weight in evidence_by_weight(diagnosis, "trace", "span"):
        trace_id = rest.partition("/")[0]
        if weight > weights.get(trace_id, (0.0, ""))[0]:
            weights[trace_id] = (weight, finding.id)
    for trace_id, (weight, finding_id) in sorted(weights.items(), key=lambda w: (-w[1][0], w[0]))[:_MOST_EXCERPTS]:
        work.check()
        records = tables.dicts(query("trace_logs"), trace_id=trace_id, most=_MOST_RECORDS)
        if records:
            title = f"{len(records)} records with trace id {trace_id}"
            reason = f"written during an exemplar of {finding_id}"
            yield Candidate(f"logs:{trace_id}", "logs", title, reason, weight * 0.8, log_excerpt(records))


def _of_templates(tables: Tables, diagnosis: Diagnosis, work: Work) -> Iterator[Candidate]:
    seen: set[str] = set()
    for finding, _, template_id, weight in evidence_by_weight(diagnosis, "template"):
        if template_id in seen or not template_id.isdigit() or len(seen) >= _MOST_EXCERPTS:
            continue
        seen.add(template_id)
        work.check()
        for template, count, services in tables.rows(query("template"), template_id=template_id):
            examples = tables.dicts(query("template_logs"), template_id=template_id, most=_TEMPLATE_EXAMPLES)
            head = f"template: {template}\nseen {count} times, by {', '.join(services)}; the first:\n"
            title = f"log template of {', '.join(services)}"
            yield Candidate(
                f"template:{template_id}", "logs", title, f"named by {finding.id}", weight * 0.9,
                head + log_excerpt(examples, [e["log_number"] for e in examples]),
            )  # fmt: skip


def _of_numbers(tables: Tables, diagnosis: Diagnosis, work: Work) -> Iterator[Candidate]:
    numbers: dict[str, list[int]] = {}
    weights: dict[str, float] = {}
    for finding, _, number, weight in evidence_by_weight(diagnosis, "log"):
        if number.isdigit() and len(numbers.setdefault(finding.id, [])) < EXEMPLARS:
            numbers[finding.id].append(int(number))
            weights[finding.id] = max(weights.get(finding.id, 0), weight)
    for finding_id, wanted in list(numbers.items())[:_MOST_EXCERPTS]:
        work.check()
        records = tables.dicts(query("numbered_logs"), numbers=wanted, around=_AROUND, most=_MOST_RECORDS)
        if records:
            title = f"records around {', '.join(f'log:{n}' for n in wanted)}"
            text = log_excerpt(records, wanted)
            weight = weights[finding_id] * 0.9
            yield Candidate(f"log:{wanted[0]}", "logs", title, f"named by {finding_id}", weight, text)
