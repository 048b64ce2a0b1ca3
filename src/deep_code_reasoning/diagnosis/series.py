"""What the onset search looks at: entries that fail or are slow, failed requests and calls, error lines, metric points.

Buckets hold equally many events, not equally long times: a surge then does not hide in a few full buckets, and quiet
hours do not make empty ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.diagnosis.onset import FEWEST_BUCKETS, Series

if TYPE_CHECKING:
    from deep_code_reasoning.store.tables import Tables

MOST_BUCKETS = 90
FEWEST_EVENTS_A_BUCKET = 5

COUNT_ENTRIES = "SELECT COUNT(*) FROM topology WHERE parent_number IS NULL"
OPERATIONS = "operations"
"""Not a series but hundreds, judged as one (panel_scan.py)."""

SIGNALS: dict[str, tuple[str, tuple[str, ...]] | None] = {
    "entries": (COUNT_ENTRIES, ("errors", "slow")),
    "inside": (COUNT_ENTRIES, ("at_service", "errors", "calls")),
    "logs": ("SELECT COUNT(time_unix_nano) FROM logs", ("errors",)),
    OPERATIONS: None,
    "metrics": ("SELECT COUNT(DISTINCT time_unix_nano) * 5 FROM metrics", ("high", "low")),
}
WHEN_ALERTED = {"entries": ("slower",)}
"""Asked only when a monitor has fired: that most requests are a little slower is so of every busy hour."""

GRAVEST_FIRST = (
    "inside: at_service",
    "entries: errors",
    "inside: errors",
    "inside: calls",
    "entries: slow",
    "logs: errors",
    OPERATIONS,
    "metrics: high",
    "metrics: low",
)
"""The order in which significant changes speak for the onset: as the symptom is chosen (symptom.py)."""
IN_WORDS = {
    "inside: at_service": "requests that fail at the service alerted",
    "entries: errors": "requests that fail",
    "inside: errors": "requests that fail at some service",
    "inside: calls": "calls that only the caller saw fail",
    "entries: slow": "slow requests",
    "entries: slower": "requests slower than half of their kind",
    "logs: errors": "error lines",
    "metrics: high": "metrics that are unusually high",
    "metrics: low": "metrics that are unusually low",
}

LAST_ASKED = (OPERATIONS, "metrics")
"""Only asked where those before show nothing."""

UNITS = {"entries": "requests", "inside": "traces", "logs": "lines", "metrics": "points"}


def gravity(name: str) -> int:
    """The place of a series in GRAVEST_FIRST; slow and slower requests are one symptom, the surer of the two speaks."""
    name = "entries: slow" if name == "entries: slower" else name
    return GRAVEST_FIRST.index(OPERATIONS if name.startswith(OPERATIONS) else name)


def series_of(tables: Tables, signal: str, service: str | None = None, *, alerted: bool = False) -> Iterator[Series]:
    """The series of one of SIGNALS (`service`: the one an alert names); none where there is too little of it."""
    import numpy as np

    asked = SIGNALS[signal]
    if asked is None:
        return
    count_sql, names = asked
    names += WHEN_ALERTED.get(signal, ()) if alerted else ()
    events = tables.rows(count_sql)[0][0]
    buckets = min(MOST_BUCKETS, events // FEWEST_EVENTS_A_BUCKET)
    if buckets < FEWEST_BUCKETS:
        return
    sql = Path(__file__).with_name(f"onset_{signal}.sql").read_text(encoding="utf-8")
    rows = tables.dicts(sql, buckets=buckets, service=service)
    if not rows:
        return
    edges = np.array([row["starts"] for row in rows] + [rows[-1]["ends"] + 1], dtype=np.int64)
    total = np.array([row["total"] for row in rows], dtype=np.int64)
    over = np.array([row.get("over", row["ends"]) for row in rows], dtype=np.int64)
    for name in names:
        bad = np.array([row[name] for row in rows], dtype=np.int64)
        named = f"{signal}: {name}"
        yield Series(named, edges, bad, total, over, UNITS[signal], IN_WORDS[named])
