"""What several detectors read, computed once a diagnosis into temporary tables before the detectors run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.store.tables import Tables


def prepare(tables: Tables, incident: Incident, work: Work) -> None:
    """Fills the temporary tables that this folder's modules name, in the order in which they need one another.

    Columns: their .sql files. Replaces what an earlier call left, where that depends on the incident. Raises
    CancelledError when the work was taken back.
    """
    from deep_code_reasoning.detectors.groundwork.clocks import host_clocks
    from deep_code_reasoning.detectors.groundwork.metrics import metric_shifts
    from deep_code_reasoning.detectors.groundwork.sampling import sampling
    from deep_code_reasoning.detectors.groundwork.traces import failed_spans, trace_outcomes

    trace_outcomes.prepare(tables, incident)
    work.check()
    sampling.prepare(tables, incident)
    work.check()
    failed_spans.prepare(tables)
    work.check()
    host_clocks.prepare(tables)
    work.check()
    metric_shifts.prepare(tables, incident)
    work.check()
