"""The commands of `dcr`, and the one place where errors become exit codes and a line on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib import import_module

import typer

from deep_code_reasoning import __version__
from deep_code_reasoning.errors import DcrError

# Where the function of a command is, or the application that it is: typer's help names these last.
COMMANDS = {
    "investigate": "investigate.investigate",
    "load": "evidence.load",
    "query": "evidence.query",
    "show": "evidence.show",
    "flame": "flame.flame",
    "brief": "investigate.brief",
    "hypothesis": "hypothesis.hypothesis",
    "tournament": "hypothesis.tournament",
    "trace-path": "trace_path.trace_path",
    "impact": "impact.impact",
    "bottleneck": "bottleneck.bottleneck",
    "bisect": "bisect.bisect",
    "should-escalate": "escalation.should_escalate",
    "replay": "converse.replay",
    "explain": "reference.explain",
    "route": "route.route",
    "serve": "serve.serve",
    "install": "install.install",
    "doctor": "install.doctor",
    "demo": "demo.demo",
    "ledger": "ledger.app",
    "converse": "converse.app",
    "models": "models.app",
}


def application(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """`dcr` with these of its commands, whose modules are imported."""
    app = typer.Typer(
        name="dcr",
        add_completion=True,
        pretty_exceptions_enable=False,
        help="From gigabytes of telemetry to a root cause one can check.",
    )
    app.callback(invoke_without_command=True)(version)
    for name in names:
        module, _, member = COMMANDS[name].partition(".")
        command = getattr(import_module(f"deep_code_reasoning.cli.{module}"), member)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)
    return app


def version(show: bool = typer.Option(False, "--version", help="Print the version and leave.")) -> None:
    if show:
        typer.echo(__version__)
        raise typer.Exit


def run(arguments: list[str]) -> int:
    """Runs one command and returns its exit code: 0 done, 2 usage, 3 nothing readable, 4 provider, 130 cancelled."""
    try:
        outcome = _application_for(arguments)(arguments or ["--help"], standalone_mode=False)
    except DcrError as error:
        print(f"dcr: {error}", file=sys.stderr)
        return error.exit_code
    except typer.TyperException as error:
        print(f"dcr: {error.format_message()} (see dcr --help)", file=sys.stderr)
        return error.exit_code
    except typer.Abort:
        return 130
    return outcome if isinstance(outcome, int) else 0


def _application_for(arguments: list[str]) -> typer.Typer:
    """With the one command that is named, where one is: to import and build them all takes a tenth of a second."""
    named = next((argument for argument in arguments if not argument.startswith("-")), None)
    return application([named]) if named in COMMANDS else application()
