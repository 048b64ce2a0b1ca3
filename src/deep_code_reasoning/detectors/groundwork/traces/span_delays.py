"""What spans took by themselves and on the way, and how much more than usual. Columns: the .sql files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.detectors.contract import sql_beside
from deep_code_reasoning.detectors.groundwork.windows import bounds

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

LARGEST_FAMILY = 64
"""Above so many children of one span, overlaps of siblings are not looked at: pairs would grow with the square."""


def prepare(tables: Tables, incident: Incident) -> None:
    """Creates `trace_phases` and `span_delays`, and `span_times` unless it is there. Needs `trace_entries`."""
    times = Path(__file__).with_name("span_times.sql").read_text(encoding="utf-8")
    tables.execute(times, largest_family=LARGEST_FAMILY)
    tables.execute(sql_beside(__file__), **bounds(incident))
