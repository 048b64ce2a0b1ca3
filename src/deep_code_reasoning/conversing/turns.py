"""The turns after the first: a message, what is new since the last one, and the queue."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from deep_code_reasoning.answer import Task
from deep_code_reasoning.conversation.sessions.claims import RESUMABLE
from deep_code_reasoning.conversation.sessions.records import Papers, Session, Turn
from deep_code_reasoning.conversation.sessions.turn_running import Ground, Opening
from deep_code_reasoning.conversing.beginning import first_opening
from deep_code_reasoning.conversing.theory import asked_of
from deep_code_reasoning.conversing.turn_answer import TurnAnswer
from deep_code_reasoning.errors import BusyConversationError, CancelledError, SpecialistError, UsageError
from deep_code_reasoning.specialists.catalogue import LOCAL

if TYPE_CHECKING:
    from deep_code_reasoning.conversation.sessions.delta import Delta
    from deep_code_reasoning.conversing.workplace import Workplace
    from deep_code_reasoning.progress import Work

MESSAGE_LIMIT = 1_000_000
"""Characters. More than that is evidence, not a message."""


def say(place: Workplace, session: Session, message: str, *, queue: bool, snippets: bool, work: Work) -> TurnAnswer:
    """Takes up a run that still goes on at the provider, claims a turn, runs it and those that wait."""
    check_message(message)
    place.caches.sweep()
    _take_up_what_is_paid(place, session, work)
    turn = place.claims.ask(session.id, message, queue=queue, snippets=snippets)
    answer = run_claimed(place, session, turn, work)
    if answer.turn.state == "done":
        _run_waiting(place, session, work)
    return answer


def resume(place: Workplace, session: Session, work: Work) -> TurnAnswer:
    """The last turn once more, if it was cut off, cancelled or failed. Raises UsageError where it was not."""
    turn = place.claims.again(session.id)
    if turn is None:
        raise UsageError(f"session {session.id}: no turn to take up again, the last one was answered; say something")
    return _taken(place, session, turn, work)


def run_claimed(place: Workplace, session: Session, turn: Turn, work: Work) -> TurnAnswer:
    """Runs a turn of the caller's; where others wait that nobody runs, those first. Queued behind a turn that runs, it
    is left to who runs that."""
    while turn.state == "queued":
        first = place.claims.next(session.id)
        if first is None:
            return TurnAnswer(session, turn)
        if first.number == turn.number:
            turn = first
            break
        with suppress(SpecialistError):  # it is kept as failed, and is not what this caller asked
            _taken(place, session, first, work)
    return _taken(place, session, turn, work)


def check_message(message: str) -> None:
    """Raises UsageError where it is empty or too long."""
    if not message.strip():
        raise UsageError("message: empty; say what you want to know")
    if len(message) > MESSAGE_LIMIT:
        raise UsageError(
            f"message: {len(message):,} characters; at most {MESSAGE_LIMIT:,} are taken, so put long text into a file, "
            "load it as evidence (dcr load FILE --investigation ID), and the next turn tells what is new"
        )


def _run_waiting(place: Workplace, session: Session, work: Work) -> None:
    """Messages that came while a turn ran. One that fails leaves the rest to the next caller."""
    with suppress(SpecialistError, CancelledError):
        while waiting := place.claims.next(session.id):
            _taken(place, session, waiting, work)


def _take_up_what_is_paid(place: Workplace, session: Session, work: Work) -> None:
    """A turn that was cut off while its run went on at the provider, or when its answer had come."""
    begun = [turn for turn in place.claims.settle(session.id) if turn.state != "queued"]
    if not begun or begun[-1].state not in RESUMABLE:
        return
    if not begun[-1].pending and not place.running.received(session, begun[-1]):
        return
    with suppress(BusyConversationError):
        if turn := place.claims.again(session.id):
            with suppress(SpecialistError):  # kept with the turn; the message at hand goes on without it
                _taken(place, session, turn, work)


def _taken(place: Workplace, session: Session, turn: Turn, work: Work) -> TurnAnswer:
    told: list[str] = []
    try:
        with place.ground(session, work) as (ground, now):

            def opening() -> Opening:
                return _opening(place, session, turn, ground, now, told, work)

            is_last = turn.kind == "summary"
            over, _ = place.running.run(session, turn, ground, opening, goes_on=not is_last, work=work)
    except BaseException as error:  # also where the ground gives way before the turn has begun
        place.claims.broke_off(session.id, turn.number, error)
        raise
    return TurnAnswer(session, over, tuple(told))


def _opening(
    place: Workplace, session: Session, turn: Turn, ground: Ground, now: Papers, told: list[str], work: Work
) -> Opening:
    """What is new, then the message. Where nothing was sent yet, the brief is what is new."""
    from deep_code_reasoning.specialists.prompting import prompt

    if turn.kind == "summary":
        return Opening(prompt("finalize", format=turn.question))
    if session.provider == LOCAL:
        text = prompt("turn", news="", message=_message(place, session, turn.question, ground, work))
        return Opening(text, now if now is not ground.papers else None)
    if not place.sessions.messages(session.id):
        return unheard(place, session, turn.question, ground, work)
    delta = _delta(place, session, turn, ground, now, work)
    told += delta.told
    text = prompt("turn", news=delta.news, message=delta.message)
    return Opening(text, replace(now, shown=delta.shown) if delta.news else None)


def unheard(place: Workplace, session: Session, question: str, ground: Ground, work: Work) -> Opening:
    """Where nothing was said yet: the brief, and what is asked about it; the brief itself holds the first question."""
    from deep_code_reasoning.specialists.prompting import prompt

    first = Task.of(session.asked).question or ""
    if question != first:
        message = _message(place, session, question, ground, work)
        return Opening(prompt("turn", news="", message=message), brief=ground.papers.brief)
    asked = asked_of(session.asked)
    opening = first_opening(ground.papers, asked.question or first, session.asked.depth_level)
    return replace(opening, theory=asked.told_later(ground.redactor))


def _message(place: Workplace, session: Session, message: str, ground: Ground, work: Work) -> str:
    """Alone, as it is sent: an item of its own, so that nothing that is pasted into it is taken for evidence."""
    from deep_code_reasoning.context.scanner import scanner_named
    from deep_code_reasoning.conversation.sessions.delta import News, delta_of

    papers = ground.papers
    news = News(message, papers.shown, papers.diagnosis, papers.diagnosis, {}, None)
    scanner = scanner_named(place.settings.secret_scanner)
    return delta_of(news, ground.redactor, provider=session.provider, scanner=scanner, work=work).message


def _delta(place: Workplace, session: Session, turn: Turn, ground: Ground, now: Papers, work: Work) -> Delta:
    from deep_code_reasoning.context.scanner import scanner_named
    from deep_code_reasoning.context.source_trees import SourceTrees
    from deep_code_reasoning.conversation.sessions.delta import News, delta_of

    news = News(
        message=turn.question,
        shown=ground.papers.shown,
        before=ground.papers.diagnosis,
        now=now.diagnosis,
        evidence=place.briefing.folder((), session.investigation).manifest().evidence if ground.tables else {},
        trees=SourceTrees(ground.tables, ground.roots) if ground.tables else None,
        names_files=turn.with_snippets,
    )
    scanner = scanner_named(place.settings.secret_scanner)
    return delta_of(news, ground.redactor, provider=session.provider, scanner=scanner, work=work)
