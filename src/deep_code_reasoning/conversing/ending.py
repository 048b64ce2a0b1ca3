"""The end of a conversation: one summary, which stays the same, and nothing left at the provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deep_code_reasoning.conversation.sessions.records import Session, Turn
from deep_code_reasoning.conversation.sessions.summary import FORMATS, Summary, SummaryFormat, cost_of, text_from_record
from deep_code_reasoning.conversing.turns import run_claimed
from deep_code_reasoning.errors import SpecialistError, UsageError
from deep_code_reasoning.specialists.catalogue import LOCAL

if TYPE_CHECKING:
    from deep_code_reasoning.conversing.workplace import Workplace
    from deep_code_reasoning.progress import Work


def finalize(place: Workplace, session: Session, summary_format: SummaryFormat, work: Work) -> Summary:
    """From the model, else from the record. A conversation that is finished gives the summary that it has."""
    if summary_format not in FORMATS:
        raise UsageError(f"summary_format: {summary_format!r}; expected one of {', '.join(FORMATS)}")
    if session.summary:
        return Summary(**session.summary)
    summary = _summary(place, session, summary_format, work)
    place.sessions.finish(session.id, summary.as_json())
    place.caches.close(session.id)
    kept = place.sessions.find(session.id, place.project).summary
    return Summary(**kept) if kept else summary  # another process may have been faster: its summary is the one


def _summary(place: Workplace, session: Session, summary_format: SummaryFormat, work: Work) -> Summary:
    before = place.claims.settle(session.id)
    written, why = _written_before(before, summary_format), ""
    if written is None and session.provider == LOCAL:
        why = "the local analyst answered: put together from what it said"
        place.claims.check(session.id)
    elif written is None:
        try:
            turn = place.claims.ask(session.id, summary_format, kind="summary")
            written = run_claimed(place, session, turn, work).turn
        except SpecialistError as error:
            why = f"put together from the record, as {session.model} could not be asked: {error}"
    turns = place.sessions.turns(session.id)
    if written and written.analysis and written.analysis.get("narrative"):
        text, by, analysis = written.analysis["narrative"], written.model or session.model, written.analysis
    else:
        verdict = place.sessions.papers(session.id).diagnosis.verdict.summary
        text, by = text_from_record(turns, verdict, summary_format), "record"
        analysis = next((turn.analysis for turn in reversed(turns) if turn.analysis), None)
    return Summary(session.id, summary_format, text, by, why, analysis, cost_of(turns))


def _written_before(turns: list[Turn], summary_format: SummaryFormat) -> Turn | None:
    """A summary that a model gave to a process which died before it could close the conversation."""
    last = turns[-1] if turns else None
    if last and last.kind == "summary" and last.state == "done" and last.question == summary_format:
        return last
    return None
