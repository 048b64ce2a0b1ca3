"""The record of escalations: why, by which route, what was found, what it took. It is what routing learns from.

Nothing in it is invented: a token count is the provider's, dollars are NULL where no price is known, and the time
saved stays NULL until somebody reports how the incident ended. An estimate of it has a column of its own.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sqlite3
import statistics
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.conversation.database import Database, new_id, sql
from deep_code_reasoning.conversation.outcome import OUTCOMES, OutcomeKind
from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.specialists.budget import Spent
from deep_code_reasoning.specialists.track_record import TrackRecord

if TYPE_CHECKING:
    from deep_code_reasoning.context.manifest import Manifest
    from deep_code_reasoning.conversation.policy import EscalationDecision
    from deep_code_reasoning.conversation.request import EscalationRequest
    from deep_code_reasoning.finding import Diagnosis
    from deep_code_reasoning.specialists.port import Usage
    from deep_code_reasoning.specialists.result import SpecialistResult

MOST_ROWS = 10_000  # of the newest: what is older no longer tells how a model does
_COUNTS = ("input_tokens", "output_tokens", "cached_tokens", "thinking_tokens", "cache_write_tokens")


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
        counts = _counts(specialist.usage if specialist else None)
        now = time.time_ns()
        with self._database.transaction() as connection:
            if specialist and specialist.provider != "local":
                answered = {"provider": specialist.provider, "model": specialist.model, "dollars": specialist.dollars}
                took = {"escalation_id": escalation_id, "called_at_unix_nano": now, "seconds": specialist.seconds}
                connection.execute(sql("record_sum_of_calls"), {**answered, **took, **counts})
            connection.execute(
                sql("finish_escalation"),
                {
                    "escalation_id": escalation_id,
                    "finished_at_unix_nano": now,
                    "investigation": diagnosis.investigation if diagnosis else None,
                    "route": route,
                    "provider": specialist.provider if specialist else "local",
                    "model": specialist.model if specialist else "local",
                    **counts,
                    "dollars": specialist.dollars if specialist else 0.0,
                    "seconds": seconds,
                    "verdict_kind": verdict.kind if verdict else None,
                    "verdict_summary": verdict.summary if verdict else None,
                    "verdict_confidence": verdict.confidence if verdict else None,
                    "verdict_service": verdict.service if verdict else None,
                    "verdict_commit": verdict.commit if verdict else None,
                    "finding_count": len(diagnosis.findings) if diagnosis else None,
                    "brief_manifest": _json(manifest) if manifest else None,
                    "error": error,
                },
            )

    def record_call(
        self,
        *,
        escalation_id: str | None = None,
        conversation_id: str | None = None,
        turn: int | None = None,
        task: str | None = None,
        provider: str,
        model: str,
        usage: Usage | None,
        dollars: float | None,
        seconds: float | None,
        error: str | BaseException | None = None,
        within: sqlite3.Connection | None = None,
    ) -> None:
        """Keeps one call of a model. `usage` is None where the provider counted nothing; `error` where it failed.

        Give both ids where both are known: outcomes are reported for escalations. `within`: a transaction of this
        database, for what must be kept together with the call or not at all.
        """
        said = f"{type(error).__name__}: {error}" if isinstance(error, BaseException) else error
        call = {
            "called_at_unix_nano": time.time_ns(), "project": str(Path.cwd()), "escalation_id": escalation_id,
            "conversation_id": conversation_id, "turn": turn, "task": task, "provider": provider, "model": model,
            **_counts(usage), "dollars": dollars, "seconds": seconds, "error": _storable(said),
        }  # fmt: skip
        if within:
            within.execute(sql("record_call"), call)
        else:
            self._database.run("record_call", **call)

    def spent(self, since_unix_nano: int | None = None, project: str | None = None) -> Spent:
        """What calls took since then, of one project or of all. Calls of unknown price count with their tokens only."""
        (row,) = self._database.run("spent", since_unix_nano=since_unix_nano or 0, project=project)
        return Spent(dollars=row["dollars"], tokens=row["tokens"])

    def track_record(self) -> list[TrackRecord]:
        """By task and model: outcomes of the escalations that the model answered, and its newest calls.

        `refused_or_failed` counts calls; median seconds are of calls that brought a reply, mean dollars of those whose
        price is known.
        """
        outcomes: dict[tuple[str, str], list[str]] = defaultdict(list)
        for row in self.judged():
            outcomes[row["analysis_type"], row["model"]].append(row["outcome"])
        calls: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        for row in self.calls(most=MOST_ROWS):
            calls[row["task"], row["model"]].append(row)
        keys = [key for key in sorted({*outcomes, *calls}, key=str) if all(key)]
        return [_record(*key, outcomes.get(key, []), calls.get(key, [])) for key in keys]

    def record_outcome(
        self,
        id: str,
        outcome: OutcomeKind,
        minutes_saved: float | None = None,
        minutes_estimated: float | None = None,
        note: str | None = None,
        *,
        cause_right: bool | None = None,
        verified: bool | None = None,
    ) -> str:
        """Keeps how an escalation (or the one of a conversation) ended; a later report supersedes, none is lost.

        Returns the escalation's id. Raises UsageError for an outcome or an id that there is not.
        """
        if outcome not in OUTCOMES:
            raise UsageError(f"outcome: {outcome!r}; expected one of {', '.join(OUTCOMES)}")
        escalation_id = self.escalation(id)["escalation_id"]
        self._database.run(
            "record_outcome",
            escalation_id=escalation_id,
            reported_at_unix_nano=time.time_ns(),
            outcome=outcome,
            cause_right=cause_right,
            verified=verified,
            minutes_saved=minutes_saved,
            minutes_estimated=minutes_estimated,
            note=_storable(note),
        )
        return escalation_id

    def escalation(self, id: str) -> dict[str, Any]:
        """One escalation with its decision. Raises UsageError where there is none of this id."""
        rows = self._database.run("find_escalation", id=_storable(id))
        if not rows:
            raise UsageError(f"{id!r}: no escalation or conversation of this id in the ledger; `dcr ledger` lists them")
        return _decoded(rows[0], "triggers", "brief_manifest", "reasons", "measured", "request")

    def reasons(self, most: int = MOST_ROWS) -> list[dict[str, Any]]:
        """The newest decisions first, with their reasons alone."""
        return [_decoded(row, "reasons") for row in self._database.run("list_reasons", most=most)]

    def calls_of(self, id: str, escalation_id: str) -> list[dict[str, Any]]:
        """The calls of an escalation and of its conversation, in their order."""
        return self._database.run("calls_of", id=id, escalation_id=escalation_id)

    def outcomes_of(self, escalation_id: str) -> list[dict[str, Any]]:
        """All reports, the one that counts first."""
        return self._database.run("outcomes_of", escalation_id=escalation_id)

    def judged(self, most: int = MOST_ROWS) -> list[dict[str, Any]]:
        """Escalations with an outcome, the newest report first: the measures, who answered, how it ended."""
        return [_decoded(row, "reasons") for row in self._database.run("judged_escalations", most=most)]

    def calls(
        self, most: int = 50, since_unix_nano: int | None = None, project: str | None = None
    ) -> list[dict[str, Any]]:
        """The newest calls first."""
        return self._database.run("list_calls", most=most, since_unix_nano=since_unix_nano or 0, project=project)

    def may_tell(self, session_id: str, quiet_seconds: float) -> bool:
        """True once in `quiet_seconds` for a session of an agent, whichever process asks."""
        now = time.time_ns()
        since = now - round(quiet_seconds * 1e9)
        session_id = str(_storable(session_id))
        told = self._database.run("tell_session", session_id=session_id, now_unix_nano=now, not_since_unix_nano=since)
        if told:
            self._database.run("forget_sessions", before_unix_nano=now - 7 * 86_400 * 10**9)
        return bool(told)

    def decisions(self, most: int = 50) -> list[dict[str, Any]]:
        """The newest decisions first; JSON columns are decoded."""
        return [
            _decoded(row, "reasons", "measured", "request") for row in self._database.run("list_decisions", most=most)
        ]

    def escalations(
        self, most: int = 50, since_unix_nano: int | None = None, project: str | None = None
    ) -> list[dict[str, Any]]:
        """The newest escalations first, each with the outcome that counts, without their manifests."""
        rows = self._database.run("list_escalations", most=most, since_unix_nano=since_unix_nano or 0, project=project)
        return [_decoded(row, "triggers") for row in rows]


def _storable(text: str | None) -> str | None:
    """SQLite takes no lone surrogates, which JSON of an agent and file names may hold."""
    return text.encode("utf-8", "replace").decode("utf-8") if text is not None else None


def _counts(usage: Usage | None) -> dict[str, int | None]:
    return {name: getattr(usage, name) if usage else None for name in _COUNTS}


def _record(task: str, model: str, outcomes: list[str], calls: list[dict[str, Any]]) -> TrackRecord:
    seconds = [call["seconds"] for call in calls if call["error"] is None and call["seconds"] is not None]
    dollars = [call["dollars"] for call in calls if call["dollars"] is not None]
    return TrackRecord(
        task=task,
        model=model,
        solved=outcomes.count("solved"),
        partly=outcomes.count("partly"),
        wrong=outcomes.count("wrong"),
        refused_or_failed=sum(call["error"] is not None for call in calls),
        median_seconds=statistics.median(seconds) if seconds else None,
        mean_dollars=statistics.fmean(dollars) if dollars else None,
    )


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
