"""The first turn: evidence in, a diagnosis, a specialist chosen and asked, all of it in the ledger."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from deep_code_reasoning.answer import LOCAL, Answer, Cost, Escalation, Task
from deep_code_reasoning.context.redact import Redactor
from deep_code_reasoning.conversation.ledger import Ledger
from deep_code_reasoning.conversation.sessions.records import Papers, Session, Turn
from deep_code_reasoning.conversation.sessions.turn_running import Ground, Opening
from deep_code_reasoning.conversing.theory import Asked, asked_of
from deep_code_reasoning.conversing.turn_answer import Started, TurnAnswer
from deep_code_reasoning.errors import (
    ContextOverflowError,
    DcrError,
    EvidenceError,
    SpecialistError,
)
from deep_code_reasoning.finding import Diagnosis
from deep_code_reasoning.progress import Progress, Work
from deep_code_reasoning.specialists.local_analyst import local_result
from deep_code_reasoning.specialists.result import SpecialistResult

if TYPE_CHECKING:
    from deep_code_reasoning.context.brief import Brief
    from deep_code_reasoning.conversation.request import EscalationRequest
    from deep_code_reasoning.conversing.workplace import Workplace
    from deep_code_reasoning.ingest import LoadReport
    from deep_code_reasoning.specialists.routing import Route
    from deep_code_reasoning.specialists.second_round import SecondRound
    from deep_code_reasoning.specialists.turn import TurnResult
    from deep_code_reasoning.store.tables import Tables

_SMALLEST_BRIEF = 2_000  # tokens; below, asking a model is no use


@dataclass(frozen=True)
class _First:
    session: Session
    turn: Turn
    diagnosis: Diagnosis
    specialist: SpecialistResult
    brief: Brief | None
    failure: str | None


def begin(place: Workplace, request: EscalationRequest, *, goes_on: bool, work: Work) -> Started:
    """`goes_on`: more turns are to come, so that it is worth keeping things at the provider."""
    from deep_code_reasoning.conversation.at_hand import with_evidence_at_hand
    from deep_code_reasoning.store.investigation_folder import last_loaded_here

    started = time.monotonic()
    place.caches.sweep()
    place.sessions.prune()
    here = last_loaded_here(place.settings.state_dir)
    request = with_evidence_at_hand(request, here, place.settings.allowed_roots)
    load, unreadable = _loaded(place, request, work)
    decision = place.briefing.decide(request, work)
    ledger = Ledger(place.settings.state_dir)
    escalation = ledger.begin_escalation(request, decision)
    redactor = Redactor(emails=place.settings.redact_emails)
    try:
        if unreadable:
            raise unreadable
        first = _FirstTurn(place, request, escalation, goes_on, work, redactor).taken(load)
    except BaseException as error:
        said = str(error) if isinstance(error, DcrError) else type(error).__name__
        ledger.finish_escalation(escalation, seconds=time.monotonic() - started, error=said)
        raise
    answer = Answer(
        first.diagnosis, Cost.of(time.monotonic() - started, first.specialist), load, first.specialist, first.failure
    )
    ledger.finish_escalation(
        escalation,
        seconds=answer.cost.seconds,
        diagnosis=answer.diagnosis,
        route=answer.cost.route,
        specialist=answer.specialist if first.brief else None,
        manifest=first.brief.manifest if first.brief else None,
        error=answer.specialist_error,
    )
    told = Escalation(escalation, decision, answer, first.brief, first.session.id)
    return Started(first.session, TurnAnswer(first.session, first.turn), told)


def _loaded(place: Workplace, request: EscalationRequest, work: Work) -> tuple[LoadReport | None, EvidenceError | None]:
    """An error is raised later, where the ledger keeps it."""
    if not request.evidence:
        return None, None
    try:
        return place.briefing.load(request.evidence, investigation=request.investigation, work=work), None
    except EvidenceError as error:
        return None, error


@dataclass(frozen=True)
class _FirstTurn:
    place: Workplace
    request: EscalationRequest
    escalation: str
    goes_on: bool
    work: Work
    redactor: Redactor

    @property
    def asked(self) -> Asked:
        return asked_of(self.request)

    def taken(self, load: LoadReport | None) -> _First:
        request, briefing = self.request, self.place.briefing
        task = Task.of(request)
        with briefing.tables(request.evidence, request.investigation) as tables:
            diagnosis = briefing.diagnosis(tables, load, request.evidence, task, self.work)
            route, brief, failure = self._briefed(tables, diagnosis, task)
            session = self._created(tables, diagnosis, route, brief)
            turn = self.place.claims.ask(session.id, task.question or "")
            try:
                turn, specialist, brief = self._asked(session, turn, tables, diagnosis, route, brief)
            except SpecialistError as error:
                failure = str(error)
                turn = self.place.sessions.turns(session.id)[-1]
                specialist = local_result(diagnosis, route.reason)
        return _First(session, turn, diagnosis, specialist, brief, failure)

    def _briefed(self, tables: Tables, diagnosis: Diagnosis, task: Task) -> tuple[Route, Brief | None, str | None]:
        """To the local analyst where no specialist can be asked, and why."""
        specialists = self.place.specialists
        try:
            budget = self.place.briefing.budget(task)
            route = specialists.route(task.model, task.analysis_type, brief_tokens=budget, depth_level=task.depth_level)
            if route.provider == LOCAL:
                return route, None, None
            return route, self._brief(tables, diagnosis, route.provider, budget), None
        except SpecialistError as error:
            return specialists.route(LOCAL, task.analysis_type), None, str(error)

    def _brief(self, tables: Tables, diagnosis: Diagnosis, provider: str, budget: int) -> Brief:
        """Without the caller's theory, where that is told later."""
        task = replace(Task.of(self.request), question=self.asked.question)
        return self.place.briefing.brief(
            tables, diagnosis, self.request.evidence, budget, task, self.work, provider, self.redactor
        )

    def _created(self, tables: Tables, diagnosis: Diagnosis, route: Route, brief: Brief | None) -> Session:
        from deep_code_reasoning.specialists.prompting import prompt

        return self.place.sessions.create(
            project=self.place.project,
            investigation=tables.investigation,
            request=self.request.as_json(),
            model=route.model,
            provider=route.provider,
            route=route.reason,
            system=prompt("system", analysis_type=self.request.analysis_type),
            papers=self.place.papers_of(tables.investigation, diagnosis, brief),
            escalation_id=self.escalation,
        )

    def _missing_files(
        self, session: Session, turn: Turn, tables: Tables, diagnosis: Diagnosis, route: Route, brief: Brief | None
    ) -> SecondRound | None:
        """Those that the specialist says are missing in the brief; they go behind it, in the first question."""
        if brief is None:
            return None
        place = self.place
        papers = place.papers_of(tables.investigation, diagnosis, brief)
        ground = Ground(papers, tables, place.roots(session, list(papers.shown.evidence)), self.redactor)
        try:
            return place.running.missing_files(session, turn, ground, brief, self.asked.question, route, self.work)
        except BaseException as error:
            place.claims.broke_off(session.id, turn.number, error)
            raise

    def _asked(
        self,
        session: Session,
        turn: Turn,
        tables: Tables,
        diagnosis: Diagnosis,
        route: Route,
        brief: Brief | None,
    ) -> tuple[Turn, SpecialistResult, Brief | None]:
        """With a smaller brief, and that again, where one is too long for the model."""
        place, question = self.place, turn.question
        extra = self._missing_files(session, turn, tables, diagnosis, route, brief)
        while True:
            papers = place.papers_of(tables.investigation, diagnosis, brief)
            roots = place.roots(session, list(papers.shown.evidence))
            first = first_opening(papers, self.asked.question or question, self.request.depth_level)
            text = f"{extra.text}\n{first.text}" if extra and extra.text else first.text
            theory = self.asked.told_later(self.redactor) if brief else ""
            opening = partial(replace, first, text=text, theory=theory)
            self.work.report(Progress("ask", 0, message=route.model))
            try:
                turn, result = place.running.run(
                    session,
                    turn,
                    Ground(papers, tables, roots, self.redactor),
                    opening,
                    route=route,
                    goes_on=self.goes_on,
                    seconds=self.request.time_budget_seconds - (extra.seconds if extra else 0.0),
                    work=self.work,
                )
                return turn, _specialist(result, route, extra), _with(brief, extra)
            except ContextOverflowError:
                budget = brief.manifest.tokens // 2 if brief else 0
                again = place.claims.again(session.id) if budget >= _SMALLEST_BRIEF else None
                if again is None:
                    raise
                try:
                    place.caches.close(session.id)  # it holds the brief that was too long
                    brief = self._brief(tables, diagnosis, route.provider, budget)
                    place.sessions.replace_brief(
                        session.id, again.number, place.papers_of(tables.investigation, diagnosis, brief)
                    )
                except BaseException as error:
                    place.claims.broke_off(session.id, again.number, error)
                    raise
                turn = again


def first_opening(papers: Papers, question: str, depth_level: int) -> Opening:
    """The brief and what to do with it; the question alone where there is no brief (the local analyst)."""
    from deep_code_reasoning.specialists.prompting import prompt

    if not papers.brief:
        return Opening(question)
    text = prompt("brief", brief="", question=question or None, depth_level=depth_level).lstrip()
    return Opening(text, brief=papers.brief)


def _with(brief: Brief | None, extra: SecondRound | None) -> Brief | None:
    """What was sent in all, for the ledger."""
    if brief is None or extra is None:
        return brief
    items, tokens = (*brief.manifest.items, *extra.items), brief.manifest.tokens + extra.tokens
    return replace(brief, manifest=replace(brief.manifest, items=items, tokens=tokens))


def _specialist(result: TurnResult, route: Route, extra: SecondRound | None) -> SpecialistResult:
    """With what was asked for the brief beforehand."""
    dollars = (result.dollars, extra.dollars if extra else 0.0)
    return SpecialistResult(
        analysis=result.analysis,
        model=result.model,
        provider=result.provider,
        usage=result.usage + extra.usage if extra else result.usage,
        dollars=None if None in dollars else sum(filter(None, dollars)),
        seconds=result.seconds,
        route_reason=route.reason,
        problems=result.problems,
        tool_calls=result.tool_calls,
        questions=result.questions,
        blind=result.blind,
        changed=result.changed,
        second_round=extra,
    )
