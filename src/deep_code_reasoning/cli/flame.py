"""`dcr flame`: what the durations of requests consist of, and what changed them, as a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from deep_code_reasoning.cli.evidence import EVIDENCE_HELP, InvestigationOption, JsonOption
from deep_code_reasoning.cli.investigate import WINDOW_HELP
from deep_code_reasoning.cli.output import console, print_json, print_table
from deep_code_reasoning.cli.terminal import working
from deep_code_reasoning.context.visible import visible
from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.incident import TimeWindow
from deep_code_reasoning.settings import load_settings

if TYPE_CHECKING:
    from deep_code_reasoning.diagnosis.differential.flame import Flame

LEAST_SHARE = 0.01


def flame(
    evidence: Annotated[
        list[str] | None, typer.Argument(help=f"{EVIDENCE_HELP} None: the investigation as it is.")
    ] = None,
    baseline: Annotated[str | None, typer.Option(help=f"When all was well: {WINDOW_HELP}")] = None,
    incident: Annotated[str | None, typer.Option(help=f"When it was not; found where not given. {WINDOW_HELP}")] = None,
    folded: Annotated[
        Literal["difference", "baseline", "incident"] | None,
        typer.Option(help="Print folded stacks: two columns for flamegraph.pl, or one window, also for speedscope."),
    ] = None,
    time: Annotated[
        Literal["critical-path", "self-time"],
        typer.Option(help="Of folded stacks: what requests waited for, or all work, also what ran beside it."),
    ] = "critical-path",
    investigation: InvestigationOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what requests spend their time on, and what changed it: a differential flame graph as data."""
    from deep_code_reasoning.investigation import Investigations

    if folded and as_json:
        raise UsageError("flame: --folded and --json exclude each other; give one of them")
    with working(quiet=as_json or folded is not None) as work:
        found = Investigations(load_settings()).flame(
            evidence or (),
            investigation=investigation,
            baseline=TimeWindow.parse(baseline) if baseline else None,
            incident=TimeWindow.parse(incident) if incident else None,
            work=work,
        )
    if as_json:
        print_json(found.as_json())
    elif folded:
        if folded != "incident" and not found.has_baseline:
            raise UsageError("flame: there is no baseline to fold; give --baseline, or take --folded incident")
        for line in found.folded(folded, time):
            print(visible(line))
    else:
        _print_tree(found)


def _print_tree(found: Flame) -> None:
    rows, compared = [], False
    for line in found.lines(LEAST_SHARE):
        row = [f"{line.after_ms:,.2f}", "  " * line.depth + line.frame]
        if found.has_baseline:
            row.insert(0, f"{line.before_ms:,.2f}")
        if line.changed_by:
            compared = True
            row[2:2] = [f"{part:+,.2f}" if part else "" for part in line.changed_by]
        rows.append(row)
    if not rows:
        console().print("no requests: the evidence holds no spans in the windows")
        return
    header = ["before ms", "after ms"] if found.has_baseline else ["ms"]
    print_table([*header, *(["by calls", "by self time"] if compared else []), "operation, with what it calls"], rows)
    console().print(
        f"\nmean critical-path time of a request to the entry operation; below {LEAST_SHARE:.0%} of it: --json",
        style="dim",
        markup=False,
    )
