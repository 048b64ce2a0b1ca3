"""`dcr should-escalate`."""

from __future__ import annotations

from typing import Annotated

import typer

from deep_code_reasoning.cli.evidence import EVIDENCE_HELP, InvestigationOption, JsonOption
from deep_code_reasoning.cli.output import console, print_json, print_table
from deep_code_reasoning.cli.terminal import working
from deep_code_reasoning.settings import load_settings


def should_escalate(
    evidence: Annotated[list[str] | None, typer.Argument(help=EVIDENCE_HELP)] = None,
    attempt: Annotated[list[str] | None, typer.Option(help="An approach already tried; once for each.")] = None,
    investigation: InvestigationOption = None,
    as_json: JsonOption = False,
) -> None:
    """Count files, bytes, services and time span, and say whether the bug is bigger than an agent's context."""
    from deep_code_reasoning.conversation.request import EscalationRequest
    from deep_code_reasoning.investigation import Investigations

    request = EscalationRequest.of_evidence(
        evidence=tuple(evidence or ()), attempted_approaches=tuple(attempt or ()), investigation=investigation
    )
    with working(quiet=as_json) as work:
        decision = Investigations(load_settings()).should_escalate(request, work=work)
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
