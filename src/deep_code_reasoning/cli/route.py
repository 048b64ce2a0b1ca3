"""`dcr route`: who would be asked, and why not the others. Nothing is sent."""

from __future__ import annotations

from typing import Annotated

import typer

from deep_code_reasoning.cli.output import print_json, print_table
from deep_code_reasoning.settings import load_settings


def route(
    task: Annotated[
        str,
        typer.Argument(
            help="execution_trace, cross_system, performance, hypothesis_test, triage, classification, summary, or "
            "domain:NAME."
        ),
    ],
    brief_tokens: Annotated[
        int | None,
        typer.Option("--brief-tokens", min=0, help="Size of the brief; default: the setting's at this depth."),
    ] = None,
    depth: Annotated[int, typer.Option("--depth", min=1, max=5, help="depth_level 1 to 5.")] = 3,
    model: Annotated[str | None, typer.Option("--model", help="As if this model were named.")] = None,
    private: Annotated[bool, typer.Option("--private", help="As if nothing may leave this machine.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show which specialist would be asked, and why not the others. Nothing is sent."""
    from deep_code_reasoning.conversation.ledger import Ledger
    from deep_code_reasoning.specialists.routing import Need, choose
    from deep_code_reasoning.specialists.routing.tasks import brief_tokens_of

    settings = load_settings()
    tokens = brief_tokens_of(task, depth, settings.brief_tokens) if brief_tokens is None else brief_tokens
    need = Need(task, tokens, model, depth_level=depth, private=private)
    chosen = choose(settings, need, Ledger(settings.state_dir).track_record())
    if as_json:
        print_json({"task": task, "brief_tokens": tokens, **chosen.as_json()})
        return
    print(f"{chosen.reason}\nbrief: {tokens:,} tokens")
    if chosen.runners_up:
        print()
        rows = [[one.entry.id, "yes" if one.qualifies else "no", one.why] for one in chosen.runners_up]
        print_table(["runner-up", "could be asked", "why not first"], rows)
    print("\nNothing was sent.")
