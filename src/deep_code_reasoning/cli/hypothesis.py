"""`dcr hypothesis` and `dcr tournament`: predictions checked against the evidence; nothing is run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from deep_code_reasoning.cli.evidence import EVIDENCE_HELP, InvestigationOption, JsonOption
from deep_code_reasoning.cli.output import print_json
from deep_code_reasoning.cli.terminal import working
from deep_code_reasoning.context.visible import visible
from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.settings import load_settings

if TYPE_CHECKING:
    from deep_code_reasoning.conversation.request import EscalationRequest
    from deep_code_reasoning.experiments.trial import Trial
    from deep_code_reasoning.hypothesising.answers import Consulted, HypothesisAnswer, TournamentAnswer

_MARKS = {"held": "+", "failed": "-", "could not be checked": "?"}
EvidenceArgument = Annotated[list[str] | None, typer.Argument(help=EVIDENCE_HELP)]
NoModelOption = Annotated[bool, typer.Option("--no-model", help="Ask no model: nothing leaves this machine.")]
ModelOption = Annotated[str | None, typer.Option(help="The specialist to ask (see `dcr models`).")]


def hypothesis(
    text: Annotated[str, typer.Argument(help="What you believe, with the services it is about.")],
    evidence: EvidenceArgument = None,
    model: ModelOption = None,
    no_model: NoModelOption = False,
    investigation: InvestigationOption = None,
    as_json: JsonOption = False,
) -> int:
    """Test a hypothesis: what it predicts, and whether the evidence has it so. Nothing is run."""
    from deep_code_reasoning.hypothesising import Hypothesising, HypothesisRequest

    if not text.strip():
        raise UsageError("hypothesis: empty; expected what you believe, in a sentence")
    request = HypothesisRequest(text, "", _ground(evidence, model, no_model, investigation))
    with working(quiet=as_json) as work:
        answer = Hypothesising(load_settings()).test(request, work=work)
    print_json(answer.as_json()) if as_json else _print(_of_test(answer))
    return _problems(answer.consulted)


def tournament(
    issue: Annotated[str, typer.Argument(help="What goes wrong.")],
    evidence: EvidenceArgument = None,
    believed: Annotated[
        list[str] | None, typer.Option("--hypothesis", help="One that takes part; once for each.")
    ] = None,
    most: Annotated[int, typer.Option("--max-hypotheses", min=2, max=20)] = 6,
    rounds: Annotated[int, typer.Option("--max-rounds", min=1, max=5)] = 3,
    parallel: Annotated[int, typer.Option(help="Queries beside each other.", min=1, max=10)] = 4,
    model: ModelOption = None,
    no_model: NoModelOption = False,
    investigation: InvestigationOption = None,
    as_json: JsonOption = False,
) -> int:
    """Let hypotheses compete: the diagnosis' suspects or a specialist's, and yours. Nothing is run."""
    from dataclasses import replace

    from deep_code_reasoning.experiments.tournament import Config
    from deep_code_reasoning.hypothesising import Hypothesising, TournamentRequest

    ground = replace(_ground(evidence, model, no_model, investigation), partial_findings=tuple(believed or ()))
    with working(quiet=as_json) as work:
        answer = Hypothesising(load_settings()).tournament(
            TournamentRequest(issue, ground, Config(most, rounds, parallel)), work=work
        )
    print_json(answer.as_json()) if as_json else _print(_of_tournament(answer))
    return _problems(answer.consulted)


def _ground(
    evidence: list[str] | None, model: str | None, no_model: bool, investigation: str | None
) -> EscalationRequest:
    from deep_code_reasoning.answer import LOCAL
    from deep_code_reasoning.conversation.request import EscalationRequest

    if model and no_model:
        raise UsageError("--model and --no-model exclude each other; give one of them")
    return EscalationRequest(
        evidence=tuple(evidence or ()),
        investigation=investigation,
        model=LOCAL if no_model else model,
        analysis_type="hypothesis_test",
    )


def _of_test(answer: HypothesisAnswer) -> Iterator[str]:
    yield answer.narrative()
    yield from _predictions(answer.tested)
    told = answer.as_json()
    for kind in told.get("can_be_tested", ()):
        yield f"  can be tested: {kind}"
    if answer.consulted.explanation:
        yield f"\n{answer.consulted.model} says: {answer.consulted.explanation}"


def _of_tournament(answer: TournamentAnswer) -> Iterator[str]:
    yield answer.narrative()
    played = answer.tournament
    for place, tested, share in zip(played.places, played.ranking, played.probabilities, strict=True):
        yield f"\n{place}. {tested.hypothesis.statement}"
        yield f"   {tested.verdict}, {share:.0%}, {tested.counted.weight_db:+.1f} dB ({tested.hypothesis.origin})"
        yield from _predictions(tested)
    for one in played.rounds:
        yield f"round {one.number}: {one.checked} predictions checked, {len(one.left)} refuted"
    for note in answer.notes:
        yield f"note: {note}"


def _predictions(tested: Trial) -> Iterator[str]:
    for one in tested.outcomes:
        essential = " (essential)" if one.prediction.essential else ""
        yield f"  {_MARKS[one.result]} {one.prediction.statement}{essential}: {one.result}; {one.reason}"


def _print(lines: Iterator[str]) -> None:
    for line in lines:
        print(visible(line))


def _problems(consulted: Consulted) -> int:
    for problem in consulted.problems:
        print(f"dcr: {problem}", file=sys.stderr)
    return 4 if consulted.problems else 0
