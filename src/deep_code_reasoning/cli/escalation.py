"""`dcr should-escalate` and `dcr serve`."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from deep_code_reasoning.cli.evidence import EVIDENCE_HELP, InvestigationOption, JsonOption
from deep_code_reasoning.cli.output import console, print_json, print_table
from deep_code_reasoning.cli.terminal import working
from deep_code_reasoning.context.visible import visible
from deep_code_reasoning.settings import load_settings


def should_escalate(
    evidence: Annotated[list[str] | None, typer.Argument(help=EVIDENCE_HELP)] = None,
    attempt: Annotated[list[str] | None, typer.Option(help="An approach already tried; once for each.")] = None,
    investigation: InvestigationOption = None,
    transcript: Annotated[
        Path | None,
        typer.Option(help="What an agent did (Claude Code's JSON lines): disguised retries are recognised."),
    ] = None,
    hook: Annotated[
        bool, typer.Option("--hook", help="Be the hook of Claude Code: its JSON on standard input; never fails.")
    ] = False,
    quiet_minutes: Annotated[float, typer.Option(help="With --hook: say it once in so many.", min=0)] = 30.0,
    as_json: JsonOption = False,
) -> None:
    """Count files, bytes, services and time span, and say whether the bug is bigger than an agent's context."""
    if hook:
        _answer_hook(quiet_minutes)
        return
    from deep_code_reasoning.conversation.request import EscalationRequest
    from deep_code_reasoning.investigation import Investigations

    request = EscalationRequest.of_evidence(
        evidence=tuple(evidence or ()),
        attempted_approaches=tuple(attempt or ()),
        investigation=investigation,
        transcript=str(transcript) if transcript else None,
    )
    settings = load_settings()
    if transcript:  # a person's command line names what may be read
        settings = replace(settings, allowed_roots=(*settings.allowed_roots, transcript))
    with working(quiet=as_json) as work:
        decision = Investigations(settings).should_escalate(request, work=work)
    if as_json:
        print_json(decision)
        return
    console().print("escalate" if decision.escalate else "do not escalate", style="bold")
    print_table(
        ["measure", "value", "threshold", "exceeded"],
        [
            [
                r.measure,
                f"{'at least ' if r.at_least else ''}{r.value:,.0f}",
                f"> {r.threshold:,}",
                "yes" if r.exceeded else "no",
            ]
            for r in decision.reasons
        ],
    )
    for reason in decision.reasons:
        if reason.measure in ("repeated_failure", "returned_failure") and reason.value:
            print(visible(reason.text))


def _answer_hook(quiet_minutes: float) -> None:
    """Whatever goes wrong here must not stand in the way of the agent: a line on standard error, and exit 0."""
    from deep_code_reasoning.conversation import agent_hook

    try:
        payload = sys.stdin.buffer.read(agent_hook.MOST_INPUT_BYTES)
        said = agent_hook.answer(payload, load_settings(), quiet_minutes=quiet_minutes)
    except Exception as error:
        print(f"dcr should-escalate --hook: {type(error).__name__}: {error}"[:500], file=sys.stderr)
        return
    if said:
        print_json(said)


def serve() -> None:
    """Serve MCP on standard input and output (the same as deep-code-reasoning-mcp)."""
    from deep_code_reasoning.mcp_server import main

    main()
