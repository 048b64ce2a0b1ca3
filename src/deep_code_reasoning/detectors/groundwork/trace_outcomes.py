"""Which traces show the incident's symptom. Columns: trace_outcomes.sql."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deep_code_reasoning.detectors.contract import sql_beside
from deep_code_reasoning.detectors.groundwork.windows import bounds

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables


def prepare(tables: Tables, incident: Incident) -> None:
    """Creates the temporary table `trace_outcomes`."""
    tables.execute(sql_beside(__file__), **bounds(incident))
