"""`dcr bottleneck`: where the time of a path goes, as it was measured and as its syntax shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deep_code_reasoning.cli.evidence import JsonOption
from deep_code_reasoning.cli.impact import EvidenceOption, InvestigationOption
from deep_code_reasoning.cli.output import print_answer
from deep_code_reasoning.cli.terminal import working
from deep_code_reasoning.incident import TimeWindow
from deep_code_reasoning.settings import load_settings

if TYPE_CHECKING:
    from deep_code_reasoning.running_code.bottleneck.report import BottleneckReport

MOST_SHOWN = 20


def bottleneck(
    entry_point: Annotated[
        str, typer.Argument(metavar="FILE:LINE|FUNCTION", help="Where to begin: a line in a function, or its name.")
    ],
    suspect: Annotated[list[str] | None, typer.Option(help="What you suspect, in your words; may be repeated.")] = None,
    depth: Annotated[int, typer.Option(help="How deep: each level follows two more calls.", min=1, max=5)] = 3,
    root: Annotated[Path, typer.Option(help="The source tree or repository.")] = Path(),
    evidence: EvidenceOption = None,
    investigation: InvestigationOption = None,
    baseline: Annotated[str | None, typer.Option(help="A window before, as A/B in ISO 8601.")] = None,
    incident: Annotated[str | None, typer.Option(help="The incident's window, as A/B in ISO 8601.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Tell where the time of a path goes: measured milliseconds, CPU samples, findings; and what syntax shows.

    What was measured is ranked by milliseconds of one call of the entry operation, what syntax shows by counted loops,
    waiting calls and locks; the two are never one number.
    """
    from deep_code_reasoning.code.graph.entry_point import Entry
    from deep_code_reasoning.investigation import Investigations
    from deep_code_reasoning.running_code.bottleneck.bottleneck import Question, performance_bottleneck

    settings = load_settings()
    windows = [TimeWindow.parse(one) if one else None for one in (baseline, incident)]
    with working(quiet=as_json) as work:
        report = performance_bottleneck(
            Investigations(settings),
            Question(Entry.parse(entry_point), depth, tuple(suspect or ()), *windows),
            root=root,
            roots=(*settings.allowed_roots, root),  # a person's command line names what may be read
            evidence=evidence or (),
            investigation=investigation,
            work=work,
        )
    print_answer(report, _lines(report), as_json=as_json)


def _lines(report: BottleneckReport) -> Iterator[str]:
    yield report.narrative()
    if report.measured:
        yield "\nmeasured: own time on the critical path of one call of the entry operation"
    for one in report.measured[:MOST_SHOWN]:
        change = "" if one.change_ms is None else f"  {one.change_ms:+,.2f} ms"
        calls = "" if one.before_calls is None else f" (was {one.before_calls:,.1f})"
        yield (
            f"  {one.critical_ms:>10,.2f} ms {one.share:>4.0%}{change}  {one.calls:,.1f} calls{calls}  "
            f"{one.service} {one.operation}"
        )
    if report.cpu:
        yield "\nCPU samples"
    for cpu in report.cpu[:MOST_SHOWN]:
        yield f"  {cpu.itself:>6.1%} itself, {cpu.with_calls:.1%} with its calls  {cpu.function}  {cpu.file}:{cpu.line}"
    if report.static:
        yield "\nsyntax"
    for smell in report.static[:MOST_SHOWN]:
        counted = f"{smell.loops} loops, {smell.io} waiting calls, {smell.locks} locks"
        sure = "" if smell.confidence == 1 else f"; {smell.confidence:.2f}"
        yield f"  {smell.what}  {smell.function}  {smell.file}:{smell.line}  [{counted}{sure}]"
    for finding in report.findings[:MOST_SHOWN]:
        yield f"\nfinding {finding.id}: {finding.title} ({finding.because})"
    for issue in report.suspected:
        yield f"\nsuspected: {issue.issue}: {issue.verdict}; {issue.because}"
    yield "\nnot looked at"
    yield from (f"  {one}" for one in report.not_looked_at)
