"""Whether a specialist takes part, who, and under which limits; each of its calls is kept in the ledger."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.answer import LOCAL, Cost
from deep_code_reasoning.errors import DcrError, SpecialistError
from deep_code_reasoning.hypothesising.answers import Consulted
from deep_code_reasoning.progress import Progress

if TYPE_CHECKING:
    from deep_code_reasoning.briefing import Briefing
    from deep_code_reasoning.conversation.ledger import Ledger
    from deep_code_reasoning.conversation.request import EscalationRequest
    from deep_code_reasoning.experiments.consulting import Consultation
    from deep_code_reasoning.finding import Diagnosis
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.specialists.budget import Consent, Meter
    from deep_code_reasoning.specialists.port import Usage
    from deep_code_reasoning.specialists.result import SpecialistResult
    from deep_code_reasoning.specialists.routing import Route
    from deep_code_reasoning.store.tables import Tables

TASK = "hypothesis_test"
_REQUEST_TOKENS = 8_000
"""About what the tables' description, the verdict and the titles of the findings take."""


@dataclass
class Party:
    """`consultation` is None where no model is asked: none is at hand, none is wanted, or it may not be."""

    reason: str
    consultation: Consultation | None = None
    meter: Meter | None = None
    problems: list[str] = field(default_factory=list)
    ledger: Ledger | None = None
    escalation: str | None = None
    started: float = field(default_factory=time.monotonic)

    def cost(self, seconds: float) -> Cost:
        asked = self.consultation
        if asked is None:
            return Cost(seconds, self.reason)
        usage = asked.usage
        return Cost(seconds, self.reason, usage.input_tokens, usage.output_tokens, asked.dollars)

    def consulted(self, explanation: str = "") -> Consulted:
        asked = self.consultation
        problems = (*self.problems, *(asked.problems if asked else ()))
        provider, model = asked.answered_by if asked and asked.answered_by[0] else (LOCAL, LOCAL)
        return Consulted(provider, model, self.reason, explanation, problems, self.escalation)

    def close(self, diagnosis: Diagnosis, error: BaseException | None = None) -> None:
        """Where a model was asked the ledger keeps what it cost, as of every escalation."""
        if self.meter:
            self.meter.close()
        if self.ledger is None or self.escalation is None or self.consultation is None:
            return
        said = "; ".join(self.consultation.problems) or None
        if error is not None:
            said = str(error) if isinstance(error, DcrError) else type(error).__name__
        seconds = time.monotonic() - self.started
        self.ledger.finish_escalation(
            self.escalation,
            seconds=seconds,
            diagnosis=diagnosis,
            route=self.reason,
            specialist=self._result(seconds),
            error=said,
        )

    def _result(self, seconds: float) -> SpecialistResult | None:
        from deep_code_reasoning.specialists.analysis import Analysis
        from deep_code_reasoning.specialists.result import SpecialistResult

        asked = self.consultation
        if asked is None or not asked.answered_by[0]:
            return None
        provider, model = asked.answered_by
        return SpecialistResult(Analysis(), model, provider, asked.usage, asked.dollars, seconds, self.reason)


def party_of(
    request: EscalationRequest,
    tables: Tables,
    diagnosis: Diagnosis,
    roots: Sequence[Path],
    briefing: Briefing,
    consent: Consent | None,
    work: Work,
) -> Party:
    """Raises UsageError for a model that there is not; what else keeps a specialist away is a problem of the party."""
    from deep_code_reasoning.context.redact import Redactor
    from deep_code_reasoning.context.scanner import scanner_named
    from deep_code_reasoning.conversation.ledger import Ledger
    from deep_code_reasoning.conversation.sessions.specialist import Specialists
    from deep_code_reasoning.experiments.consulting import Consultation
    from deep_code_reasoning.specialists.budget import Spent
    from deep_code_reasoning.specialists.tools.desk import Desk

    settings = briefing.settings
    ledger = Ledger(settings.state_dir)
    specialists = Specialists(settings, ledger, consent)
    try:
        route: Route = specialists.route(
            request.model, TASK, brief_tokens=_REQUEST_TOKENS, depth_level=request.depth_level
        )
        if route.provider == LOCAL:
            return Party(route.reason)
        meter = specialists.meter(os.path.realpath(Path.cwd()), Spent(), 0.0)
        chain = specialists.chain(
            route, request.time_budget_seconds, meter, lambda said: work.report(Progress("ask", 0, message=said))
        )
        redactor = Redactor(emails=settings.redact_emails)
        scanner = scanner_named(settings.secret_scanner)
    except SpecialistError as error:
        return Party("no model was asked", problems=[str(error)])

    escalation = ledger.begin_escalation(request, briefing.decide(request, work))

    def recorded(
        provider: str, model: str, usage: Usage | None, dollars: float | None, seconds: float, error: Exception | None
    ) -> None:
        ledger.record_call(
            escalation_id=escalation,
            task=TASK,
            provider=provider,
            model=model,
            usage=usage,
            dollars=dollars,
            seconds=seconds,
            error=error,
        )

    desk = Desk(tables, diagnosis, tuple(roots), redactor, settings, (), scanner)
    consultation = Consultation(
        route.entry, chain, meter, desk, recorded, work, request.time_budget_seconds, request.depth_level
    )
    return Party(route.reason, consultation, meter, ledger=ledger, escalation=escalation)
