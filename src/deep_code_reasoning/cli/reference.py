"""`dcr explain`: what the tool knows, without any evidence."""

from __future__ import annotations

from typing import Annotated

import typer

from deep_code_reasoning.cli.output import print_json, print_markdown, print_table
from deep_code_reasoning.settings import load_settings


def explain(
    code: Annotated[
        str | None,
        typer.Argument(
            help="Code or name of a detector or a pattern of changes (LOCK001, call-in-loop); none lists all."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Explain a detector or a pattern of changes: what it sees, how it is computed, and when it is not the cause."""
    from deep_code_reasoning.investigation import Investigations

    desk = Investigations(load_settings())
    if code is None:
        rows = [[r.code, r.name, r.severity, r.role, r.title] for r in desk.rules()]
        rows += [[p.code, p.name, "", "pattern", f"a change that {p.words}"] for p in desk.patterns()]
        header = ["code", "name", "severity", "role", "title"]
        if as_json:
            print_json([dict(zip(header, row, strict=True)) for row in rows])
        else:
            print_table(header, rows)
        return
    page = desk.explain(code)
    if as_json:
        print_json({"code": code, "page": page})
    else:
        print_markdown(page)
