"""Answers to what a caller suspects: seen, with what shows it; not seen where it would show; or it cannot be told."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from deep_code_reasoning.code.graph.execution_path import ExecutionPath
from deep_code_reasoning.running_code.bottleneck.report import Answered, BottleneckReport, FindingOnPath, Smell

LEAST_SHARE = 0.05
"""Of the time of the entry operation, that an operation takes which counts as seen."""
MOST = 6


@dataclass(frozen=True)
class Suspicion:
    words: re.Pattern[str]
    smells: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    cpu: float | None = None
    measured: re.Pattern[str] | None = None


def answered(issue: str, path: ExecutionPath, report: BottleneckReport, *, was_diagnosed: bool) -> Answered:
    """What shows it, of all that the words of the issue may mean.

    An effect alone (a lock is taken, a request is made) is told and is no bottleneck: it does not count as seen. Not
    seen says only that what was looked at does not show it.
    """
    meant = [one for one in suspicions() if one.words.search(issue)]
    if not meant:
        return Answered(issue, "cannot be told", "its words name nothing that is looked for here")
    shown = list(dict.fromkeys(told for one in meant for told in _shown(one, report)))
    looked = list(dict.fromkeys(told for one in meant for told in _looked_at(one, report, was_diagnosed)))
    there = sorted(_effects(meant, path))
    absent = list(dict.fromkeys(told for one in meant for told in _absent(one, report, was_diagnosed)))
    also = f"; not at hand: {', '.join(absent)}" if absent else ""
    also += f"; the path has {len(there)} such calls: {', '.join(there[:3])}" if there else ""
    if shown:
        evidence = tuple(dict.fromkeys(ref for _, refs in shown for ref in refs))
        return Answered(issue, "seen", "; ".join(told for told, _ in shown[:MOST]), tuple(looked), evidence[:MOST])
    if looked:
        return Answered(issue, "not seen", f"none of what was looked at shows it{also}", tuple(looked))
    return Answered(issue, "cannot be told", f"nothing that would show it is at hand{also}")


def _effects(meant: Sequence[Suspicion], path: ExecutionPath) -> set[str]:
    kinds = {kind for one in meant for kind in one.effects}
    return {
        f"{effect.kind} at {step.file}:{effect.line}"
        for step in path.steps()
        for effect in step.effects
        if effect.kind in kinds
    }


def _shown(one: Suspicion, report: BottleneckReport) -> Iterator[tuple[str, tuple[str, ...]]]:
    for smell in report.static:
        if smell.kind in one.smells:
            yield _of_smell(smell)
    for finding in report.findings:
        if _family(finding.code) in one.findings:
            yield _of_finding(finding)
    for cpu in report.cpu:
        if one.cpu is not None and cpu.itself >= one.cpu:
            yield f"{cpu.function} ran in {cpu.itself:.0%} of the CPU samples", (f"code:{cpu.file}:{cpu.line}",)
    for row in report.measured:
        if one.measured is not None and one.measured.search(row.operation) and row.share >= LEAST_SHARE:
            took = f"takes {row.critical_ms:.1f} ms ({row.share:.0%}) in {row.calls:.1f} calls"
            yield f"{row.service} {row.operation} {took}", row.evidence


def _looked_at(one: Suspicion, report: BottleneckReport, was_diagnosed: bool) -> Iterator[str]:
    if one.smells:
        yield f"syntax of {report.steps} steps"
    if one.findings and was_diagnosed and report.operations:
        yield f"findings of {', '.join(one.findings)} about the path"
    if one.cpu is not None and report.cpu:
        yield "CPU samples"
    if one.measured is not None and report.measured:
        yield f"{len(report.measured)} measured operations"


def _absent(one: Suspicion, report: BottleneckReport, was_diagnosed: bool) -> Iterator[str]:
    if one.findings and not (was_diagnosed and report.operations):
        yield "a diagnosis of what runs the path" if not was_diagnosed else "an operation that is seen to run the path"
    if one.cpu is not None and not report.cpu:
        yield "CPU samples of the path"


def _of_smell(smell: Smell) -> tuple[str, tuple[str, ...]]:
    return f"{smell.function} {smell.what}", smell.evidence


def _of_finding(finding: FindingOnPath) -> tuple[str, tuple[str, ...]]:
    return f"{finding.id} {finding.title}", finding.evidence


def _family(code: str) -> str:
    return code.rstrip("0123456789")


@cache
def suspicions() -> Sequence[Suspicion]:
    data = tomllib.loads(Path(__file__).with_name("suspicions.toml").read_text(encoding="utf-8"))
    return tuple(_suspicion(entry) for entry in data["suspicion"])


def _suspicion(entry: Mapping) -> Suspicion:
    lists = {name: tuple(entry.get(name, ())) for name in ("smells", "effects", "findings")}
    measured = re.compile(entry["measured"]) if "measured" in entry else None
    return Suspicion(re.compile(entry["words"]), **lists, cpu=entry.get("cpu"), measured=measured)
