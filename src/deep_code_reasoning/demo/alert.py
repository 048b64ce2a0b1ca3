"""The monitor that calls for help: what it watches, when it crossed its threshold, and what it then says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Monitor:
    """`value` of true seconds after the start is what the monitor sees then; None when it sees too little."""

    service: str
    metric: str
    threshold: float
    title: str
    summary: str
    value: Callable[[float], float | None]


@dataclass(frozen=True, slots=True)
class Firing:
    """When the monitor crossed its threshold, in true seconds after the start, and what it saw."""

    at_s: float
    observed: float


def first_firing(monitor: Monitor, moments: Iterable[float], end_s: float) -> Firing:
    """Evaluate the monitor at these moments; with no crossing at all, the highest value seen stands in."""
    highest = Firing(end_s, 0.0)
    for moment in moments:
        value = monitor.value(moment) or 0.0
        if value > monitor.threshold:
            return Firing(moment, value)
        if value > highest.observed:
            highest = Firing(moment, value)
    return highest


def write(path: Path, monitor: Monitor, firing: Firing, started_at: datetime) -> datetime:
    """Write alert.json; the time at which it fired."""
    fired_at = started_at + timedelta(seconds=firing.at_s)
    alert = {
        "service": monitor.service,
        "metric": monitor.metric,
        "threshold": monitor.threshold,
        "observed": round(firing.observed, 4),
        "fired_at": fired_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "severity": "critical",
        "monitor": monitor.title,
        "summary": monitor.summary,
    }
    path.write_text(json.dumps(alert, indent=1) + "\n", encoding="utf-8")
    return fired_at
