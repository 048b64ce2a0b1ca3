"""A conversation gone on with otherwise: forked onto another model, or replayed from its start and compared."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from deep_code_reasoning.answer import Task
from deep_code_reasoning.conversation.sessions.comparison import Comparison, compared
from deep_code_reasoning.conversation.sessions.records import Briefed, Papers, Session
from deep_code_reasoning.conversation.sessions.specialist import name_of
from deep_code_reasoning.conversation.sessions.turn_running import Ground, Opening
from deep_code_reasoning.conversing.beginning import first_opening
from deep_code_reasoning.conversing.theory import asked_of
from deep_code_reasoning.conversing.turns import unheard
from deep_code_reasoning.errors import SpecialistError, UsageError
from deep_code_reasoning.specialists.catalogue import LOCAL
from deep_code_reasoning.specialists.port import Message

if TYPE_CHECKING:
    from deep_code_reasoning.conversing.workplace import Workplace
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.specialists.routing import Route


def fork(place: Workplace, parent: Session, *, model: str | None, at_turn: int | None, work: Work) -> Session:
    """Raises NoKeyError, UsageError (no such model or turn), EvidenceError (it needs a brief, the evidence is gone)."""
    route = place.specialists.route(model or name_of(parent), parent.asked.analysis_type)
    return _forked(place, parent, route, at_turn, parent.system, work, named=model)


def replay(place: Workplace, parent: Session, *, model: str | None, system: str | None, work: Work) -> Comparison:
    """The recorded brief and messages once more, in a conversation of their own, to another model or with another
    system prompt. Stops at a turn that fails, and compares what there is."""
    asked = [turn for turn in place.sessions.turns(parent.id) if turn.kind == "question" and turn.state == "done"]
    if not asked:
        raise UsageError(f"session {parent.id}: no turn of it was answered, so there is nothing to compare with")
    route = place.specialists.route(model or name_of(parent), parent.asked.analysis_type)
    again = _forked(place, parent, route, 0, system or parent.system, work, named=model)
    papers = place.sessions.papers(again.id)
    sent = place.sessions.messages(parent.id)
    for old in asked:
        ours = [m.message.text for m in sent if m.turn == old.number and m.message.author == "us"]
        turn = place.claims.ask(again.id, old.question)
        with place.ground(again, work) as (ground, _):
            if old.number != asked[0].number:
                opening = Opening(ours[0])
            elif len(ours) > 1 and ours[0] == papers.brief:
                opening = _recorded(parent, ours[1], ours[0], ground)
            else:
                opening = unheard(place, again, old.question, ground, work)
            try:
                place.running.run(again, turn, ground, partial(replace, opening), route=route, work=work)
            except SpecialistError:
                break  # kept with the turn, and said in the comparison
    place.caches.close(again.id)
    return compared(parent, asked, again, place.sessions.turns(again.id))


def _recorded(parent: Session, text: str, brief: str, ground: Ground) -> Opening:
    """The first question as it was sent, and the caller's theory again for later, where it was held back then."""
    from deep_code_reasoning.specialists.prompting import prompt

    held_back = prompt("blind")
    theory = asked_of(parent.asked).told_later(ground.redactor) if text.endswith(held_back) else ""
    return Opening(text.removesuffix(held_back) if theory else text, brief=brief, theory=theory)


def compare(place: Workplace, before: Session, after: Session) -> Comparison:
    return compared(before, place.sessions.turns(before.id), after, place.sessions.turns(after.id))


def _forked(
    place: Workplace, parent: Session, route: Route, at_turn: int | None, system: str, work: Work, *, named: str | None
) -> Session:
    """`named`: a model that the caller named, which nobody else may replace."""
    papers = place.sessions.papers(parent.id)
    briefed = None
    if route.provider != LOCAL and not papers.brief:
        briefed = _briefed(place, parent, papers, route, work)
    return place.sessions.fork(
        parent,
        at_turn=at_turn,
        request={**parent.request, "model": named} if named else parent.request,
        model=route.model,
        provider=route.provider,
        route=route.reason,
        system=system,
        briefed=briefed,
    )


def _briefed(place: Workplace, parent: Session, papers: Papers, route: Route, work: Work) -> Briefed:
    """The local analyst needs no brief: where a model takes over, it gets one, with the first question."""
    asked = parent.asked
    task = Task.of(asked)
    with place.briefing.tables((), parent.investigation) as tables:
        budget = place.briefing.budget(task)
        brief = place.briefing.brief(tables, papers.diagnosis, asked.evidence, budget, task, work, route.provider)
    made = place.papers_of(parent.investigation, papers.diagnosis, brief)
    opening = first_opening(made, task.question or "", asked.depth_level)
    return Briefed(made, Message("us", f"{opening.brief}\n{opening.text}"))
