"""`dcr install` and `dcr doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deep_code_reasoning.cli.output import console, print_json, print_table
from deep_code_reasoning.settings import load_settings


def install(
    client: Annotated[
        str | None, typer.Argument(help="claude, cursor, vscode, codex, gemini, zed ...; none lists them.")
    ] = None,
    user: Annotated[bool, typer.Option("--user", help="For all projects, not for this one alone.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Take the server out again.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Write without asking.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the plan as JSON; nothing is written.")] = False,
) -> int:
    """Write the server into an MCP client's configuration, after showing the difference."""
    from deep_code_reasoning.installation.clients import client_named, clients
    from deep_code_reasoning.installation.plan import plan, write

    if client is None:
        rows = [[one.name, one.title, *(one.project or ("",))[:1], one.user[0]] for one in clients().values()]
        print_table(["client", "name", "project", "user"], rows)
        return 0
    known = client_named(client)
    made = plan(known, "user" if user or not known.project else "project", Path.cwd(), remove=remove)
    if as_json:
        print_json({"client": known.name, "path": str(made.path), "changes": made.changes, "diff": made.diff})
        return 0
    if not made.changes:
        typer.echo(f"{made.path}: nothing to do")
        return 0
    typer.echo(made.diff)
    if not yes and not typer.confirm(f"Write {made.path}?"):
        return 130
    kept = write(made)
    typer.echo(f"wrote {made.path}" + (f"; what was there is kept as {kept.name}" if kept else ""))
    if not remove:
        typer.echo(f"next: {known.next}")
    return 0


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> int:
    """Find what is wrong with the installation, and what to do about it. Exit status 1 where something is."""
    from deep_code_reasoning.doctor.examination import examine

    checks = examine(load_settings())
    if as_json:
        print_json(checks)
    else:
        print_table(["check", "state", "found", "what to do"], [[c.name, c.state, c.found, c.advice] for c in checks])
        worst = sum(check.state == "problem" for check in checks)
        console().print(f"{worst} problems" if worst else "nothing is wrong")
    return int(any(check.state == "problem" for check in checks))
