"""What the incident is about: failing entries, requests that fail further in, or slow ones. Detectors count by it.

The groundwork calls a trace symptomatic when its entry failed or was slow. Where failures have become more frequent
they are the symptom and slowness alone is not: two symptoms with two causes would otherwise acquit both. An alert
that names a service asks about the requests that fail there. Where neither failures nor unusually slow requests have
become more frequent, all of them may have become slower by a little: then the ones in the baseline's slowest twentieth
are counted.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from deep_code_reasoning.detectors.significance import more_often

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

Symptom = Literal["at_service", "at_entry", "inside", "any", "slower"]

CHANCE = 0.01
"""Failures have become more frequent when chance alone would do that at most this often (Fisher's exact test)."""

CHANCE_WHEN_ALERTED = 0.05
"""The same for the requests at the service that an alert names: a monitor has already said so."""

WORDS = {
    "at_service": "failed at {service}",
    "at_entry": "failed",
    "inside": "failed at some service",
    "any": "failed or were unusually slow",
    "slower": "took longer than 19 of 20 did before",
}
CONDITIONS: dict[Symptom, str] = {
    "at_service": "at_service",
    "at_entry": "at_entry",
    "inside": "inside",
    "any": "(at_entry OR slow)",
    "slower": "slower",
}
"""The gravest first."""


def settle_symptom(tables: Tables, incident: Incident) -> Symptom:
    """Chooses the symptom and writes it: `trace_symptoms.is_abnormal`, and `symptomatic` of `trace_outcomes`."""
    service = incident.alert.service if incident.alert else None
    tables.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"), service=service)
    chosen: Symptom = next((symptom for symptom in CONDITIONS if _has_risen(tables, symptom)), "any")
    tables.execute(
        f"ALTER TABLE trace_symptoms ADD COLUMN is_abnormal BOOLEAN; "
        f"UPDATE trace_symptoms SET is_abnormal = ({CONDITIONS[chosen]})"
    )
    tables.execute(
        "UPDATE trace_outcomes SET symptomatic = phase = 'incident' AND trace_number IN "
        "(SELECT trace_number FROM trace_symptoms WHERE is_abnormal)"
    )
    return chosen


def _has_risen(tables: Tables, symptom: Symptom) -> bool:
    shown = CONDITIONS[symptom]
    counts = tables.rows(
        f"SELECT COUNT(*) FILTER (WHERE phase = 'incident' AND {shown}), COUNT(*) FILTER (WHERE phase = 'incident'), "
        f"COUNT(*) FILTER (WHERE phase = 'baseline' AND {shown}), COUNT(*) FILTER (WHERE phase = 'baseline') "
        "FROM trace_symptoms"
    )[0]
    failing, after, failing_before, before = counts
    if not failing:
        return False
    if not before:
        return symptom != "slower"  # one in twenty is among the slowest twentieth
    return more_often(failing, after, failing_before, before) <= chance_of(symptom)


def chance_of(symptom: str) -> float:
    return CHANCE_WHEN_ALERTED if symptom == "at_service" else CHANCE
