"""The verbs about the ledger: what escalations cost and found, how they ended, and what is learned from it."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.conversation.ledger import Ledger
from deep_code_reasoning.conversation.outcome import OutcomeKind, minutes_estimated
from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.settings import Settings, learned_thresholds, write_learned_thresholds

if TYPE_CHECKING:
    from pathlib import Path

    from deep_code_reasoning.conversation.tuning import Tuning

EXPORT_FORMATS = ("json", "csv", "otlp")
MOST_EXPORTED = 1_000_000
_CSV_COLUMNS = (
    "escalation_id", "started_at_unix_nano", "finished_at_unix_nano", "project", "analysis_type", "triggers", "route",
    "provider", "model", "calls", "input_tokens", "output_tokens", "cached_tokens", "thinking_tokens",
    "cache_write_tokens", "dollars", "seconds", "verdict_kind", "verdict_summary", "verdict_confidence",
    "verdict_service", "verdict_commit", "finding_count", "error", "outcome", "cause_right", "verified",
    "minutes_saved", "minutes_estimated", "note",
)  # fmt: skip
_SUMMED = ("input_tokens", "output_tokens", "cached_tokens", "thinking_tokens", "cache_write_tokens", "dollars")


@dataclass(frozen=True)
class LedgerView:
    """`escalations`, the newest first, each with the sums of its calls; `totals` over all of them and their calls."""

    escalations: tuple[dict[str, Any], ...]
    totals: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        return {"schema": "ledger/1", "totals": self.totals, "escalations": list(self.escalations)}


class Bookkeeping:
    """The verbs over the ledger of one state directory."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._ledger = Ledger(settings.state_dir)

    def view(
        self, *, since_unix_nano: int | None = None, project: str | None = None, most: int = MOST_EXPORTED
    ) -> LedgerView:
        """Escalations since then, of one project (a working directory) or of all, and what they add up to."""
        escalations, calls = self._rows(since_unix_nano, project)
        return LedgerView(tuple(escalations[:most]), _totals(escalations, calls))

    def show(self, id: str) -> dict[str, Any]:
        """Everything of one escalation, by its id or that of its conversation. Raises UsageError."""
        row = self._ledger.escalation(id)
        outcomes = self._ledger.outcomes_of(row["escalation_id"])
        manifest = row.pop("brief_manifest")
        return {
            **row,
            "manifest": _manifest_summary(manifest) if manifest else None,
            "calls": self._ledger.calls_of(id, row["escalation_id"]),
            "outcome": outcomes[0] if outcomes else None,
            "superseded_outcomes": outcomes[1:],
        }

    def export(self, format: str, *, since_unix_nano: int | None = None, project: str | None = None) -> str:
        """The ledger as text: `json` (escalations and calls), `csv` (a line an escalation), `otlp` (metrics)."""
        if format not in EXPORT_FORMATS:
            raise UsageError(f"format: {format!r}; expected one of {', '.join(EXPORT_FORMATS)}")
        escalations, calls = self._rows(since_unix_nano, project)
        if format == "json":
            return json.dumps({"schema": "ledger-export/1", "escalations": escalations, "calls": calls}) + "\n"
        if format == "csv":
            return _csv(escalations)
        from deep_code_reasoning.conversation.ledger_metrics import as_otlp

        return json.dumps(as_otlp(calls, escalations), separators=(",", ":")) + "\n"

    def record_outcome(
        self,
        id: str,
        outcome: OutcomeKind,
        *,
        minutes_saved: float | None = None,
        cause_right: bool | None = None,
        verified: bool | None = None,
        note: str | None = None,
    ) -> dict[str, Any]:
        """Keeps how it ended, with an estimate of the minutes saved where the attempts' times are known. Returns it."""
        if minutes_saved is not None and not math.isfinite(minutes_saved):
            raise UsageError(f"minutes_saved: {minutes_saved}; expected a number of minutes")
        row = self._ledger.escalation(id)
        estimated = minutes_estimated(outcome, row["request"], row["seconds"])
        escalation_id = self._ledger.record_outcome(
            id, outcome, minutes_saved, estimated, note, cause_right=cause_right, verified=verified
        )
        (kept, *_) = self._ledger.outcomes_of(escalation_id)
        return kept

    def tune(self, *, write: bool = False) -> tuple[Tuning, Path | None]:
        """What the outcomes say about the thresholds and the models; written only where told. Changes nothing else."""
        from deep_code_reasoning.conversation.tuning import tune

        decisions = self._ledger.reasons()
        before = learned_thresholds(self._settings.state_dir)
        records = self._ledger.track_record()
        tuning = tune(self._ledger.judged(), decisions, records, self._settings.escalate_when, before)
        path = write_learned_thresholds(self._settings.state_dir, tuning.learned) if write else None
        return tuning, path

    def _rows(
        self, since_unix_nano: int | None, project: str | None
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        escalations = self._ledger.escalations(MOST_EXPORTED, since_unix_nano, project)
        calls = self._ledger.calls(MOST_EXPORTED, since_unix_nano, project)
        by_escalation: dict[str, list[dict[str, Any]]] = {}
        for call in calls:
            by_escalation.setdefault(call["escalation_id"], []).append(call)
        for row in escalations:
            made = by_escalation.get(row["escalation_id"], [])
            row["calls"] = len(made)
            if made:  # the calls are what was paid; the row's own sums are those of the last answer
                row.update({name: _sum(made, name) for name in _SUMMED})
        return escalations, calls


def _totals(escalations: Sequence[dict[str, Any]], calls: Sequence[dict[str, Any]]) -> dict[str, Any]:
    ends = [row["outcome"] for row in escalations]
    read, cached = _sum(calls, "input_tokens"), _sum(calls, "cached_tokens")
    return {
        "escalations": len(escalations),
        **{outcome: ends.count(outcome) for outcome in ("solved", "partly", "wrong")},
        "unreported": ends.count(None),
        "calls": len(calls),
        "failed_calls": sum(call["error"] is not None for call in calls),
        **{name: _sum(calls, name) for name in _SUMMED},
        "calls_of_unknown_price": sum(call["dollars"] is None for call in calls),
        "cached_share": round(cached / read, 4) if read and cached is not None else None,
        "seconds": _sum(escalations, "seconds"),
        "minutes_saved_reported": _sum(escalations, "minutes_saved"),
        "minutes_saved_estimated": _sum(escalations, "minutes_estimated"),
    }


def _sum(rows: Iterable[dict[str, Any]], name: str) -> float | None:
    """None where no row knows: an unknown sum is not zero."""
    known = [row[name] for row in rows if row[name] is not None]
    return sum(known) if known else None


def _manifest_summary(manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest with its lists counted: the whole of it may be thousands of items."""
    return {name: len(value) if isinstance(value, list) else value for name, value in manifest.items()}


def _csv(escalations: Sequence[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_CSV_COLUMNS)
    for row in escalations:
        writer.writerow([_cell("; ".join(v) if isinstance(v := row.get(name), list) else v) for name in _CSV_COLUMNS])
    return out.getvalue()


def _cell(value: Any) -> Any:
    """A spreadsheet runs text that begins like a formula; notes and errors may hold anything."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
