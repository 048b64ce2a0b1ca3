"""`dcr impact`: whom a change reaches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deep_code_reasoning.cli.evidence import JsonOption
from deep_code_reasoning.cli.output import print_answer
from deep_code_reasoning.cli.terminal import working
from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.settings import load_settings

if TYPE_CHECKING:
    from deep_code_reasoning.running_code.impact.report import Affected, ImpactReport

MOST_SHOWN = 20
TYPES = ("breaking", "performance", "behavioral")
InvestigationOption = Annotated[str | None, typer.Option(help="What ran: an investigation that was loaded.")]
EvidenceOption = Annotated[list[str] | None, typer.Option(help="What ran: traces, logs, profiles; may be repeated.")]
RootOption = Annotated[Path | None, typer.Option(help="The source tree; else the repositories of the files.")]


def impact(
    files: Annotated[list[str], typer.Argument(help="Files or folders that change.")],
    revision: Annotated[
        str | None, typer.Option(help="A commit, or A..B, instead of the work tree against HEAD.")
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option("--type", help="breaking, performance or behavioral; may be repeated.")
    ] = None,
    service: Annotated[list[str] | None, typer.Option(help="A service that runs the code; may be repeated.")] = None,
    root: RootOption = None,
    evidence: EvidenceOption = None,
    investigation: InvestigationOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell whom a change reaches: callers, users of its routes, topics and fields, services at run time.

    Told from syntax and telemetry, nothing is run. Confidence is counted: 1 / number of candidates of a call,
    multiplied along a chain of calls; "unknown" where nothing that was looked at shows whom it reaches.
    """
    from deep_code_reasoning.investigation import Investigations
    from deep_code_reasoning.running_code.impact.cross_system import ChangeScope, cross_system_impact

    if wrong := [one for one in kind or () if one not in TYPES]:
        raise UsageError(f"--type {wrong[0]!r}; expected one of {', '.join(TYPES)}")
    types = tuple(one for one in TYPES if not kind or one in kind)
    settings = load_settings()
    named = [root] if root else [Path(file).absolute().parent for file in files]  # a person names what may be read
    with working(quiet=as_json) as work:
        report = cross_system_impact(
            Investigations(settings),
            ChangeScope(tuple(files), tuple(service or ()), types, revision),
            root=root,
            roots=(*settings.allowed_roots, *(one for one in named if one.is_dir())),
            evidence=evidence or (),
            investigation=investigation,
            work=work,
        )
    print_answer(report, _lines(report), as_json=as_json)


def _lines(report: ImpactReport) -> Iterator[str]:
    yield report.narrative()
    for name in TYPES:
        found = [one for one in report.impacts if one.type == name]
        if found:
            yield f"\n{name} ({len(found)})"
        for one in found[:MOST_SHOWN]:
            at = f"{one.file}:{one.line}" if one.line else one.file
            rate = f"; {one.calls_per_second:.3g} calls/s" if one.calls_per_second else ""
            yield f"  {one.what}  {at}  [{_sure(one.confidence)}{rate}]"
            yield from (f"    {_party(party)}" for party in one.affected[:MOST_SHOWN])
        if len(found) > MOST_SHOWN:
            yield f"  ... and {len(found) - MOST_SHOWN} more: --json"
    if report.services:
        yield "\nservices upstream"
    for one in report.services[:MOST_SHOWN]:
        rate = f", {one.calls_per_second:.3g}/s" if one.calls_per_second else ""
        yield (
            f"  {'  ' * (one.depth - 1)}{one.service} -> {one.calls_to} ({one.kind}): {one.calls:,} calls{rate}, "
            f"{one.share_of_calls:.0%} of its calls, {one.errors:,} failed"
        )
    yield "\nnot looked at"
    yield from (f"  {one}" for one in report.not_looked_at)


def _party(one: Affected) -> str:
    at = f"  {one.file}:{one.line}" if one.file else ""
    state = f"{one.state}: " if one.state else ""
    return f"{state}{one.who or 'a line'}{at}  {one.how} [{_sure(one.confidence)}]"


def _sure(confidence: float | None) -> str:
    return "unknown" if confidence is None else f"{confidence:.2f}"
