"""`dcr load`, `dcr query`, `dcr show`: evidence into the store and out again."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from deep_code_reasoning.cli.output import console, print_json, print_table
from deep_code_reasoning.cli.terminal import working
from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.settings import load_settings

EVIDENCE_HELP = "Files, folders and git repositories, in any mix; formats are found by content."
InvestigationOption = Annotated[
    str | None, typer.Option("--investigation", help="An investigation's id; the last one where not given.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def load(
    evidence: Annotated[list[str], typer.Argument(help=EVIDENCE_HELP)],
    investigation: Annotated[str | None, typer.Option(help="Add to this investigation (a new id creates it).")] = None,
    as_json: JsonOption = False,
) -> None:
    """Read evidence into the store; what is there already is not read again."""
    from deep_code_reasoning.investigation import Investigations

    with working(quiet=as_json) as work:
        report = Investigations(load_settings()).load(evidence, investigation=investigation, work=work)
    if as_json:
        print_json(report)
        return
    print_table(["table", "rows"], [[name, f"{count:,}"] for name, count in report.rows.items() if count])
    out = console()
    out.print(
        f"\ninvestigation {report.investigation}: {report.bytes / 1e6:,.1f} MB in {report.seconds:.2f} s "
        f"({report.megabytes_per_second:,.0f} MB/s), peak memory {report.peak_memory_bytes / 2**20:,.0f} MiB",
        markup=False,
    )
    print_unread(report.unread)


def print_unread(unread: Any) -> None:
    if unread:
        console().print("\nNot read, or read as noted", style="bold")
        print_table(["place", "reason", "count"], [[u.place, u.reason, f"{u.count:,}"] for u in unread])


def query(
    sql: Annotated[str | None, typer.Argument(help="One read-only SQL statement (DuckDB's dialect).")] = None,
    tables: Annotated[bool, typer.Option("--tables", help="Show the tables and columns with their meaning.")] = False,
    investigation: InvestigationOption = None,
    rows: Annotated[int | None, typer.Option(help="At most this many rows.", min=1)] = None,
    seconds: Annotated[float | None, typer.Option(help="Stop the statement after this long.", min=0.001)] = None,
    as_json: JsonOption = False,
) -> None:
    """Ask the evidence in SQL, read-only, with a row and a time limit."""
    from deep_code_reasoning.investigation import Investigations

    desk = Investigations(load_settings())
    if tables:
        _print_tables(desk, as_json)
        return
    if not sql:
        raise UsageError('query: no SQL given; expected one statement, as "SELECT count(*) FROM spans", or --tables')
    with working(quiet=as_json) as work:
        result = desk.query(sql, investigation=investigation, row_limit=rows, seconds=seconds, work=work)
    if as_json:
        print_json(result)
        return
    print_table(result.columns, result.rows)
    note = f", cut at {result.row_limit:,} (--rows N for more)" if result.truncated else ""
    console().print(f"\n{len(result.rows):,} rows in {result.seconds:.3f} s{note}", style="dim", markup=False)


def _print_tables(desk: Any, as_json: bool) -> None:
    described = desk.tables()
    if as_json:
        print_json(described)
        return
    for table in described:
        console().print(f"{table.name}", style="bold", end="  ")
        console().print(table.meaning, markup=False)
        print_table(["", "column", "type", "meaning"], [["", c.name, c.type, c.meaning] for c in table.columns])
        print()


def show(
    ref: Annotated[str, typer.Argument(help="A reference from a finding: trace:…, span:…, log:…, commit:…, code:…")],
    investigation: InvestigationOption = None,
    as_json: JsonOption = False,
) -> None:
    """Open a piece of evidence that a finding refers to."""
    from deep_code_reasoning.investigation import Investigations

    text = Investigations(load_settings()).show(ref, investigation=investigation)
    if as_json:
        print_json({"ref": ref, "text": text})
    else:
        print(text)
