"""`dcr models`: which specialists can be asked here, and, asking their providers, which of them live."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from deep_code_reasoning.cli.output import print_json, print_table
from deep_code_reasoning.cli.terminal import working
from deep_code_reasoning.settings import load_settings

app = typer.Typer(help="List the specialists: which can be asked with the keys at hand, and why the rest cannot.")
_MOST_NEW = 8
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.callback(invoke_without_command=True)
def models(context: typer.Context, as_json: Json = False) -> None:
    """List the specialists: which can be asked with the keys at hand, and why the rest cannot.

    Entries of your own go into models.toml (DCR_MODELS_FILE). Any other id is asked as PROVIDER:ID.
    """
    from deep_code_reasoning.specialists.catalogue import usable_models

    if context.invoked_subcommand:
        return
    rows = usable_models(load_settings())
    if as_json:
        print_json(rows)
        return
    print_table(
        ["id", "provider", "context", "size", "usable", "why"],
        [
            [
                row["id"],
                row["provider"],
                f"{row['context_window']:,}" if row["context_window"] else "",
                row["size"],
                "yes" if row["usable"] else "no",
                row["why"],
            ]
            for row in rows
        ],
    )


@app.command("check")
def check(
    as_json: Json = False,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="How long each provider may take to answer.")] = 20,
) -> int:
    """Ask the providers with a key which ids live, and mark entries that are gone and ids that are new.

    A key is sent to its provider, nothing else. Exits 4 where every provider that was asked failed.
    """
    from deep_code_reasoning.specialists.live_models import check_models

    with working(quiet=as_json) as work:
        heard = check_models(load_settings(), work, seconds)
    if as_json:
        print_json([dataclasses.asdict(row) for row in heard])
    else:
        print_table(
            ["provider", "state", "seconds", "live", "gone", "new", "why"],
            [
                [
                    row.provider,
                    row.state,
                    f"{row.seconds:.1f}" if row.seconds else "",
                    len(row.live) or "",
                    ", ".join(row.gone),
                    _some(row.new),
                    row.why,
                ]
                for row in heard
            ],
        )
    asked = [row for row in heard if row.state != "not asked"]
    return 4 if asked and all(row.state == "failed" for row in asked) else 0


def _some(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _MOST_NEW} more (--json has all)" if len(names) > _MOST_NEW else ""
    return ", ".join(names[:_MOST_NEW]) + more
