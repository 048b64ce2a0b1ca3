"""Asks the specialist that the router chooses about a brief, and checks what it cites."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.specialists.catalogue import LOCAL, Model
from deep_code_reasoning.specialists.effort import effort_of
from deep_code_reasoning.specialists.port import Message, Provider, Request, Usage
from deep_code_reasoning.specialists.result import SpecialistResult
from deep_code_reasoning.specialists.router import choose

if TYPE_CHECKING:
    from deep_code_reasoning.context.brief import Brief
    from deep_code_reasoning.finding import Diagnosis
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.settings import Settings


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
) -> SpecialistResult:
    """`brief` may be None only where the local analyst is asked: it reads the diagnosis alone.

    Raises NoKeyError (a model named without a key), BudgetError (the brief does not fit the model), UsageError, or
    another SpecialistError that says what the provider said; the diagnosis holds all the same.
    """
    started = time.monotonic()
    chosen = choose(settings, model, analysis_type)
    if chosen.provider == LOCAL:
        from deep_code_reasoning.specialists.local_analyst import analyse_locally

        seconds = time.monotonic() - started
        return SpecialistResult(analyse_locally(diagnosis), LOCAL, LOCAL, Usage(), 0.0, seconds, chosen.reason)
    if brief is None:
        raise UsageError(f"{chosen.model} needs a brief to read")
    from deep_code_reasoning.specialists.asking import ask
    from deep_code_reasoning.specialists.citations import check_citations
    from deep_code_reasoning.specialists.fitting import check_fits
    from deep_code_reasoning.specialists.prices import dollars_of

    request = _request(chosen.entry, brief, question, analysis_type, depth_level)
    provider = _provider(chosen.provider, settings)
    check_fits(chosen.entry, request, provider, work)
    asked = ask(provider, request, time_budget_seconds, work)
    assert asked.analysis is not None
    analysis, uncited = check_citations(asked.analysis, brief)
    return SpecialistResult(
        analysis=analysis,
        model=chosen.model,
        provider=chosen.provider,
        usage=asked.usage,
        dollars=dollars_of(chosen.provider, chosen.model, asked.usage),
        seconds=time.monotonic() - started,
        route_reason=chosen.reason,
        problems=(*asked.problems, *uncited),
    )


def _request(model: Model, brief: Brief, question: str | None, analysis_type: str, depth_level: int) -> Request:
    from deep_code_reasoning.specialists.analysis import Analysis
    from deep_code_reasoning.specialists.prompting import prompt

    effort, wanted_output = effort_of(depth_level)
    output = min(wanted_output, model.max_output_tokens)
    system = prompt("system", analysis_type=analysis_type)
    text = prompt("brief", brief=brief.text, question=question, depth_level=depth_level)
    return Request(model.id, system, (Message("us", text),), Analysis.model_json_schema(), "analysis", output, effort)


def _provider(name: str, settings: Settings) -> Provider:
    if name == "google":
        from deep_code_reasoning.specialists.providers.gemini import Gemini

        return Gemini(settings.keys["google"], settings.google_base_url)
    raise UsageError(f"provider {name!r} is not known here")
