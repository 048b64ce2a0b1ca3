"""The record of escalations: why, by which route, what was found, what it took. It is what routing learns from.

Nothing in it is estimated: a token count is the provider's, dollars are NULL where no price is known, and the time
saved stays NULL until somebody reports how the incident ended.
"""

from __future__ import annotations

import dataclasses
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.conversation.database import Database, new_id

if TYPE_CHECKING:
    from deep_code_reasoning.context.manifest import Manifest
    from deep_code_reasoning.conversation.policy import EscalationDecision
    from deep_code_reasoning.conversation.request import EscalationRequest
    from deep_code_reasoning.finding import Diagnosis
    from deep_code_reasoning.specialists.result import SpecialistResult


class Ledger:
    """Safe with several threads and processes; every call is one short transaction."""

    def __init__(self, state_dir: Path) -> None:
        self._database = Database(state_dir)

    def record_decision(self, request: EscalationRequest, decision: EscalationDecision) -> str:
        """Keeps a decision with its reasons, the measures and the call. Returns its id."""
        decision_id = new_id("dec")
        self._database.run(
            "record_decision",
            decision_id=decision_id,
            decided_at_unix_nano=time.time_ns(),
            project=str(Path.cwd()),
            escalate=int(decision.escalate),
            reasons=_json(decision.reasons),
            measured=_json(decision.measured),
            request=_json(request.as_json()),
        )
        return decision_id

    def begin_escalation(self, request: EscalationRequest, decision: EscalationDecision) -> str:
        """Keeps the decision and that its escalation has started. Returns the escalation's id."""
        decision_id = self.record_decision(request, decision)
        escalation_id = new_id("esc")
        self._database.run(
            "begin_escalation",
            escalation_id=escalation_id,
            decision_id=decision_id,
            started_at_unix_nano=time.time_ns(),
            process_id=os.getpid(),
            analysis_type=request.analysis_type,
            triggers=_json([reason.text for reason in decision.triggers]),
            investigation=request.investigation,
        )
        return escalation_id

    def finish_escalation(
        self,
        escalation_id: str,
        *,
        seconds: float,
        diagnosis: Diagnosis | None = None,
        route: str | None = None,
        specialist: SpecialistResult | None = None,
        manifest: Manifest | None = None,
        error: str | None = None,
    ) -> None:
        """Completes an escalation once; a second call changes nothing.

        Without a specialist nothing was sent anywhere: tokens stay NULL and dollars are 0. `error` may stand beside a
        diagnosis (the specialist failed, the local answer holds) or alone (nothing came of it).
        """
        verdict = diagnosis.verdict if diagnosis else None
        usage = specialist.usage if specialist else None
        self._database.run(
            "finish_escalation",
            escalation_id=escalation_id,
            finished_at_unix_nano=time.time_ns(),
            investigation=diagnosis.investigation if diagnosis else None,
            route=route,
            provider=specialist.provider if specialist else "local",
            model=specialist.model if specialist else "local",
            input_tokens=usage.input_tokens if usage else None,
            output_tokens=usage.output_tokens if usage else None,
            cached_tokens=usage.cached_tokens if usage else None,
            thinking_tokens=usage.thinking_tokens if usage else None,
            dollars=specialist.dollars if specialist else 0.0,
            seconds=seconds,
            verdict_kind=verdict.kind if verdict else None,
            verdict_summary=verdict.summary if verdict else None,
            verdict_confidence=verdict.confidence if verdict else None,
            verdict_service=verdict.service if verdict else None,
            verdict_commit=verdict.commit if verdict else None,
            finding_count=len(diagnosis.findings) if diagnosis else None,
            brief_manifest=_json(manifest) if manifest else None,
            error=error,
        )

    def decisions(self, most: int = 50) -> list[dict[str, Any]]:
        """The newest decisions first; JSON columns are decoded."""
        return [
            _decoded(row, "reasons", "measured", "request") for row in self._database.run("list_decisions", most=most)
        ]

    def escalations(self, most: int = 50) -> list[dict[str, Any]]:
        """The newest escalations first; JSON columns are decoded."""
        return [
            _decoded(row, "triggers", "brief_manifest") for row in self._database.run("list_escalations", most=most)
        ]


def _json(value: Any) -> str:
    return json.dumps(value, default=_plain, separators=(",", ":"))  # ASCII: file names may hold lone surrogates


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    return str(value)


def _decoded(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {**row, **{name: json.loads(row[name]) for name in names if row[name] is not None}}
