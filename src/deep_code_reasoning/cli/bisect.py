"""`dcr bisect`: the commit that brought a failure, also one that shows only now and then."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from deep_code_reasoning.cli.evidence import JsonOption
from deep_code_reasoning.cli.output import console, print_json, print_table
from deep_code_reasoning.cli.terminal import working
from deep_code_reasoning.context.visible import visible
from deep_code_reasoning.settings import load_settings

if TYPE_CHECKING:
    from deep_code_reasoning.changes.bisect.result import Bisection

NOT_ONE = 1


def bisect(
    repository: Annotated[Path, typer.Argument(help="A git repository: a work tree, or a bare one.")],
    command: Annotated[
        list[str],
        typer.Argument(
            help="After --. Run as it is at the root of a work tree of its own, with DCR_BISECT_COMMIT set; it leaves "
            "with 0 (good), 125 (cannot be tested), 1-127 (bad), 128 or more (break off), as with git bisect run."
        ),
    ],
    good: Annotated[str, typer.Option(help="A commit where the command passes, or fails less often.")],
    bad: Annotated[str, typer.Option(help="A later commit where it fails.")] = "HEAD",
    paths: Annotated[list[str] | None, typer.Option(help="Only commits that touch this path; may be repeated.")] = None,
    first_parent: Annotated[bool, typer.Option(help="Take a merge as one commit.")] = False,
    repeat: Annotated[
        int, typer.Option(help="At most so many runs at a commit; 1: a failure is no chance.", min=1)
    ] = 100,
    error: Annotated[float, typer.Option(help="The chance of a wrong answer.")] = 0.05,
    timeout: Annotated[float | None, typer.Option(help="Seconds that a run may take.", min=0.001)] = None,
    timeout_is: Annotated[Literal["bad", "skip"], typer.Option(help="What a run is that takes longer.")] = "bad",
    jobs: Annotated[int, typer.Option(help="Runs at the same time, each in a work tree of its own.", min=1)] = 1,
    clean: Annotated[bool, typer.Option(help="Before each run remove what git does not track.")] = False,
    restart: Annotated[bool, typer.Option(help="Forget the runs of an earlier, interrupted call.")] = False,
    as_json: JsonOption = False,
) -> int:
    """Find the commit that brought a failure, by running a command that may fail only now and then.

    The same call again goes on where an earlier one was stopped. Exit code 0: one commit was found; 1: several are
    left, or the command broke off; 2: refused, as when good and bad do not differ; 3: no readable repository; 130:
    stopped with Ctrl-C.
    """
    from deep_code_reasoning.changes.bisect.request import BisectionRequest
    from deep_code_reasoning.investigation import Investigations

    request = BisectionRequest(
        repository=repository,
        good=good,
        bad=bad,
        command=tuple(command),
        paths=tuple(paths or ()),
        first_parent=first_parent,
        repeat=repeat,
        error=error,
        timeout_seconds=timeout,
        timeout_is=timeout_is,
        jobs=jobs,
        clean=clean,
        restart=restart,
    )
    with working(quiet=as_json) as work:
        found = Investigations(load_settings()).bisect(request, work=work)
    if as_json:
        print_json(found.as_json())
    else:
        _print(found)
    return 0 if found.first_bad else NOT_ONE


def _print(found: Bisection) -> None:
    out = console()

    def say(text: str, style: str = "") -> None:
        out.print(visible(text), style=style, markup=False)

    if found.first_bad:
        commit = found.first_bad
        say(f"first bad commit: {commit.commit}", "bold")
        say(f"  {commit.subject}\n  {commit.author}, {commit.time}")
    else:
        say(f"the first bad commit is one of {len(found.candidates)}:", "bold")
        rows = [[c.commit, f"{c.probability:.1%}", c.subject] for c in found.candidates]
        print_table(["commit", "probability", "subject"], rows)
    rates = found.failure_rates
    say(
        f"\nconfidence {found.confidence:.1%} (asked: {found.wanted:.0%}) among {found.commits:,} commits; the command "
        f"fails in about {rates['with_it']:.0%} of runs with it and {rates['without_it']:.0%} without"
    )
    for name, end in (("bad", found.bad), ("good", found.good), *(("branch point", base) for base in found.bases)):
        say(f"{name} {end.commit[:12]}: failed in {end.failed} of {end.runs} runs")
    if found.steps:
        say("")
        rows = [[s.commit[:12], s.failed, s.runs, s.decision, f"{s.probability:.1%}"] for s in found.steps]
        print_table(["tested", "failed", "runs", "is", "bad by all runs"], rows)
    for sha, reason in found.skipped.items():
        say(f"skipped {sha[:12]}: {reason}")
    for note in found.notes:
        say(f"note: {note}")
    resumed = f", {found.resumed_runs} of them by an earlier call" if found.resumed_runs else ""
    say(f"\n{found.runs} runs{resumed}; this call took {found.seconds:.1f} s; what runs printed: {found.output_folder}")
