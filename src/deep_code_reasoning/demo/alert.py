"""The monitor that calls for help: the share of failed payments over the last minutes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from .chronicle import Chronicle

WINDOW_MINUTES = 5
THRESHOLD = 0.05
MINIMUM_PAYMENTS = 8


@dataclass(frozen=True, slots=True)
class Firing:
    """When the monitor crossed its threshold, in true seconds after the start, and what it saw."""

    at_s: float
    observed: float


def first_firing(chronicle: Chronicle, end_s: float) -> Firing:
    """Evaluate the monitor each minute; with no crossing at all, the highest value seen stands in."""
    highest = Firing(end_s, 0.0)
    for minute in range(1, int(end_s // 60) + 1):
        total, failed = chronicle.failures((minute - WINDOW_MINUTES) * 60.0, minute * 60.0)
        share = failed / total if total >= MINIMUM_PAYMENTS else 0.0
        if share > THRESHOLD:
            return Firing(minute * 60.0, share)
        if share > highest.observed:
            highest = Firing(minute * 60.0, share)
    return highest


def write(path: Path, firing: Firing, started_at: datetime) -> datetime:
    """Write alert.json; the time at which it fired."""
    fired_at = started_at + timedelta(seconds=firing.at_s)
    alert = {
        "service": "payment",
        "metric": "payment.failure_ratio",
        "threshold": THRESHOLD,
        "observed": round(firing.observed, 4),
        "fired_at": fired_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "severity": "critical",
        "monitor": "Payment failures above 5 % for 5 minutes",
        "summary": "POST /payments answers 5xx more often than allowed. Only under high load; no single pod, "
        "merchant or deploy stands out.",
    }
    path.write_text(json.dumps(alert, indent=1) + "\n", encoding="utf-8")
    return fired_at
