"""The verbs: everything a face can do. Faces translate arguments and results, nothing more."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.briefing import Briefing
from deep_code_reasoning.errors import SpecialistError, UsageError
from deep_code_reasoning.progress import Work
from deep_code_reasoning.settings import Settings
from deep_code_reasoning.specialists.providers.client_model import NO_CLIENT, ClientModel

if TYPE_CHECKING:
    from deep_code_reasoning.answer import Answer, Escalation, Preview, Task
    from deep_code_reasoning.changes.bisect.request import BisectionRequest
    from deep_code_reasoning.changes.bisect.result import Bisection
    from deep_code_reasoning.changes.diffs.pattern import Pattern
    from deep_code_reasoning.context.brief import Brief
    from deep_code_reasoning.conversation.policy import EscalationDecision
    from deep_code_reasoning.conversation.request import EscalationRequest
    from deep_code_reasoning.conversing import Conversations
    from deep_code_reasoning.detectors.contract import Rule
    from deep_code_reasoning.diagnosis.differential.flame import Flame
    from deep_code_reasoning.incident import TimeWindow
    from deep_code_reasoning.ingest import LoadReport
    from deep_code_reasoning.specialists.budget import Consent
    from deep_code_reasoning.specialists.routing import Need, Route
    from deep_code_reasoning.store.catalogue import TableDescription
    from deep_code_reasoning.store.query import QueryResult


class Investigations:
    """The verbs over all investigations of one state directory.

    `trust_arguments`: what a caller names as evidence counts as an allowed root. True for a person's command line;
    False for an agent, which may only name what lies under `settings.allowed_roots`. `consent`: how a person is asked
    whether to go on above a threshold of dollars; where nobody can be asked, it is refused. `client`: the own model of
    the client that asks.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        trust_arguments: bool = True,
        consent: Consent | None = None,
        client: ClientModel = NO_CLIENT,
    ) -> None:
        self._settings = settings
        self._consent, self._client = consent, client
        self._briefing = Briefing(settings, trust_arguments=trust_arguments)

    @property
    def settings(self) -> Settings:
        return self._settings

    @property
    def consent(self) -> Consent | None:
        return self._consent

    def load(self, evidence: Sequence[str], *, investigation: str | None = None, work: Work) -> LoadReport:
        """Reads evidence into the store; what is there already is not read again."""
        return self._briefing.load(evidence, investigation=investigation, work=work)

    def investigate(
        self,
        evidence: Sequence[str],
        *,
        investigation: str | None = None,
        baseline: TimeWindow | None = None,
        incident: TimeWindow | None = None,
        question: str | None = None,
        model: str | None = None,
        work: Work,
    ) -> Answer:
        """Loads, diagnoses and, where a specialist is named or at hand, asks it; `model="local"` asks none. What is
        asked of a specialist is an escalation, with its place in the ledger and its limits.

        Without evidence the investigation named (or the last one) is diagnosed as it is. A specialist that fails is
        reported beside the local diagnosis, which stands.
        """
        from deep_code_reasoning.answer import LOCAL, Task
        from deep_code_reasoning.conversation.request import EscalationRequest
        from deep_code_reasoning.specialists.routing import choose

        task = Task(question=question, model=model, baseline=baseline, incident=incident)
        failure = None
        try:
            route = choose(self._settings, self._need(task))  # a name that no model has is said now, not after the work
        except SpecialistError as error:
            route, failure = choose(self._settings, self._need(replace(task, model=LOCAL))), str(error)
        if route.provider == LOCAL:
            answer = self._diagnosed(evidence, investigation, task, route, work)
            return replace(answer, specialist_error=failure)
        request = EscalationRequest(
            evidence=tuple(evidence),
            investigation=investigation,
            question=question,
            model=model,
            baseline=baseline,
            incident=incident,
            time_budget_seconds=task.time_budget_seconds,
        )
        return self.escalate(request, work=work).answer

    def query(
        self,
        sql: str,
        *,
        investigation: str | None = None,
        row_limit: int | None = None,
        seconds: float | None = None,
        work: Work,
    ) -> QueryResult:
        """One read-only statement over an investigation, cut at `row_limit` rows and stopped after `seconds`."""
        from deep_code_reasoning.store.query import run_query

        limits = self._settings
        with self._briefing.tables((), investigation) as tables:
            return run_query(
                tables,
                sql,
                row_limit=row_limit or limits.query_row_limit,
                seconds=seconds or limits.query_seconds,
                work=work,
            )

    def tables(self) -> list[TableDescription]:
        """What `query` can read, tables and views, with the meaning of each column."""
        from deep_code_reasoning.store.catalogue import described_tables, described_views

        return [*described_tables(), *described_views()]

    def brief(
        self,
        evidence: Sequence[str],
        *,
        investigation: str | None = None,
        budget_tokens: int,
        question: str | None = None,
        code_files: Sequence[Path] = (),
        work: Work,
    ) -> Brief:
        """What a specialist would be given. Nothing is sent."""
        from deep_code_reasoning.answer import Task

        load = self.load(evidence, investigation=investigation, work=work) if evidence else None
        with self._briefing.tables(evidence, investigation) as tables:
            task = Task(question=question, code_files=tuple(code_files))
            return self._briefing.brief(
                tables,
                self._briefing.diagnosis(tables, load, evidence, task, work),
                evidence,
                budget_tokens,
                task,
                work,
            )

    def preview(
        self,
        evidence: Sequence[str],
        *,
        investigation: str | None = None,
        budget_tokens: int | None = None,
        question: str | None = None,
        code_files: Sequence[Path] = (),
        work: Work,
    ) -> Preview:
        """The brief with what each model would take for it. Nothing is sent."""
        from deep_code_reasoning.answer import Task

        task = Task(question=question, code_files=tuple(code_files))
        return self._previewed(evidence, investigation, task, budget_tokens, work)

    def preview_escalation(self, request: EscalationRequest, *, work: Work) -> Preview:
        """What `escalate` would send for this request, to whom, and for how much. Nothing is sent."""
        from deep_code_reasoning.answer import Task
        from deep_code_reasoning.conversation.at_hand import with_evidence_at_hand
        from deep_code_reasoning.store.investigation_folder import last_loaded_here

        here = last_loaded_here(self._settings.state_dir)
        request = with_evidence_at_hand(request, here, self._settings.allowed_roots)
        return self._previewed(request.evidence, request.investigation, Task.of(request), None, work)

    def flame(
        self,
        evidence: Sequence[str],
        *,
        investigation: str | None = None,
        baseline: TimeWindow | None = None,
        incident: TimeWindow | None = None,
        work: Work,
    ) -> Flame:
        """What the durations of requests consist of, before and in the incident; the windows as `investigate` finds
        them."""
        from deep_code_reasoning.diagnosis.differential.flame import flame

        if evidence:
            self.load(evidence, investigation=investigation, work=work)
        with self._briefing.tables(evidence, investigation) as tables:
            work.on_cancel(tables.interrupt)
            return flame(tables, investigation=tables.investigation, baseline=baseline, incident=incident, work=work)

    def bisect(self, request: BisectionRequest, *, work: Work) -> Bisection:
        """Runs a person's own command until one commit stands out; an agent may not have commands run."""
        from deep_code_reasoning.changes.bisect.search import bisect

        if not self._briefing.trusts_arguments:
            raise UsageError("bisect: runs a command, which only a person may give, on the command line")
        return bisect(request, self._settings.state_dir, work)

    def should_escalate(self, request: EscalationRequest, *, work: Work) -> EscalationDecision:
        """Measures what the request points at against the thresholds, and keeps the decision in the ledger."""
        from deep_code_reasoning.conversation.ledger import Ledger

        decision = self._briefing.decide(request, work)
        Ledger(self._settings.state_dir).record_decision(request, decision)
        return decision

    def escalate(self, request: EscalationRequest, *, work: Work) -> Escalation:
        """Investigates whatever the decision is (the caller asked for it); keeps why, what was found and the cost.

        It is the first turn of a conversation, which goes on where the caller says more (conversing/).
        """
        return self.conversations().escalate(request, work=work)

    def conversations(self) -> Conversations:
        """The verbs of conversations, for the same caller."""
        from deep_code_reasoning.conversing import Conversations

        trusts = self._briefing.trusts_arguments
        return Conversations(self._settings, trust_arguments=trusts, consent=self._consent, client=self._client)

    def show(self, ref: str, *, investigation: str | None = None) -> str:
        """The evidence behind a reference of a finding, as text. Raises UsageError where it names nothing."""
        from deep_code_reasoning.context.show import show

        folder = self._briefing.folder((), investigation)
        loaded = [record.real_path for record in folder.manifest().evidence.values()]
        with self._briefing.tables((), folder.name) as tables:
            return show(tables, ref, roots=self._briefing.roots(loaded))

    def rules(self) -> list[Rule]:
        from deep_code_reasoning.detectors.registry import all_rules

        return list(all_rules())

    def patterns(self) -> list[Pattern]:
        """The patterns of changes, in the order of their codes."""
        from deep_code_reasoning.changes.diffs.pattern_catalogue import all_patterns

        return list(all_patterns().values())

    def explain(self, code: str) -> str:
        """The page of a detector or of a pattern of changes, in Markdown. Raises UsageError naming close codes."""
        from deep_code_reasoning.changes.diffs.pattern_catalogue import page as pattern_page
        from deep_code_reasoning.detectors.registry import page

        return pattern_page(code) or page(code)

    def _diagnosed(
        self, evidence: Sequence[str], investigation: str | None, task: Task, route: Route, work: Work
    ) -> Answer:
        """By the local analyst."""
        from deep_code_reasoning.answer import Answer, Cost
        from deep_code_reasoning.specialists.local_analyst import local_result

        started = time.monotonic()
        load = self.load(evidence, investigation=investigation, work=work) if evidence else None
        with self._briefing.tables(evidence, investigation) as tables:
            diagnosis = self._briefing.diagnosis(tables, load, evidence, task, work)
        result = local_result(diagnosis, route.reason)
        return Answer(diagnosis, Cost.of(time.monotonic() - started, result), load, result)

    def _previewed(
        self, evidence: Sequence[str], investigation: str | None, task: Task, budget: int | None, work: Work
    ) -> Preview:
        from deep_code_reasoning.answer import Preview
        from deep_code_reasoning.specialists.offers import offers

        load = self.load(evidence, investigation=investigation, work=work) if evidence else None
        with self._briefing.tables(evidence, investigation) as tables:
            diagnosis = self._briefing.diagnosis(tables, load, evidence, task, work)
            brief = self._briefing.brief(tables, diagnosis, evidence, budget or self._briefing.budget(task), task, work)
        made = offers(brief.text, task.question, task.analysis_type, task.depth_level, self._settings)
        return Preview(brief, tuple(made))

    def _need(self, task: Task) -> Need:
        from deep_code_reasoning.specialists.routing import Need

        return Need(
            task.analysis_type,
            self._briefing.budget(task),
            task.model,
            depth_level=task.depth_level,
            why_not_client=self._client.why_not,
        )
