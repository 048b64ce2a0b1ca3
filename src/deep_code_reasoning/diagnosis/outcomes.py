"""What the traces of the incident came to, and how far "symptomatic" means anything beyond what was usual before."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.detectors.significance import more_often, rate_ratio
from deep_code_reasoning.diagnosis.evidence_model import enough
from deep_code_reasoning.diagnosis.symptom import Symptom, chance_of

if TYPE_CHECKING:
    from deep_code_reasoning.store.tables import Tables


@dataclass(frozen=True)
class Outcomes:
    """Counts of traces; `abnormal` shows the settled symptom, `failing` holds a request that failed."""

    incident_traces: int = 0
    incident_abnormal: int = 0
    baseline_traces: int = 0
    baseline_abnormal: int = 0
    symptomatic: int = 0
    failing: int = 0
    failing_entries: int = 0
    slow: int = 0
    symptom: Symptom = "any"
    symptomatic_ends: tuple[int, ...] = ()

    @property
    def attributable(self) -> float:
        """The share of the symptomatic traces that the incident is to blame for: 1 - 1 / (rate ratio).

        Epidemiology's attributable fraction; 0 where the rate has not risen by more than chance, so that a few slow
        traces that happen every day do not decide. Without a baseline there is nothing to deduct: 1, less
        where the traces are few.
        """
        after, before = self.incident_traces, self.baseline_traces
        if not before or not after:
            return enough(self.symptomatic)
        if more_often(self.incident_abnormal, after, self.baseline_abnormal, before) > chance_of(self.symptom):
            return 0.0
        ratio = rate_ratio(self.incident_abnormal, after, self.baseline_abnormal, before)
        return max(0.0, 1 - 1 / ratio.ratio)

    @property
    def bad(self) -> str:
        """What the symptomatic ones are, in a word."""
        if self.symptom == "slower":
            return "slower"
        return (
            "failing"
            if self.symptom != "any" or not self.slow
            else "failing or slow"
            if self.failing_entries
            else "slow"
        )

    def before(self, moment: int) -> int:
        """How many of the symptomatic traces were over by then."""
        return bisect_left(self.symptomatic_ends, moment)


def outcomes_of(tables: Tables, symptom: Symptom) -> Outcomes:
    """Reads `trace_outcomes` and `trace_symptoms`."""
    counts = tables.dicts(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))[0]
    ends = tables.rows(
        "SELECT start_time_unix_nano + duration_nano AS ended FROM trace_outcomes WHERE symptomatic ORDER BY ended"
    )
    return Outcomes(**counts, symptom=symptom, symptomatic_ends=tuple(end for (end,) in ends))
