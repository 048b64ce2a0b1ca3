"""The commands of `dcr`, and the one place where errors become exit codes and a line on standard error."""

from __future__ import annotations

import sys

import typer

from deep_code_reasoning import __version__
from deep_code_reasoning.cli import (
    bisect,
    bottleneck,
    converse,
    demo,
    escalation,
    evidence,
    flame,
    hypothesis,
    impact,
    install,
    investigate,
    ledger,
    models,
    reference,
    route,
    serve,
    trace_path,
)
from deep_code_reasoning.errors import DcrError

app = typer.Typer(
    name="dcr",
    add_completion=True,
    pretty_exceptions_enable=False,
    help="From gigabytes of telemetry to a root cause one can check.",
)


@app.callback(invoke_without_command=True)
def version(show: bool = typer.Option(False, "--version", help="Print the version and leave.")) -> None:
    if show:
        typer.echo(__version__)
        raise typer.Exit


app.command("investigate")(investigate.investigate)
app.command("load")(evidence.load)
app.command("query")(evidence.query)
app.command("show")(evidence.show)
app.command("flame")(flame.flame)
app.command("brief")(investigate.brief)
app.command("hypothesis")(hypothesis.hypothesis)
app.command("tournament")(hypothesis.tournament)
app.command("trace-path")(trace_path.trace_path)
app.command("impact")(impact.impact)
app.command("bottleneck")(bottleneck.bottleneck)
app.command("bisect")(bisect.bisect)
app.command("should-escalate")(escalation.should_escalate)
app.add_typer(ledger.app, name="ledger")
app.add_typer(converse.app, name="converse")
app.command("replay")(converse.replay)
app.command("explain")(reference.explain)
app.add_typer(models.app, name="models")
app.command("route")(route.route)
app.command("serve")(serve.serve)
app.command("install")(install.install)
app.command("doctor")(install.doctor)
app.command("demo")(demo.demo)


def run(arguments: list[str]) -> int:
    """Runs one command and returns its exit code: 0 done, 2 usage, 3 nothing readable, 4 provider, 130 cancelled."""
    try:
        outcome = app(arguments or ["--help"], standalone_mode=False)
    except DcrError as error:
        print(f"dcr: {error}", file=sys.stderr)
        return error.exit_code
    except typer.TyperException as error:
        print(f"dcr: {error.format_message()} (see dcr --help)", file=sys.stderr)
        return error.exit_code
    except typer.Abort:
        return 130
    return outcome if isinstance(outcome, int) else 0
