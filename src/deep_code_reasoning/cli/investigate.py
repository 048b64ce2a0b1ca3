"""`dcr investigate` and `dcr brief`: the main job, and what a specialist would be given."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from deep_code_reasoning.cli.evidence import EVIDENCE_HELP, InvestigationOption, JsonOption
from deep_code_reasoning.cli.output import print_json
from deep_code_reasoning.cli.terminal import working
from deep_code_reasoning.context.visible import visible
from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.incident import TimeWindow
from deep_code_reasoning.settings import load_settings

WINDOW_HELP = "START/END in ISO 8601, as 2026-10-13T09:00:00Z/2026-10-13T09:20:00Z."


def investigate(
    evidence: Annotated[list[str], typer.Argument(help=EVIDENCE_HELP)],
    baseline: Annotated[str | None, typer.Option(help=f"When all was well: {WINDOW_HELP}")] = None,
    incident: Annotated[str | None, typer.Option(help=f"When it was not; found where not given. {WINDOW_HELP}")] = None,
    question: Annotated[str | None, typer.Option(help="What you want to know, for the specialist.")] = None,
    model: Annotated[str | None, typer.Option(help="The specialist to ask (see `dcr models`).")] = None,
    no_model: Annotated[bool, typer.Option("--no-model", help="Ask no model: nothing leaves this machine.")] = False,
    investigation: InvestigationOption = None,
    as_json: JsonOption = False,
) -> int:
    """Read the evidence, compute a diagnosis, and name ranked suspects, or say that it cannot tell."""
    from deep_code_reasoning.answer import LOCAL
    from deep_code_reasoning.investigation import Investigations

    if model and no_model:
        raise UsageError("investigate: --model and --no-model exclude each other; give one of them")
    with working(quiet=as_json) as work:
        answer = Investigations(load_settings()).investigate(
            evidence,
            investigation=investigation,
            baseline=TimeWindow.parse(baseline) if baseline else None,
            incident=TimeWindow.parse(incident) if incident else None,
            question=question,
            model=LOCAL if no_model else model,
            work=work,
        )
    if as_json:
        print_json(answer.as_json())
    else:
        from deep_code_reasoning.cli.report import print_answer

        print_answer(answer)
    if answer.specialist_error:
        print(f"dcr: {answer.specialist_error}", file=sys.stderr)
        return 4
    return 0


def brief(
    evidence: Annotated[list[str], typer.Argument(help=EVIDENCE_HELP)],
    budget: Annotated[int | None, typer.Option(help="Tokens the brief may use.", min=500)] = None,
    question: Annotated[str | None, typer.Option(help="What the specialist is to answer.")] = None,
    code: Annotated[list[Path] | None, typer.Option(help="A source file or folder to include; once for each.")] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="What would be sent: items, secrets taken out, prices.")
    ] = False,
    investigation: InvestigationOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print what a specialist would be given, and its manifest. Nothing is sent."""
    from deep_code_reasoning.cli.brief_report import print_manifest, print_preview
    from deep_code_reasoning.investigation import Investigations

    settings = load_settings()
    asked = {
        "investigation": investigation,
        "budget_tokens": budget or settings.brief_tokens,
        "question": question,
        "code_files": tuple(code or ()),
    }
    with working(quiet=as_json) as work:
        if preview:
            previewed = Investigations(settings).preview(evidence, **asked, work=work)
            return print_json(previewed.as_json()) if as_json else print_preview(previewed)
        packed = Investigations(settings).brief(evidence, **asked, work=work)
    if as_json:
        return print_json({"text": packed.text, "manifest": packed.manifest})
    print(visible(packed.text))
    return print_manifest(packed.manifest, to_error=True)
