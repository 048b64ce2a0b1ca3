"""The steps to a brief that every verb takes: load, diagnose, select. What is asked about it comes after."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.errors import InvestigationNotFoundError
from deep_code_reasoning.progress import Work
from deep_code_reasoning.settings import Settings

if TYPE_CHECKING:
    from deep_code_reasoning.answer import Task
    from deep_code_reasoning.context.brief import Brief
    from deep_code_reasoning.context.redact import Redactor
    from deep_code_reasoning.conversation.policy import EscalationDecision
    from deep_code_reasoning.conversation.request import EscalationRequest
    from deep_code_reasoning.finding import Diagnosis
    from deep_code_reasoning.ingest import LoadReport
    from deep_code_reasoning.store.investigation_folder import InvestigationFolder
    from deep_code_reasoning.store.tables import Tables


class Briefing:
    """The evidence of one state directory on its way to a specialist; `trust_arguments` as of Investigations."""

    def __init__(self, settings: Settings, *, trust_arguments: bool = True) -> None:
        self.settings = settings
        self.trusts_arguments = trust_arguments

    def load(self, evidence: Sequence[str], *, investigation: str | None = None, work: Work) -> LoadReport:
        """Reads evidence into the store; what is there already is not read again."""
        from deep_code_reasoning.ingest import load

        folder = self.folder(evidence, investigation)
        return load(evidence, folder, self.settings, work, allowed_roots=self.roots(evidence))

    def roots(self, evidence: Sequence[str]) -> tuple[Path, ...]:
        given = tuple(Path(path) for path in evidence) if self.trusts_arguments else ()
        return (*self.settings.allowed_roots, *given)

    def folder(self, evidence: Sequence[str], investigation: str | None) -> InvestigationFolder:
        from deep_code_reasoning.store.investigation_folder import folder_of

        return folder_of(self.settings.state_dir, evidence, investigation)

    def tables(self, evidence: Sequence[str], investigation: str | None) -> Tables:
        from deep_code_reasoning.store.tables import Tables

        return Tables.open(self.folder(evidence, investigation), self.settings)

    def loaded(self, request: EscalationRequest) -> AbstractContextManager[Tables | None]:
        """What the store holds of the request, so that it is not read a second time; None where it holds nothing."""
        if not request.evidence and not request.investigation:
            return nullcontext()
        try:
            return self.tables(request.evidence, request.investigation)
        except InvestigationNotFoundError:
            if request.evidence:
                return nullcontext()
            raise

    def budget(self, task: Task) -> int:
        from deep_code_reasoning.specialists.effort import DEPTH_SHARE

        return round(self.settings.brief_tokens * DEPTH_SHARE[task.depth_level])

    def diagnosis(
        self, tables: Tables, load: LoadReport | None, evidence: Sequence[str], task: Task, work: Work
    ) -> Diagnosis:
        from deep_code_reasoning.diagnosis import KnownCode, diagnose
        from deep_code_reasoning.diagnosis.to_json import diagnosis_to_json
        from deep_code_reasoning.store.findings import write_findings
        from deep_code_reasoning.store.kept_diagnosis import keep_diagnosis

        work.on_cancel(tables.interrupt)
        diagnosis = diagnose(
            tables,
            investigation=tables.investigation,
            baseline=task.baseline,
            incident=task.incident,
            question=task.question,
            unread=load.unread if load else (),
            known=KnownCode(self.roots(evidence), self.settings.repositories),
            work=work,
        )
        folder, told = self.folder((), tables.investigation), diagnosis_to_json(diagnosis)
        write_findings(folder, diagnosis.findings, self.settings)
        keep_diagnosis(folder, told)
        work.tell({name: told[name] for name in ("verdict", "suspects")})
        return diagnosis

    def brief(
        self,
        tables: Tables,
        diagnosis: Diagnosis,
        evidence: Sequence[str],
        budget: int,
        task: Task,
        work: Work,
        provider: str = "",
        redactor: Redactor | None = None,
    ) -> Brief:
        """`redactor`: one that goes on being used, for what is sent after the brief."""
        from deep_code_reasoning.context.brief import build_brief
        from deep_code_reasoning.context.code_ranking import ranked_code
        from deep_code_reasoning.context.scanner import scanner_named

        roots = self.roots((*evidence, *map(str, task.code_files)))
        ranked = ranked_code(
            tables,
            diagnosis,
            question=task.question,
            code_files=task.code_files,
            roots=roots,
            settings=self.settings,
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
            emails=self.settings.redact_emails,
            scanner=scanner_named(self.settings.secret_scanner),
            redactor=redactor,
            work=work,
        )

    def decide(self, request: EscalationRequest, work: Work) -> EscalationDecision:
        from deep_code_reasoning.conversation.measure import measure
        from deep_code_reasoning.conversation.policy import decide

        thresholds = self.settings.escalate_when
        roots = self.roots((*request.evidence, *request.code_scope.files))
        with self.loaded(request) as tables:
            return decide(measure(request, thresholds=thresholds, roots=roots, tables=tables, work=work), thresholds)
