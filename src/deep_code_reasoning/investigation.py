"""The verbs: everything a face can do. Faces translate arguments and results, nothing more."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.answer import DEPTH_SHARE, LOCAL, Answer, Cost, Escalation, Preview, Task
from deep_code_reasoning.errors import DcrError, EvidenceError, InvestigationNotFoundError, SpecialistError, UsageError
from deep_code_reasoning.finding import Diagnosis
from deep_code_reasoning.incident import TimeWindow
from deep_code_reasoning.progress import Progress, Work
from deep_code_reasoning.settings import Settings

if TYPE_CHECKING:
    from deep_code_reasoning.changes.bisect.request import BisectionRequest
    from deep_code_reasoning.changes.bisect.result import Bisection
    from deep_code_reasoning.changes.diffs.pattern import Pattern
    from deep_code_reasoning.context.brief import Brief
    from deep_code_reasoning.conversation.policy import EscalationDecision
    from deep_code_reasoning.conversation.request import EscalationRequest
    from deep_code_reasoning.detectors.contract import Rule
    from deep_code_reasoning.diagnosis.differential.flame import Flame
    from deep_code_reasoning.ingest import LoadReport
    from deep_code_reasoning.specialists.port import SpecialistResult
    from deep_code_reasoning.store.catalogue import TableDescription
    from deep_code_reasoning.store.investigation_folder import InvestigationFolder
    from deep_code_reasoning.store.query import QueryResult
    from deep_code_reasoning.store.tables import Tables


class Investigations:
    """The verbs over all investigations of one state directory.

    `trust_arguments`: what a caller names as evidence counts as an allowed root. True for a person's command line;
    False for an agent, which may only name what lies under `settings.allowed_roots`.
    """

    def __init__(self, settings: Settings, *, trust_arguments: bool = True) -> None:
        self._settings = settings
        self._trust_arguments = trust_arguments

    def load(self, evidence: Sequence[str], *, investigation: str | None = None, work: Work) -> LoadReport:
        """Reads evidence into the store; what is there already is not read again."""
        from deep_code_reasoning.ingest import load

        folder = self._folder(evidence, investigation)
        return load(evidence, folder, self._settings, work, allowed_roots=self._roots(evidence))

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
        """Loads, diagnoses and, where a specialist is named or at hand, asks it; `model="local"` asks none.

        Without evidence the investigation named (or the last one) is diagnosed as it is. A specialist that fails is
        reported beside the local diagnosis, which stands.
        """
        task = Task(question=question, model=model, baseline=baseline, incident=incident)
        return self._answer(evidence, investigation, task, work)[0]

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
        with self._tables((), investigation) as tables:
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
        load = self.load(evidence, investigation=investigation, work=work) if evidence else None
        with self._tables(evidence, investigation) as tables:
            task = Task(question=question, code_files=tuple(code_files))
            return self._brief(
                tables, self._diagnosis(tables, load, evidence, task, work), evidence, budget_tokens, task, work
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
        task = Task(question=question, code_files=tuple(code_files))
        return self._previewed(evidence, investigation, task, budget_tokens, work)

    def preview_escalation(self, request: EscalationRequest, *, work: Work) -> Preview:
        """What `escalate` would send for this request, to whom, and for how much. Nothing is sent."""
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
        with self._tables(evidence, investigation) as tables:
            work.on_cancel(tables.interrupt)
            return flame(tables, investigation=tables.investigation, baseline=baseline, incident=incident, work=work)

    def bisect(self, request: BisectionRequest, *, work: Work) -> Bisection:
        """Runs a person's own command until one commit stands out; an agent may not have commands run."""
        from deep_code_reasoning.changes.bisect.search import bisect

        if not self._trust_arguments:
            raise UsageError("bisect: runs a command, which only a person may give, on the command line")
        return bisect(request, self._settings.state_dir, work)

    def should_escalate(self, request: EscalationRequest, *, work: Work) -> EscalationDecision:
        """Measures what the request points at against the thresholds, and keeps the decision in the ledger."""
        from deep_code_reasoning.conversation.ledger import Ledger

        decision = self._decide(request, work)
        Ledger(self._settings.state_dir).record_decision(request, decision)
        return decision

    def escalate(self, request: EscalationRequest, *, work: Work) -> Escalation:
        """Investigates whatever the decision is (the caller asked for it); keeps why, what was found and the cost."""
        from deep_code_reasoning.conversation.at_hand import with_evidence_at_hand
        from deep_code_reasoning.conversation.ledger import Ledger
        from deep_code_reasoning.store.investigation_folder import last_loaded_here

        started = time.monotonic()
        here = last_loaded_here(self._settings.state_dir)
        request = with_evidence_at_hand(request, here, self._settings.allowed_roots)
        if request.evidence:
            with suppress(EvidenceError):  # raised again below, where the ledger keeps it
                self.load(request.evidence, investigation=request.investigation, work=work)
        decision = self._decide(request, work)
        ledger = Ledger(self._settings.state_dir)
        escalation = ledger.begin_escalation(request, decision)
        try:
            answer, brief = self._answer(request.evidence, request.investigation, Task.of(request), work)
        except BaseException as error:
            said = str(error) if isinstance(error, DcrError) else type(error).__name__
            ledger.finish_escalation(escalation, seconds=time.monotonic() - started, error=said)
            raise
        ledger.finish_escalation(
            escalation,
            seconds=answer.cost.seconds,
            diagnosis=answer.diagnosis,
            route=answer.cost.route,
            specialist=answer.specialist if brief else None,
            manifest=brief.manifest if brief else None,
            error=answer.specialist_error,
        )
        return Escalation(escalation, decision, answer, brief)

    def show(self, ref: str, *, investigation: str | None = None) -> str:
        """The evidence behind a reference of a finding, as text. Raises UsageError where it names nothing."""
        from deep_code_reasoning.context.show import show

        folder = self._folder((), investigation)
        loaded = [record.real_path for record in folder.manifest().evidence.values()]
        with self._tables((), folder.name) as tables:
            return show(tables, ref, roots=self._roots(loaded))

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

    def models(self) -> list[dict[str, Any]]:
        """The specialists of the catalogue, and why each can or cannot be asked."""
        from deep_code_reasoning.specialists.catalogue import usable_models

        return usable_models(self._settings)

    def _answer(
        self, evidence: Sequence[str], investigation: str | None, task: Task, work: Work
    ) -> tuple[Answer, Brief | None]:
        from deep_code_reasoning.specialists.router import choose

        started = time.monotonic()
        with suppress(SpecialistError):  # a name that no model has is said now, not after the work
            choose(self._settings, task.model, task.analysis_type)
        load = self.load(evidence, investigation=investigation, work=work) if evidence else None
        with self._tables(evidence, investigation) as tables:
            diagnosis = self._diagnosis(tables, load, evidence, task, work)
            result, brief, failure = self._asked(tables, diagnosis, evidence, task, work)
        return Answer(diagnosis, Cost.of(time.monotonic() - started, result), load, result, failure), brief

    def _asked(
        self, tables: Tables, diagnosis: Diagnosis, evidence: Sequence[str], task: Task, work: Work
    ) -> tuple[SpecialistResult, Brief | None, str | None]:
        """What the specialist says; the local analyst where there is none, or where it failed, with the failure."""
        from deep_code_reasoning.specialists.analyse import analyse
        from deep_code_reasoning.specialists.router import choose

        ask = partial(
            analyse,
            diagnosis=diagnosis,
            settings=self._settings,
            question=task.question,
            analysis_type=task.analysis_type,
            depth_level=task.depth_level,
            time_budget_seconds=task.time_budget_seconds,
            work=work,
        )
        brief = None
        try:
            chosen = choose(self._settings, task.model, task.analysis_type)
            if chosen.provider != LOCAL:
                brief = self._brief(tables, diagnosis, evidence, self._budget(task), task, work, chosen.provider)
                work.report(Progress("ask", 0, message=chosen.model))
            return ask(brief, model=task.model), brief, None
        except SpecialistError as error:
            return ask(None, model=LOCAL), brief, str(error)

    def _previewed(
        self, evidence: Sequence[str], investigation: str | None, task: Task, budget: int | None, work: Work
    ) -> Preview:
        from deep_code_reasoning.specialists.offers import offers

        load = self.load(evidence, investigation=investigation, work=work) if evidence else None
        with self._tables(evidence, investigation) as tables:
            diagnosis = self._diagnosis(tables, load, evidence, task, work)
            brief = self._brief(tables, diagnosis, evidence, budget or self._budget(task), task, work)
        made = offers(brief.text, task.question, task.analysis_type, task.depth_level, self._settings)
        return Preview(brief, tuple(made))

    def _budget(self, task: Task) -> int:
        return round(self._settings.brief_tokens * DEPTH_SHARE[task.depth_level])

    def _diagnosis(
        self, tables: Tables, load: LoadReport | None, evidence: Sequence[str], task: Task, work: Work
    ) -> Diagnosis:
        from deep_code_reasoning.diagnosis import KnownCode, diagnose
        from deep_code_reasoning.store.findings import write_findings

        work.on_cancel(tables.interrupt)
        diagnosis = diagnose(
            tables,
            investigation=tables.investigation,
            baseline=task.baseline,
            incident=task.incident,
            question=task.question,
            unread=load.unread if load else (),
            known=KnownCode(self._roots(evidence), self._settings.repositories),
            work=work,
        )
        write_findings(self._folder((), tables.investigation), diagnosis.findings, self._settings)
        return diagnosis

    def _brief(
        self,
        tables: Tables,
        diagnosis: Diagnosis,
        evidence: Sequence[str],
        budget: int,
        task: Task,
        work: Work,
        provider: str = "",
    ) -> Brief:
        from deep_code_reasoning.context.brief import build_brief
        from deep_code_reasoning.context.code_ranking import ranked_code
        from deep_code_reasoning.context.scanner import scanner_named

        roots = self._roots((*evidence, *map(str, task.code_files)))
        ranked = ranked_code(
            tables,
            diagnosis,
            question=task.question,
            code_files=task.code_files,
            roots=roots,
            settings=self._settings,
            work=work,
        )
        return build_brief(
            tables,
            diagnosis,
            budget_tokens=budget,
            question=task.question,
            code_files=task.code_files,
            ranked=ranked.files,
            not_ranked=ranked.not_ranked,
            roots=roots,
            provider=provider,
            emails=self._settings.redact_emails,
            scanner=scanner_named(self._settings.secret_scanner),
            work=work,
        )

    def _decide(self, request: EscalationRequest, work: Work) -> EscalationDecision:
        from deep_code_reasoning.conversation.measure import measure
        from deep_code_reasoning.conversation.policy import decide

        thresholds = self._settings.escalate_when
        roots = self._roots((*request.evidence, *request.code_scope.files))
        with self._loaded(request) as tables:
            return decide(measure(request, thresholds=thresholds, roots=roots, tables=tables, work=work), thresholds)

    def _loaded(self, request: EscalationRequest) -> AbstractContextManager[Tables | None]:
        """What the store holds of the request, so that it is not read a second time; None where it holds nothing."""
        if not request.evidence and not request.investigation:
            return nullcontext()
        try:
            return self._tables(request.evidence, request.investigation)
        except InvestigationNotFoundError:
            if request.evidence:
                return nullcontext()
            raise

    def _roots(self, evidence: Sequence[str]) -> tuple[Path, ...]:
        given = tuple(Path(path) for path in evidence) if self._trust_arguments else ()
        return (*self._settings.allowed_roots, *given)

    def _folder(self, evidence: Sequence[str], investigation: str | None) -> InvestigationFolder:
        from deep_code_reasoning.store.investigation_folder import folder_of

        return folder_of(self._settings.state_dir, evidence, investigation)

    def _tables(self, evidence: Sequence[str], investigation: str | None) -> Tables:
        from deep_code_reasoning.store.tables import Tables

        return Tables.open(self._folder(evidence, investigation), self._settings)
