"""No windows, but two exports: the later stretch of evidence is held against the one before it.

Who exports two times that lie apart has chosen a normal one and one that is not. That is a guess about people, so the
two are compared in everything that operations do (panel.py); if that shows a difference, the later one is the incident
(the earlier one, if errors have become fewer and none more), otherwise it is looked at as a window that somebody gave.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deep_code_reasoning.diagnosis.onset import FALSE_ALARMS
from deep_code_reasoning.diagnosis.panel import TRACES_A_BUCKET, Difference, difference, panel_of
from deep_code_reasoning.diagnosis.widening import ENOUGH
from deep_code_reasoning.incident import TimeWindow

if TYPE_CHECKING:
    from deep_code_reasoning.diagnosis.stretches import Stretches
    from deep_code_reasoning.store.tables import Tables

FEWEST_COUNTED = 5 * TRACES_A_BUCKET
"""Five buckets a side can be told apart by shuffling at 1 % (252 ways); a stretch with less is a stray."""


@dataclass(frozen=True)
class Exports:
    """The two stretches as windows; `difference` is None where there are no traces to compare them by."""

    baseline: TimeWindow
    incident: TimeWindow
    onset: TimeWindow
    difference: Difference | None

    @property
    def differ(self) -> bool:
        return self.difference is not None and self.difference.p_value <= FALSE_ALARMS

    def __str__(self) -> str:
        first, second = sorted((self.baseline, self.incident))
        text = f"the evidence falls into stretches with {_length(second.start - first.end)} of silence between"
        if self.difference is None:
            return text
        which = "the earlier" if self.incident < self.baseline else "the later"
        if not self.differ:
            return f"{text}; {which} differs from the other by no more than chance (p = {self.difference.p_value:.2g})"
        p_value = self.difference.p_value
        return f"{text}; {which} differs from the other, most in {self.difference.most} (p = {p_value:.2g})"


def two_exports(tables: Tables, stretches: Stretches) -> Exports | None:
    """None where the evidence is one stretch, or pauses for less long than the stretch that follows."""
    whole = [one for one in stretches.windows if stretches.count(one) >= FEWEST_COUNTED]
    if len(whole) < 2:
        return None
    earlier, later = whole[-2:]
    if later.start - earlier.end <= later.end - later.start:
        return None
    for one in reversed(whole[:-2]):
        if stretches.count(earlier) < ENOUGH:
            earlier = TimeWindow(one.start, earlier.end)
    panel = panel_of(tables, stretches, earlier, later)
    differing = difference(panel, panel.firsts[1], FALSE_ALARMS) if panel else None
    if differing and _recovered(differing):
        return Exports(later, earlier, TimeWindow(earlier.start, earlier.start), differing)
    return Exports(earlier, later, TimeWindow(earlier.end, later.start), differing)


def _recovered(found: Difference) -> bool:
    errors = [deviation for kind, deviation in found.deviations.items() if kind.measure == "errors"]
    return bool(errors) and max(errors) < 0


def _length(nanoseconds: int) -> str:
    minutes = round(nanoseconds / 60e9)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
