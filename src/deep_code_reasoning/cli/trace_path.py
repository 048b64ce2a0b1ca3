"""`dcr trace-path`: from a function along its calls, as a tree one can read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deep_code_reasoning.cli.evidence import JsonOption
from deep_code_reasoning.cli.output import print_answer
from deep_code_reasoning.cli.terminal import working
from deep_code_reasoning.settings import load_settings

if TYPE_CHECKING:
    from deep_code_reasoning.code.graph.execution_path import ExecutionPath, Observed, Step

MOST_SHOWN = 20


def trace_path(
    entry_point: Annotated[
        str, typer.Argument(metavar="FILE:LINE|FUNCTION", help="Where to begin: a line in a function, or its name.")
    ],
    root: Annotated[Path, typer.Option(help="The source tree or repository.")] = Path(),
    revision: Annotated[str | None, typer.Option(help="A commit of it instead of the files on disk.")] = None,
    depth: Annotated[int, typer.Option(help="How many calls deep.", min=0, max=100)] = 10,
    no_data_flow: Annotated[bool, typer.Option("--no-data-flow", help="Do not follow arguments.")] = False,
    investigation: Annotated[
        str | None, typer.Option(help="Mark what this investigation saw at run time: spans, stack traces, CPU samples.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Trace an execution path through source code: calls, what flows into them, I/O, locks and errors on the way.

    Told from syntax alone, nothing is run. Where a call may lead to several functions, each is shown with its
    confidence: 1 / number of candidates. Calls that lead to no function of the tree are listed with why.
    """
    from deep_code_reasoning.code.graph.entry_point import Entry
    from deep_code_reasoning.code_questions import trace_path as trace

    settings = load_settings()
    with working(quiet=as_json) as work:
        found = trace(
            Entry.parse(entry_point),
            root=root,
            settings=settings,
            roots=(*settings.allowed_roots, root),  # a person's command line names what may be read
            revision=revision,
            max_depth=depth,
            include_data_flow=not no_data_flow,
            investigation=investigation,
            work=work,
        )
    print_answer(found, _lines(found), as_json=as_json)


def _lines(path: ExecutionPath) -> Iterator[str]:
    for step in path.steps():
        yield from _of_step(step)
    if path.callers:
        yield f"\ncallers ({len(path.callers)})"
        for one in path.callers[:MOST_SHOWN]:
            sure = "" if one.confidence == 1 else f"  [{one.confidence:.2f}]"
            yield f"  {'  ' * (one.level - 1)}{one.function}  {one.file}:{one.call_line}  calls {one.calls}{sure}"
    if path.unresolved:
        yield f"\nnot resolved ({sum(one.times for one in path.unresolved)} calls)"
        for one in path.unresolved[:MOST_SHOWN]:
            times = f" x{one.times}" if one.times > 1 else ""
            yield f"  {one.file}:{one.line}  {one.call[:80]}{times}: {one.why}"
        if len(path.unresolved) > MOST_SHOWN:
            yield f"  ... and {len(path.unresolved) - MOST_SHOWN} more: --json"
    yield ""
    for note in path.notes:
        yield f"note: {note}"
    count = sum(1 for _ in path.steps())
    yield f"{count} steps; {path.files_parsed} of {path.files} files parsed; {path.seconds:.1f} s"


def _seen(seen: Observed) -> Iterator[str]:
    if seen.spans:
        yield f"seen in {seen.spans} spans" + (f", {seen.total_ms:,.1f} ms" if seen.total_ms is not None else "")
    if seen.failing_stacks:
        yield f"in {seen.failing_stacks} failing stacks ({seen.failing_share or 0:.0%})"
    if seen.cpu_share:
        yield f"in {seen.cpu_share:.1%} of the CPU samples ({seen.cpu_share_itself or 0:.1%} itself)"


def _of_step(step: Step) -> Iterator[str]:
    margin = "  " * step.depth
    marks = []
    if step.is_spawned:
        marks.append("runs beside")
    if step.is_awaited:
        marks.append("awaited")
    if step.is_reference:
        marks.append("handed over by name")
    if step.in_loop:
        marks.append(f"in a {step.in_loop}")
    if step.locks_held:
        marks.append(f"under {', '.join(step.locks_held)}")
    if step.call and (step.confidence < 1 or step.how in ("interface", "name")):
        marks.append(f"by {step.how}, {step.confidence:.2f}")
    if step.observed:
        marks.extend(_seen(step.observed))
    told = f"  ({'; '.join(marks)})" if marks else ""
    at = f"  <- line {step.call_line}" if step.call_line is not None else ""
    yield f"{margin}{step.function}  {step.file}:{step.line}{at}{told}"
    for flow in step.flows:
        onward = ", ".join(f"{one.call}:{one.parameter or '?'}" for one in flow.passed_on[:4])
        yield f"{margin}    {flow.argument[:60]} -> {flow.parameter}" + (f" -> {onward}" if onward else "")
    for effect in step.effects[:MOST_SHOWN]:
        yield f"{margin}    {effect.kind} at {effect.line}: {effect.text}"
    if step.cut:
        yield f"{margin}    ... {step.cut}"
