"""Runs a turn that was claimed: what is sent, the record while it runs, and how it ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.conversation.sessions.claims import Claims
from deep_code_reasoning.conversation.sessions.history import Beginning, history_of, resumed
from deep_code_reasoning.conversation.sessions.provider_caches import ProviderCaches
from deep_code_reasoning.conversation.sessions.recorder import Recorder
from deep_code_reasoning.conversation.sessions.records import Papers, Session, Turn
from deep_code_reasoning.conversation.sessions.specialist import Specialists
from deep_code_reasoning.errors import (
    BudgetError,
    CancelledError,
    DcrError,
    RateLimitedError,
    SpecialistError,
    UnavailableError,
)
from deep_code_reasoning.progress import Progress
from deep_code_reasoning.specialists.budget import Spent
from deep_code_reasoning.specialists.catalogue import LOCAL
from deep_code_reasoning.specialists.port import Message, Reply, Request, Usage
from deep_code_reasoning.specialists.reply_text import UnreadableReply, read_analysis

if TYPE_CHECKING:
    from deep_code_reasoning.context.brief import Brief
    from deep_code_reasoning.context.redact import Redactor
    from deep_code_reasoning.conversation.sessions.sessions import Sessions
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.specialists.budget import Meter
    from deep_code_reasoning.specialists.routing import Route
    from deep_code_reasoning.specialists.second_round import SecondRound
    from deep_code_reasoning.specialists.tools.toolbox import Toolbox
    from deep_code_reasoning.specialists.turn import TurnResult
    from deep_code_reasoning.store.tables import Tables


@dataclass(frozen=True)
class Ground:
    """What a turn stands on. `tables` is None where the evidence is not there any more: then there are no tools.

    `redactor`: of all that the turn sends; of a first turn it is the brief's, so that equal secrets look equal.
    """

    papers: Papers
    tables: Tables | None
    roots: Sequence[Path]
    redactor: Redactor


@dataclass(frozen=True)
class Opening:
    """What a turn begins with, and the papers as they are once it is read; None where it says nothing new of them.

    `brief` goes before the text where nothing was said yet: a message of its own, the same for all turns to come, so
    that a cache can hold just that. `theory`: what the caller believes, fenced, to be told after a first answer only.
    """

    text: str
    papers: Papers | None = None
    theory: str = ""
    brief: str = ""


@dataclass(frozen=True)
class TurnRunning:
    """The runs of one state directory."""

    specialists: Specialists
    sessions: Sessions
    claims: Claims
    caches: ProviderCaches

    def run(
        self,
        session: Session,
        turn: Turn,
        ground: Ground,
        opening: Callable[[], Opening],
        *,
        route: Route | None = None,
        goes_on: bool = True,
        seconds: float | None = None,
        work: Work,
    ) -> tuple[Turn, TurnResult]:
        """The turn as it is kept when it is over, and what came. Whatever is raised, it has ended by then and says how.

        `opening` is not called where the turn said so in an earlier try. `route`: where the caller has it already.
        `goes_on`: more turns are to come, so a cache is worth making, and a question of the model's has somebody to
        answer it. `seconds`: those left to it, where some are gone. Raises SpecialistError, CancelledError.
        """
        try:
            begun, opened = self._begun(session, turn, opening)
            papers = opened.papers if opened else None
            recorder = Recorder(
                self.sessions.database,
                self.specialists.ledger,
                session,
                turn.number,
                told=papers,
                brief=opened.brief if opened else "",
                is_resent=begun.is_resent and not turn.pending,  # a run that is taken up again sends nothing
            )
            if session.provider == LOCAL:
                result = _answered_locally(papers or ground.papers, turn.question, begun, recorder)
            else:
                chosen = route or self.specialists.route_again(session, _size(ground.papers))
                left = session.asked.time_budget_seconds if seconds is None else seconds
                result = self._asked(session, turn, ground, begun, recorder, chosen, goes_on, left, work)
            self.claims.answer(session.id, turn.number, result)
        except BaseException as error:
            self.claims.broke_off(session.id, turn.number, error)
            goes_on_there = isinstance(error, CancelledError | UnavailableError | RateLimitedError)
            if turn.pending and isinstance(error, DcrError) and not goes_on_there:
                self.sessions.forget_pending(session.id, turn.number)  # it is lost for good
            raise
        finally:
            self.sessions.touch(session)
        return next(one for one in self.sessions.turns(session.id) if one.number == turn.number), result

    def _begun(self, session: Session, turn: Turn, opening: Callable[[], Opening]) -> tuple[Beginning, Opening | None]:
        """And the opening, where the turn has said nothing yet."""
        kept = self.sessions.messages(session.id, last_turn=turn.number)
        calls = self.sessions.tool_calls(session.id)
        if any(one.turn == turn.number for one in kept):
            return resumed(kept, calls, turn.number), None
        opened = opening()
        history = (Message("us", opened.brief),) if opened.brief else history_of(kept, calls)
        return Beginning(history, opened.text, is_resent=False, theory=opened.theory), opened

    def received(self, session: Session, turn: Turn) -> Message | None:
        """The answer to the turn, where it came and the process died before it was read."""
        kept = self.sessions.messages(session.id, last_turn=turn.number)
        if not kept or kept[-1].turn != turn.number or kept[-1].message.author != "model" or kept[-1].message.calls:
            return None
        try:
            read_analysis(kept[-1].message.text)
        except UnreadableReply:
            return None
        return kept[-1].message

    def _asked(
        self,
        session: Session,
        turn: Turn,
        ground: Ground,
        begun: Beginning,
        recorder: Recorder,
        route: Route,
        goes_on: bool,
        seconds: float,
        work: Work,
    ) -> TurnResult:
        from deep_code_reasoning.specialists import turn as specialists
        from deep_code_reasoning.specialists.citations import Sources
        from deep_code_reasoning.specialists.exchange import first_request
        from deep_code_reasoning.specialists.fitting import check_fits

        if received := self.received(session, turn):
            return _read(received, session, turn, begun.history)
        asked = session.asked
        meter = self.meter(session)
        chain = self.specialists.chain(route, seconds, meter, _told(work))
        # Later turns keep the tool even where nobody will answer: what is sent first is what is cached.
        toolbox = self.toolbox(session, ground, may_ask=goes_on or turn.number > 1)
        taken = specialists.Turn(
            entry=route.entry,
            system=session.system,
            history=begun.history,
            text=begun.text,
            analysis_type=asked.analysis_type,
            depth_level=asked.depth_level,
            seconds=seconds,
            key=session.id,
            blind=bool(begun.theory),
            theory=begun.theory,
            pending=turn.pending,
        )
        request = first_request(taken, toolbox)
        if not turn.pending:
            check_fits(route.entry, request, chain, work)
            meter.before(request, route.entry)  # no cache is paid for what may not be asked
            taken = replace(taken, cache_handle=self._cache(session, request, route, goes_on, recorder, work))
        sent = [message.text for message in begun.history if message.author == "us"]
        sources = Sources(*sent, begun.text, history=begun.history)
        started = time.monotonic()
        try:
            return specialists.take_turn(
                taken, chain, toolbox=toolbox, sources=sources, meter=meter, listener=recorder, work=work
            )
        except SpecialistError as error:
            if not isinstance(error, BudgetError):  # nothing was asked then
                recorder.failed(error, time.monotonic() - started)
            raise
        finally:
            meter.release()
            self.sessions.agreed(session.id, meter.agreed_to)

    def missing_files(
        self, session: Session, turn: Turn, ground: Ground, brief: Brief, question: str | None, route: Route, work: Work
    ) -> SecondRound | None:
        """Which files the specialist wants beside those of the brief, and these; None where it is not asked. What it
        cost is the turn's."""
        from deep_code_reasoning.specialists import second_round

        toolbox, asked = self.toolbox(session, ground, may_ask=False), session.asked
        if toolbox is None or asked.depth_level < second_round.FROM_DEPTH:
            return None
        meter = self.meter(session)
        seconds = asked.time_budget_seconds
        recorder = Recorder(self.sessions.database, self.specialists.ledger, session, turn.number)
        try:
            return second_round.second_round(
                brief,
                toolbox.desk,
                provider=self.specialists.chain(route, seconds, meter, _told(work)),
                entry=route.entry,
                question=question,
                seconds=seconds,
                meter=meter,
                answered=recorder.spent,
                work=work,
            )
        finally:
            meter.release()
            self.sessions.agreed(session.id, meter.agreed_to)

    def _cache(
        self, session: Session, request: Request, route: Route, goes_on: bool, recorder: Recorder, work: Work
    ) -> str | None:
        """Of the brief; none where the brief is all that is sent."""
        if len(request.messages) < 2:
            return None
        seconds = session.asked.time_budget_seconds
        return self.caches.ready(
            session.id, route.entry, request, seconds, opens=goes_on, opened=recorder.cached, work=work
        )

    def meter(self, session: Session) -> Meter:
        """Of all its turns so far."""
        turns = self.sessions.turns(session.id)
        tokens = sum(turn.input_tokens + turn.output_tokens for turn in turns)
        spent = Spent(sum(turn.dollars for turn in turns), tokens)
        return self.specialists.meter(session.project, spent, self.sessions.agreed_to(session.id))

    def toolbox(self, session: Session, ground: Ground, *, may_ask: bool) -> Toolbox | None:
        from deep_code_reasoning.context.scanner import scanner_named
        from deep_code_reasoning.specialists.tools.toolbox import toolbox_for

        if ground.tables is None:
            return None
        settings = self.specialists.settings
        return toolbox_for(
            ground.tables,
            ground.papers.diagnosis,
            roots=ground.roots,
            redactor=ground.redactor,
            settings=settings,
            code_files=tuple(Path(file) for file in session.asked.code_scope.files),
            scanner=scanner_named(settings.secret_scanner),
            may_ask=may_ask,
        )


def _size(papers: Papers) -> int:
    """Tokens of the brief."""
    return int(papers.manifest["tokens"]) if papers.manifest else 0


def _told(work: Work) -> Callable[[str], None]:
    return lambda said: work.report(Progress("ask", 0, message=said))


def _read(received: Message, session: Session, turn: Turn, history: Sequence[Message]) -> TurnResult:
    """What came before the process died, as the turn would have had it: paid for once."""
    from deep_code_reasoning.specialists.citations import Sources, check_citations
    from deep_code_reasoning.specialists.turn import TurnResult

    sources = Sources(*(message.text for message in history if message.author == "us"), history=history)
    analysis, problems = check_citations(read_analysis(received.text), sources)
    model, provider = turn.model or session.model, turn.provider or session.provider
    return TurnResult(analysis, (), Usage(), 0.0, model, provider, 0.0, problems, 0)


def _answered_locally(papers: Papers, asked: str, begun: Beginning, recorder: Recorder) -> TurnResult:
    """The local analyst: nothing leaves this machine. Its messages are kept as a model's are, which may take over."""
    from deep_code_reasoning.specialists.local_analyst import analyse_locally
    from deep_code_reasoning.specialists.local_answers import answer_locally
    from deep_code_reasoning.specialists.turn import TurnResult

    started = time.monotonic()
    question = Message("us", begun.text)
    recorder.asked(question)
    is_first = not any(message.author == "model" for message in begun.history)
    analysis = analyse_locally(papers.diagnosis) if is_first else answer_locally(papers.diagnosis, asked)
    seconds = time.monotonic() - started
    reply = Reply(analysis.narrative, Usage(), provider=LOCAL, model=LOCAL)
    recorder.replied(reply, 0.0, seconds)
    return TurnResult(analysis, (question, reply.as_message()), Usage(), 0.0, LOCAL, LOCAL, seconds, (), 0)
