"""Who else is hit: the services above the first failing one on the traces that show the symptom, and those that began
to warn of something unknown in the incident."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.detectors.groundwork.windows import bounds
from deep_code_reasoning.finding import Finding

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

MOST_TRACES = 1_000
LEAST_SHARE = 0.05
"""Of the symptomatic traces through the cause; rarer callers are not what the incident is about."""


def blast_radius(tables: Tables, incident: Incident, service: str, explained: Iterable[Finding]) -> tuple[str, ...]:
    """The other affected services: most affected first, then those that warn, then those that only findings name."""
    rows = tables.rows(_sql("blast_radius"), service=service, traces=MOST_TRACES)
    hit = [name for name, traces, affected in rows if traces >= LEAST_SHARE * affected]
    warning = []
    if incident.baseline and incident.incident:
        warning = [name for name, *_ in tables.rows(_sql("blast_radius_lines"), **bounds(incident))]
    named = sorted({finding.subject.service for finding in explained if finding.subject.service})
    return tuple(dict.fromkeys(name for name in (*hit, *warning, *named) if name != service))


def _sql(name: str) -> str:
    return Path(__file__).with_name(f"{name}.sql").read_text(encoding="utf-8")
