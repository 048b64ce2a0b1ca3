"""Which traces show the incident's symptom. Columns: trace_outcomes.sql."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.detectors.contract import sql_beside
from deep_code_reasoning.detectors.groundwork.windows import bounds

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

FORWARDS = 0.9
"""The least share of its requests that a gateway hands on once: the others it answers by itself, or they fail."""

SLOW = {"percentile_from": 100, "deviations": 3, "spread_from": 5}
"""When an entry is slow: one in a hundred of the usual ones by their percentile, one in seven hundred by deviations."""


def prepare(tables: Tables, incident: Incident) -> None:
    """Creates the temporary table `trace_outcomes`, and `trace_entries` unless it is there."""
    tables.execute(Path(__file__).with_name("trace_entries.sql").read_text(encoding="utf-8"), forwards=FORWARDS)
    tables.execute(sql_beside(__file__), **bounds(incident), **SLOW)
