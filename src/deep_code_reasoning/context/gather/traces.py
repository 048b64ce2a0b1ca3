"""Exemplar traces of the findings, as trees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deep_code_reasoning.context.candidate import Candidate
from deep_code_reasoning.context.gather.sql import query
from deep_code_reasoning.context.gather.weights import EXEMPLARS, evidence_by_weight
from deep_code_reasoning.context.render.trace_tree import Clocks, trace_tree
from deep_code_reasoning.finding import Diagnosis

if TYPE_CHECKING:
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.store.tables import Tables

_MOST_SPANS = 3_000
_MOST_TRACES = 24
_HEALTHY = 1.1  # of the weight of the trace that it is compared with


def traces(tables: Tables, diagnosis: Diagnosis, work: Work) -> list[Candidate]:
    pointed: dict[str, dict] = {}
    taken: dict[str, set[str]] = {}
    for finding, _, rest, weight in evidence_by_weight(diagnosis, "trace", "span"):
        trace_id, _, span_id = rest.partition("/")
        of_finding = taken.setdefault(finding.id, set())
        if trace_id not in of_finding and len(of_finding) >= EXEMPLARS:
            continue
        of_finding.add(trace_id)
        trace = pointed.setdefault(trace_id, {"weight": 0.0, "findings": [], "spans": set()})
        trace["weight"] = max(trace["weight"], weight)
        if finding.id not in trace["findings"]:
            trace["findings"].append(finding.id)
        if span_id:
            trace["spans"].add(span_id)
    _add_healthy(tables, pointed)
    ahead = clocks(tables)
    found = []
    for trace_id, trace in sorted(pointed.items(), key=lambda item: -item[1]["weight"])[:_MOST_TRACES]:
        work.check()
        spans = tables.dicts(query("trace_spans"), trace_id=trace_id, most=_MOST_SPANS)
        if not spans:
            continue
        errors = dict(tables.rows(query("trace_exceptions"), trace_id=trace_id))
        title = f"{len(spans)} spans" + (" (its first)" if len(spans) == _MOST_SPANS else "")
        reason = trace.get("reason") or f"exemplar of {', '.join(trace['findings'])}"
        text = trace_tree(spans, ahead, trace["spans"], errors)
        found.append(Candidate(f"trace:{trace_id}", "trace", title, reason, trace["weight"], text))
    return found


def _add_healthy(tables: Tables, pointed: dict[str, dict]) -> None:
    """A healthy trace of the leading symptomatic exemplar's entry operation, to read beside it."""
    if not tables.rows(query("has_table"), name="trace_outcomes")[0][0]:
        return
    failing = {trace_id for (trace_id,) in tables.rows(query("symptomatic"), trace_ids=list(pointed))}
    leading = next((t for t in sorted(pointed, key=lambda t: -pointed[t]["weight"]) if t in failing), None)
    if leading is None:
        return
    for (trace_id,) in tables.rows(query("healthy_trace"), trace_id=leading):
        trace = pointed.setdefault(trace_id, {"weight": 0.0, "findings": [], "spans": set()})
        trace["weight"] = max(trace["weight"], pointed[leading]["weight"] * _HEALTHY)
        trace["reason"] = f"healthy, same entry operation: compare with trace:{leading}"


def clocks(tables: Tables) -> Clocks:
    """The clock table that the diagnosis made on this connection; without one, times are as the hosts wrote them."""
    if not tables.rows(query("has_table"), name="host_clocks")[0][0]:
        return Clocks({})
    return Clocks(dict(tables.rows(query("host_clocks"))))
