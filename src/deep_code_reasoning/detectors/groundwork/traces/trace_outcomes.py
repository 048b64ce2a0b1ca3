"""Which traces show the incident's symptom. Columns: trace_outcomes.sql."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.detectors.contract import sql_beside
from deep_code_reasoning.detectors.groundwork.traces import span_delays
from deep_code_reasoning.detectors.groundwork.windows import bounds

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

FORWARDS = 0.9
"""The least share of its requests that a gateway hands on once: the others it answers by itself, or they fail."""

FEW = {"percentile_from": 100, "deviations": 3}
"""Of a hundred traces one is above their 99th percentile; of ten, one in eleven is above the largest."""


def prepare(tables: Tables, incident: Incident) -> None:
    """Creates `trace_outcomes`, what it needs (`span_delays`), what follows from it (`entry_increases`), and
    `trace_entries` if missing."""
    tables.execute(_text("trace_entries"), forwards=FORWARDS)
    span_delays.prepare(tables, incident)
    baseline_start = bounds(incident)["baseline_start"]
    tables.execute(sql_beside(__file__), baseline_start=baseline_start, **FEW)
    tables.execute(_text("entry_increases"))


def _text(name: str) -> str:
    return Path(__file__).with_name(f"{name}.sql").read_text(encoding="utf-8")
