"""The verb: the path from an entry point joined with what ran, and where its time goes."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.code.graph.entry_point import Entry
from deep_code_reasoning.code.graph.execution_path import ExecutionPath
from deep_code_reasoning.code.graph.observed import mark_observed
from deep_code_reasoning.code.graph.places import Places
from deep_code_reasoning.code.graph.program import Program, program_of
from deep_code_reasoning.code.graph.run_time import run_time_of
from deep_code_reasoning.code.graph.trace import trace
from deep_code_reasoning.code.index.git_tree import tree_at
from deep_code_reasoning.code.source_root import path_below, source_root
from deep_code_reasoning.running_code.bottleneck.findings import diagnosed, on_path
from deep_code_reasoning.running_code.bottleneck.measured import measured_below
from deep_code_reasoning.running_code.bottleneck.report import BottleneckReport, CpuShare
from deep_code_reasoning.running_code.bottleneck.smells import smells_of
from deep_code_reasoning.running_code.bottleneck.suspected import answered
from deep_code_reasoning.running_code.evidence import investigation_for, opened
from deep_code_reasoning.running_code.operations import Key, Operations, RunBy, operations_of, runs
from deep_code_reasoning.running_code.routes import contracts_of

if TYPE_CHECKING:
    from deep_code_reasoning.incident import TimeWindow
    from deep_code_reasoning.investigation import Investigations
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.settings import Settings

CALLS_A_LEVEL = 2
"""A `profile_depth` of 3 follows calls 6 deep."""
MOST_LEFT_OUT = 10


@dataclass(frozen=True)
class Question:
    entry: Entry
    profile_depth: int = 3
    suspected_issues: tuple[str, ...] = ()
    baseline: TimeWindow | None = None
    incident: TimeWindow | None = None


def performance_bottleneck(
    desk: Investigations,
    question: Question,
    *,
    root: Path | None = None,
    roots: Sequence[Path],
    evidence: Sequence[str] = (),
    investigation: str | None = None,
    work: Work,
) -> BottleneckReport:
    """Where the time of a path goes, as it was measured; and apart from that, what its syntax shows.

    Raises UsageError where the entry names nothing, OutsideRootsError, EvidenceError.
    """
    started = time.monotonic()
    program, path = _path(question, root, roots, desk.settings, work)
    name = investigation_for(desk, evidence, investigation, work)
    entry = path.entry
    at = f"{entry.file}:{entry.line}"
    report = BottleneckReport(entry.function, at, path.max_depth, sum(1 for _ in path.steps()), investigation=name)
    report.static = smells_of(path, program)
    if name is not None:
        _join(desk, question, report, path, program, work, is_new=bool(evidence))
    report.suspected = [
        answered(issue, path, report, was_diagnosed=name is not None) for issue in question.suspected_issues
    ]
    report.not_looked_at = _not_looked_at(path, report)
    report.seconds = time.monotonic() - started
    return report


def _path(
    question: Question, root: Path | None, roots: Sequence[Path], settings: Settings, work: Work
) -> tuple[Program, ExecutionPath]:
    real = source_root(question.entry.file, root=root, roots=roots)
    program = program_of(tree_at(real), settings, work)
    entry = replace(question.entry, file=path_below(real, question.entry.file))
    depth = CALLS_A_LEVEL * question.profile_depth
    return program, trace(program, entry, max_depth=depth, include_data_flow=False)


def _join(
    desk: Investigations,
    question: Question,
    report: BottleneckReport,
    path: ExecutionPath,
    program: Program,
    work: Work,
    *,
    is_new: bool,
) -> None:
    from deep_code_reasoning.diagnosis.differential.flame import flame

    assert report.investigation is not None
    windows = question.baseline, question.incident
    anew = is_new or any(windows)
    findings = diagnosed(desk, report.investigation, *windows, work, anew=anew)
    with opened(desk, report.investigation, work) as tables:
        mark_observed(path, program, run_time_of(tables, work))
        seen = operations_of(tables, work)
        found = flame(
            tables, investigation=report.investigation, baseline=windows[0], incident=windows[1], work=work
        ).as_json()
    keys = _keys(path)
    by_step = runs(
        seen,
        program,
        keys,
        [one for file in _files(keys) if (facts := program.facts(file)) for one in contracts_of(facts)],
    )
    entries, how = _entries(path, by_step, seen, program)
    functions = _functions(by_step)
    exemplars = {(one.service, one.name): one.exemplar for one in seen.all}
    report.windows = {"windows": found["windows"], "requests": found["requests"]}
    report.measured = measured_below(found, entries, functions, exemplars)
    report.cpu = _cpu(path)
    report.operations = [_operation(run, seen, how) for run in _best(by_step)]
    measured = {(one.service, one.operation) for one in report.measured}
    measured |= {(run.operation.service, run.operation.name) for run in by_step}
    services = {run.operation.service for run in by_step}
    report.findings = list(on_path(findings, measured, services, Places(program, keys), keys))


def _keys(path: ExecutionPath) -> dict[Key, float]:
    """Functions of the path, with the product of the confidences of the calls that lead there."""
    found: dict[Key, float] = {}
    waiting = [(path.entry, 1.0)]
    while waiting:
        step, above = waiting.pop()
        sure = above * step.confidence
        key = (step.file, step.line, step.function)
        found[key] = max(found.get(key, 0.0), sure)
        waiting += [(child, sure) for child in step.steps]
    return found


def _files(keys: Mapping[Key, float]) -> list[str]:
    return list(dict.fromkeys(key[0] for key in keys))


def _entries(
    path: ExecutionPath, by_step: Sequence[RunBy], seen: Operations, program: Program
) -> tuple[set[tuple[str, str]], str]:
    """Operations that run the entry; else, where only its callers or its steps were seen, theirs."""
    entry = (path.entry.file, path.entry.line, path.entry.function)
    own = {(run.operation.service, run.operation.name) for run in by_step if run.key == entry}
    if own:
        return own, "runs the entry point"
    above: dict[Key, float] = {(one.file, one.line, one.function): one.confidence for one in path.callers}
    contracts = [one for file in _files(above) if (facts := program.facts(file)) for one in contracts_of(facts)]
    callers = {(run.operation.service, run.operation.name) for run in runs(seen, program, above, contracts)}
    if callers:
        return callers, "runs a caller of the entry point, so what it measures may be beside the path"
    return {(run.operation.service, run.operation.name) for run in by_step}, "runs a function below the entry point"


def _functions(by_step: Sequence[RunBy]) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for run in by_step:
        told = f"{run.key[2]} ({run.key[0]}:{run.key[1]})"
        known = found.setdefault((run.operation.service, run.operation.name), [])
        if told not in known:
            known.append(told)
    return found


def _best(by_step: Sequence[RunBy]) -> list[RunBy]:
    found: dict[tuple[str, str], RunBy] = {}
    for run in by_step:  # the surest first
        found.setdefault((run.operation.service, run.operation.name), run)
    return list(found.values())


def _operation(run: RunBy, seen: Operations, how: str) -> dict[str, Any]:
    one = run.operation
    return {
        "service": one.service,
        "operation": one.name,
        "function": f"{run.key[2]} ({run.key[0]}:{run.key[1]})",
        "how": run.how,
        "measured_from": how,
        "confidence": run.confidence,
        "calls": one.calls,
        "calls_per_second": seen.rate(one.calls),
        "errors": one.errors,
        "p50_ms": one.p50_ms,
        "p99_ms": one.p99_ms,
        "evidence": [one.exemplar],
    }


def _cpu(path: ExecutionPath) -> list[CpuShare]:
    found: dict[Key, CpuShare] = {}
    for step in path.steps():
        one = step.observed
        if one is not None and one.cpu_share:
            key = (step.file, step.line, step.function)
            found[key] = CpuShare(step.function, step.file, step.line, one.cpu_share_itself or 0.0, one.cpu_share)
    return sorted(found.values(), key=lambda one: (-one.itself, -one.with_calls, one.file, one.line))


def _not_looked_at(path: ExecutionPath, report: BottleneckReport) -> list[str]:
    told = list(path.notes[:MOST_LEFT_OUT])
    calls = sum(one.times for one in path.unresolved)
    if calls:
        first = path.unresolved[0]
        told.append(f"{calls} calls that lead to no function of this tree, the first: {first.call[:80]} ({first.why})")
    if deeper := sum("reached, with" in step.cut for step in path.steps()):
        told.append(f"what {deeper} steps call below {path.max_depth} calls; a larger profile_depth follows them")
    if report.investigation is None:
        told.append("run time: no evidence or investigation was given, so nothing is measured")
    elif not report.cpu:
        told.append("CPU: no samples of the path's functions in the evidence")
    if report.windows and not report.windows["requests"].get("baseline"):
        told.append("before: the evidence has no baseline window, so nothing is compared")
    told.append("how often loops run, and how large what they run over is, where no span counts it")
    return told
