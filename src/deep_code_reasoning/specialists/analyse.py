"""Asks the specialist that the router chooses about a brief, once, and checks what it cites."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
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
    from deep_code_reasoning.specialists.catalogue import Model
    from deep_code_reasoning.specialists.second_round import SecondRound
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

    `toolbox`: what the model may look up; from depth 3 on it is asked first which files are missing (second_round.py).
    `theory`: what the caller believes and has tried, fenced, where the brief does not say it. From depth 4 on it is
    shown only after a first analysis was given, below that it goes along with the brief. `smaller` is asked for another
    brief, None when there is none, where one is too long for the model. Raises NoKeyError (a model named without a
    key), BudgetError (no brief fits), UsageError, or another SpecialistError that says what the provider said; the
    diagnosis holds all the same.
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
    asked = _Asked(
        chosen.entry, _provider(chosen.provider, settings), question, analysis_type, depth_level,
        time_budget_seconds, theory, toolbox, meter, listener, work,
    )  # fmt: skip
    asked.look_for_missing_files(brief)
    result, shrunk = asked.with_a_brief_that_fits(brief, smaller)
    extra = asked.second_round
    dollars = (result.dollars, extra.dollars if extra else 0.0)
    return SpecialistResult(
        analysis=result.analysis,
        model=result.model,
        provider=result.provider,
        usage=result.usage + extra.usage if extra else result.usage,
        dollars=None if None in dollars else sum(filter(None, dollars)),
        seconds=time.monotonic() - started,
        route_reason=chosen.reason,
        problems=(*shrunk, *result.problems),
        tool_calls=result.tool_calls,
        questions=result.questions,
        blind=result.blind,
        changed=result.changed,
        second_round=extra,
    )


@dataclass
class _Asked:
    """One call of `analyse`; `seconds` is what is left of its time for the next step."""

    entry: Model
    provider: Provider
    question: str | None
    analysis_type: str
    depth_level: int
    seconds: float
    theory: str
    toolbox: Toolbox | None
    meter: Meter | None
    listener: Listener | None
    work: Work
    second_round: SecondRound | None = None

    def look_for_missing_files(self, brief: Brief) -> None:
        from deep_code_reasoning.specialists import second_round

        if not self.toolbox or self.depth_level < second_round.FROM_DEPTH:
            return
        started = time.monotonic()
        self.second_round = second_round.second_round(
            brief, self.toolbox.desk, provider=self.provider, entry=self.entry, question=self.question,
            seconds=self.seconds, meter=self.meter, work=self.work,
        )  # fmt: skip
        self.seconds -= time.monotonic() - started

    def with_a_brief_that_fits(
        self, brief: Brief, smaller: Callable[[], Brief | None] | None
    ) -> tuple[TurnResult, list[str]]:
        """What came, and which briefs were too long before."""
        problems: list[str] = []
        while True:
            started = time.monotonic()
            try:
                return self._taken(brief), problems
            except (BudgetError, ContextOverflowError) as error:
                less = smaller() if smaller else None
                if less is None or less.manifest.tokens >= brief.manifest.tokens:
                    raise
                problems.append(
                    f"the brief of {brief.manifest.tokens:,} tokens was too long ({error}); asked again with "
                    f"{less.manifest.tokens:,}"
                )
                self.seconds -= time.monotonic() - started
                brief = less

    def _taken(self, brief: Brief) -> TurnResult:
        from deep_code_reasoning.specialists.citations import Sources
        from deep_code_reasoning.specialists.exchange import first_request
        from deep_code_reasoning.specialists.fitting import check_fits
        from deep_code_reasoning.specialists.prompting import prompt

        more = self.second_round.text if self.second_round else ""
        turn = Turn(
            self.entry,
            prompt("system", analysis_type=self.analysis_type),
            (),
            prompt("brief", brief=brief.text + more, question=self.question, depth_level=self.depth_level),
            self.analysis_type,
            self.depth_level,
            max(self.seconds, 0.0),
            blind=bool(self.theory) and self.depth_level >= BLIND_FROM_DEPTH,
            theory=self.theory,
        )
        check_fits(turn.entry, first_request(turn, self.toolbox), self.provider, self.work)
        return take_turn(
            turn, self.provider, toolbox=self.toolbox, sources=Sources(brief.text, more), meter=self.meter,
            listener=self.listener, work=self.work,
        )  # fmt: skip


def _provider(name: str, settings: Settings) -> Provider:
    from deep_code_reasoning.specialists.providers.endpoints import endpoint_of
    from deep_code_reasoning.specialists.providers.opening import open_endpoint

    return open_endpoint(endpoint_of(name, settings), settings)
