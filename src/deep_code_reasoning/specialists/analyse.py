"""Asks the specialist that the router chooses about a brief, once, and checks what it cites."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from deep_code_reasoning.errors import BudgetError, ContextOverflowError, UsageError
from deep_code_reasoning.specialists.catalogue import LOCAL
from deep_code_reasoning.specialists.port import Provider, Usage
from deep_code_reasoning.specialists.result import SpecialistResult
from deep_code_reasoning.specialists.routing import Need, choose
from deep_code_reasoning.specialists.turn import BLIND_FROM_DEPTH, Turn, take_turn

if TYPE_CHECKING:
    from deep_code_reasoning.context.brief import Brief
    from deep_code_reasoning.finding import Diagnosis
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.settings import Settings
    from deep_code_reasoning.specialists.routing import Route
    from deep_code_reasoning.specialists.tools.toolbox import Toolbox
    from deep_code_reasoning.specialists.turn import Listener, Meter, TurnResult


def analyse(
    brief: Brief | None,
    diagnosis: Diagnosis,
    *,
    model: str | None,
    settings: Settings,
    question: str | None = None,
    analysis_type: str = "cross_system",
    depth_level: int = 3,
    time_budget_seconds: float = 60,
    work: Work,
    toolbox: Toolbox | None = None,
    theory: str = "",
    smaller: Callable[[], Brief | None] | None = None,
    meter: Meter | None = None,
    listener: Listener | None = None,
) -> SpecialistResult:
    """`brief` may be None only where the local analyst is asked: it reads the diagnosis alone.

    `theory`: what the caller believes and has tried, fenced, where the brief does not say it. From depth 4 on it is
    shown only after a first analysis was given, below that it goes along with the brief. `smaller`
    is asked for another brief, None when there is none, where one is too long for the model. Raises NoKeyError (a model
    named without a key), BudgetError (no brief fits), UsageError, or another SpecialistError that says what the
    provider said; the diagnosis holds all the same.
    """
    started = time.monotonic()
    need = Need(analysis_type, brief.manifest.tokens if brief else 0, model, depth_level=depth_level)
    chosen = choose(settings, need)
    if chosen.provider == LOCAL:
        from deep_code_reasoning.specialists.local_analyst import analyse_locally

        seconds = time.monotonic() - started
        return SpecialistResult(analyse_locally(diagnosis), LOCAL, LOCAL, Usage(), 0.0, seconds, chosen.reason)
    if brief is None:
        raise UsageError(f"{chosen.model} needs a brief to read")
    provider = _provider(chosen.provider, settings)

    def taken(brief: Brief) -> TurnResult:
        turn = _turn(chosen, brief, question, analysis_type, depth_level, time_budget_seconds, theory)
        return _taken(turn, brief, provider, toolbox, meter, listener, work)

    result, shrunk = _with_a_brief_that_fits(taken, brief, smaller)
    return SpecialistResult(
        analysis=result.analysis,
        model=result.model,
        provider=result.provider,
        usage=result.usage,
        dollars=result.dollars,
        seconds=time.monotonic() - started,
        route_reason=chosen.reason,
        problems=(*shrunk, *result.problems),
        tool_calls=result.tool_calls,
        questions=result.questions,
        blind=result.blind,
        changed=result.changed,
    )


def _with_a_brief_that_fits(
    taken: Callable[[Brief], TurnResult], brief: Brief, smaller: Callable[[], Brief | None] | None
) -> tuple[TurnResult, list[str]]:
    """What came, and which briefs were too long before."""
    problems: list[str] = []
    while True:
        try:
            return taken(brief), problems
        except (BudgetError, ContextOverflowError) as error:
            less = smaller() if smaller else None
            if less is None or less.manifest.tokens >= brief.manifest.tokens:
                raise
            problems.append(
                f"the brief of {brief.manifest.tokens:,} tokens was too long ({error}); asked again with "
                f"{less.manifest.tokens:,}"
            )
            brief = less


def _taken(
    turn: Turn,
    brief: Brief,
    provider: Provider,
    toolbox: Toolbox | None,
    meter: Meter | None,
    listener: Listener | None,
    work: Work,
) -> TurnResult:
    from deep_code_reasoning.specialists.citations import Sources
    from deep_code_reasoning.specialists.exchange import first_request
    from deep_code_reasoning.specialists.fitting import check_fits

    check_fits(turn.entry, first_request(turn, toolbox), provider, work)
    return take_turn(
        turn, provider, toolbox=toolbox, sources=Sources(brief.text), meter=meter, listener=listener, work=work
    )


def _turn(
    chosen: Route,
    brief: Brief,
    question: str | None,
    analysis_type: str,
    depth_level: int,
    seconds: float,
    theory: str,
) -> Turn:
    from deep_code_reasoning.specialists.prompting import prompt

    blind = bool(theory) and depth_level >= BLIND_FROM_DEPTH
    text = prompt("brief", brief=brief.text, question=question, depth_level=depth_level)
    return Turn(
        chosen.entry, prompt("system", analysis_type=analysis_type), (), text, analysis_type, depth_level, seconds,
        blind=blind, theory=theory,
    )  # fmt: skip


def _provider(name: str, settings: Settings) -> Provider:
    if name == "google":
        from deep_code_reasoning.specialists.providers.gemini import Gemini

        return Gemini(settings.keys["google"], settings.google_base_url)
    raise UsageError(f"provider {name!r} is not known here")
