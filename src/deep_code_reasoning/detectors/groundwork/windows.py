"""The windows of an incident as the parameters that detectors' SQL names."""

from __future__ import annotations

from deep_code_reasoning.incident import Incident, TimeWindow


def bounds(incident: Incident) -> dict[str, int | None]:
    """`baseline_start`, `baseline_end`, `incident_start`, `incident_end` in nanoseconds, None where not known."""
    named = {"baseline": incident.baseline, "incident": incident.incident}
    return {
        f"{name}_{edge}": getattr(window, edge) if isinstance(window, TimeWindow) else None
        for name, window in named.items()
        for edge in ("start", "end")
    }
