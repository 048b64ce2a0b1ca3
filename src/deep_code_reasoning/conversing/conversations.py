"""The verbs, each a few lines: what they do is in the modules beside this one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from deep_code_reasoning.conversing import beginning, branches, ending, turns
from deep_code_reasoning.conversing.turn_answer import Started, Status, TurnAnswer
from deep_code_reasoning.conversing.workplace import Workplace
from deep_code_reasoning.progress import Work
from deep_code_reasoning.settings import Settings
from deep_code_reasoning.specialists.providers.client_model import NO_CLIENT, ClientModel

if TYPE_CHECKING:
    from deep_code_reasoning.answer import Escalation
    from deep_code_reasoning.conversation.request import EscalationRequest
    from deep_code_reasoning.conversation.sessions.comparison import Comparison
    from deep_code_reasoning.conversation.sessions.records import Listed, Session
    from deep_code_reasoning.conversation.sessions.summary import Summary, SummaryFormat
    from deep_code_reasoning.conversation.sessions.transcript import Transcript
    from deep_code_reasoning.specialists.budget import Consent


class Conversations:
    """The conversations of the working directory; `trust_arguments` as of Investigations. `consent`: how a person is
    asked whether to go on above a threshold of dollars; where nobody can be asked, it is refused.

    A `session_id` may also be the id of the escalation that began it. Wherever one is taken, UnknownConversationError
    is raised where this project has none of it. `client`: the own model of the client that asks.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        trust_arguments: bool = True,
        consent: Consent | None = None,
        client: ClientModel = NO_CLIENT,
    ) -> None:
        self._place = Workplace.of(settings, trust_arguments=trust_arguments, consent=consent, client=client)

    def start(
        self, request: EscalationRequest, question: str | None = None, *, model: str | None = None, work: Work
    ) -> Started:
        """Loads, diagnoses and asks the first question. A specialist that fails is told beside the local diagnosis.

        Raises EvidenceError, UsageError and CancelledError; the ledger keeps that it was tried.
        """
        request = replace(request, question=question or request.question, model=model or request.model)
        return beginning.begin(self._place, request, goes_on=True, work=work)

    def escalate(self, request: EscalationRequest, *, work: Work) -> Escalation:
        """`start` without a promise of more turns: nothing is kept at the provider for them."""
        return beginning.begin(self._place, request, goes_on=False, work=work).escalation

    def say(
        self,
        session_id: str,
        message: str,
        *,
        queue: bool = False,
        include_code_snippets: bool = False,
        work: Work,
    ) -> TurnAnswer:
        """One more turn: what changed since the last one, then the message.

        `queue`: behind a turn that runs, the message waits, and the answer says so; else BusyConversationError.
        `include_code_snippets`: files that the message names are shown with it. Raises ExpiredConversationError,
        FinishedConversationError, SpecialistError (the turn is kept as failed; `resume` takes it up), CancelledError.
        """
        session = self._place.find(session_id)
        return turns.say(self._place, session, message, queue=queue, snippets=include_code_snippets, work=work)

    def resume(self, session_id: str, *, work: Work) -> TurnAnswer:
        """The last turn once more, where it was cut off, cancelled or failed: what it received is not asked again."""
        return turns.resume(self._place, self._place.find(session_id), work)

    def finalize(self, session_id: str, summary_format: SummaryFormat = "detailed", *, work: Work) -> Summary:
        """Ends it with a summary; called again, the same summary. Raises as `say` does, but for a specialist that
        fails: then the summary is put together from what was said."""
        return ending.finalize(self._place, self._place.find(session_id), summary_format, work)

    def status(self, session_id: str) -> Status:
        session = self._place.find(session_id)
        return Status(session, tuple(self._place.claims.settle(session.id)))

    def listed(self, most: int = 50) -> list[Listed]:
        """Those of this project, the last active first."""
        return self._place.sessions.listed(self._place.project, most)

    def transcript(self, session_id: str) -> Transcript:
        from deep_code_reasoning.conversation.sessions.transcript import Transcript

        session = self._place.find(session_id)
        kept = self._place.sessions
        return Transcript(
            session, self._place.claims.settle(session.id), kept.messages(session.id), kept.tool_calls(session.id)
        )

    def fork(self, session_id: str, *, model: str | None = None, at_turn: int | None = None, work: Work) -> Session:
        """A new conversation that goes on from the turn named (the last one), with the same or another model."""
        return branches.fork(self._place, self._place.find(session_id), model=model, at_turn=at_turn, work=work)

    def replay(self, session_id: str, *, model: str | None = None, system: str | None = None, work: Work) -> Comparison:
        """The recorded brief and messages asked again, of another model or with another system prompt, and compared."""
        return branches.replay(self._place, self._place.find(session_id), model=model, system=system, work=work)

    def compare(self, before: str, after: str) -> Comparison:
        return branches.compare(self._place, self._place.find(before), self._place.find(after))
