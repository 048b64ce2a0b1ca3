"""What all verbs of conversations work with."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from deep_code_reasoning.answer import Task
from deep_code_reasoning.briefing import Briefing
from deep_code_reasoning.context.redact import Redactor
from deep_code_reasoning.conversation.ledger import Ledger
from deep_code_reasoning.conversation.sessions.claims import Claims
from deep_code_reasoning.conversation.sessions.provider_caches import ProviderCaches
from deep_code_reasoning.conversation.sessions.records import Papers, Session
from deep_code_reasoning.conversation.sessions.sessions import Sessions
from deep_code_reasoning.conversation.sessions.specialist import Specialists
from deep_code_reasoning.conversation.sessions.turn_running import Ground, TurnRunning
from deep_code_reasoning.errors import EvidenceError, UsageError
from deep_code_reasoning.progress import Work
from deep_code_reasoning.settings import Settings
from deep_code_reasoning.specialists.providers.client_model import NO_CLIENT, ClientModel

if TYPE_CHECKING:
    from deep_code_reasoning.context.brief import Brief
    from deep_code_reasoning.finding import Diagnosis
    from deep_code_reasoning.specialists.budget import Consent


@dataclass(frozen=True)
class Workplace:
    """`project`: the working directory, links resolved; conversations of another one are not seen."""

    settings: Settings
    specialists: Specialists
    briefing: Briefing
    sessions: Sessions
    claims: Claims
    caches: ProviderCaches
    running: TurnRunning
    project: str

    @classmethod
    def of(
        cls, settings: Settings, *, trust_arguments: bool, consent: Consent | None, client: ClientModel = NO_CLIENT
    ) -> Self:
        briefing = Briefing(settings, trust_arguments=trust_arguments)
        sessions = Sessions(settings.state_dir, days=settings.conversation_days, names_projects=trust_arguments)
        claims = Claims(sessions)
        specialists = Specialists(settings, Ledger(settings.state_dir), consent, client)
        caches = ProviderCaches(sessions.database, specialists.provider)
        running = TurnRunning(specialists, sessions, claims, caches)
        project = os.path.realpath(Path.cwd())
        return cls(settings, specialists, briefing, sessions, claims, caches, running, project)

    def find(self, session_id: str) -> Session:
        """Also by the id of the escalation that began it. Raises UnknownConversationError."""
        if session_id.startswith("esc-"):
            return self.sessions.of_escalation(session_id, self.project)
        return self.sessions.find(session_id, self.project)

    @contextmanager
    def ground(self, session: Session, work: Work) -> Generator[tuple[Ground, Papers]]:
        """What a later turn stands on, and the papers as the evidence would have them now.

        Evidence that the conversation began with is looked at again (files that did not change are not read), and
        where what is loaded has changed, it is diagnosed anew. Evidence that is gone leaves the papers as they are.
        """
        papers = self.sessions.papers(session.id)
        asked = session.asked
        task = Task.of(asked)
        redactor = Redactor(emails=self.settings.redact_emails)
        redactor.go_on_after((papers.brief, *self._sent(session)))
        load = None
        if asked.evidence:
            with suppress(EvidenceError, UsageError):
                load = self.briefing.load(asked.evidence, investigation=session.investigation, work=work)
        try:
            tables = self.briefing.tables((), session.investigation)
        except EvidenceError:
            yield Ground(papers, None, (), redactor), papers
            return
        with tables:
            evidence = self.briefing.folder((), session.investigation).manifest().evidence
            now = papers
            if {path: record.fingerprint for path, record in evidence.items()} != dict(papers.shown.evidence):
                now = replace(papers, diagnosis=self.briefing.diagnosis(tables, load, asked.evidence, task, work))
            yield Ground(papers, tables, self.roots(session, evidence), redactor), now

    def _sent(self, session: Session) -> Iterator[str]:
        """Every text that the specialist has read."""
        for kept in self.sessions.messages(session.id):
            yield kept.message.text
            yield from (answer.text for answer in kept.message.answers)
        yield from (call.answer for call in self.sessions.tool_calls(session.id))

    def roots(self, session: Session, evidence: Sequence[str] | dict) -> tuple[Path, ...]:
        """Under which files may be shown: as for the brief, and what was loaded."""
        asked = session.asked
        return self.briefing.roots((*asked.evidence, *asked.code_scope.files, *evidence))

    def papers_of(self, investigation: str, diagnosis: Diagnosis, brief: Brief | None) -> Papers:
        from deep_code_reasoning.conversation.sessions.delta import shown_of

        evidence = self.briefing.folder((), investigation).manifest().evidence
        manifest = asdict(brief.manifest) if brief else None
        return Papers(
            brief.text if brief else "", manifest, diagnosis, shown_of(brief.files if brief else (), evidence)
        )
