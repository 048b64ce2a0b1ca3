"""Who else is hit: the services above the first failing one on the traces that show the symptom."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.finding import Finding

if TYPE_CHECKING:
    from deep_code_reasoning.store.tables import Tables

MOST_TRACES = 1_000
LEAST_SHARE = 0.05
"""Of the symptomatic traces through the cause; rarer callers are not what the incident is about."""


def blast_radius(tables: Tables, service: str, explained: Iterable[Finding]) -> tuple[str, ...]:
    """The other affected services, most affected first; those that only findings name come last."""
    sql = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    rows = tables.rows(sql, service=service, traces=MOST_TRACES)
    hit = [name for name, traces, affected in rows if traces >= LEAST_SHARE * affected]
    named = sorted({finding.subject.service for finding in explained if finding.subject.service})
    return tuple(dict.fromkeys(name for name in (*hit, *named) if name != service))
