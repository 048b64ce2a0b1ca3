"""Windows that are given a bit off: the export says what belongs together, and that is told.

A stretch of evidence (stretches.py) that meets only one of the two windows is what was exported for it, so the window
may take the whole of it. It does so only if it holds too little to compare by itself: a window that is narrow on
purpose, and full, stands.

A trace counts for the window in which it began, here as in every rule. Counting those that only reach into a window
would prefer long ones (the inspection paradox), and the incident would look slower than it was.
"""

from __future__ import annotations

from deep_code_reasoning.diagnosis.stretches import Stretches
from deep_code_reasoning.incident import TimeWindow, Widening

ENOUGH = 44
"""With so many traces on each side, Fisher's exact test at 1 % finds a failure that hits one trace in five and none
before, four times in five; with fewer, less often (computed in tests/diagnosis/test_widening.py)."""


def widen(
    baseline: TimeWindow | None, incident: TimeWindow | None, stretches: Stretches
) -> tuple[TimeWindow | None, TimeWindow | None, tuple[Widening, ...]]:
    """The windows to use, and what was changed or holds nothing. They never meet if those given do not."""
    if baseline and incident and baseline.start < incident.end and incident.start < baseline.end:
        return baseline, incident, ()
    used_baseline = _widened(baseline, incident, stretches)
    used_incident = _widened(incident, baseline, stretches)
    told = (
        _told("baseline", baseline, used_baseline, stretches),
        _told("incident", incident, used_incident, stretches),
    )
    return used_baseline, used_incident, tuple(one for one in told if one)


def _widened(window: TimeWindow | None, other: TimeWindow | None, stretches: Stretches) -> TimeWindow | None:
    if window is None or stretches.count(window) >= ENOUGH:
        return window
    own = stretches.meeting(window) - stretches.meeting(other)
    if other is None and len(own) == len(stretches.windows):
        return window  # nothing would be left to compare with
    start = min((one.start for one in own), default=window.start)
    end = max((one.end for one in own), default=window.end)
    widened = TimeWindow(min(window.start, start), max(window.end, end))
    return widened if stretches.count(widened) > stretches.count(window) else window


def _told(name: str, given: TimeWindow | None, used: TimeWindow | None, stretches: Stretches) -> Widening | None:
    if given is None or used is None:
        return None
    before, after = stretches.count(given), stretches.count(used)
    if given == used and (after or not len(stretches.counted)):
        return None
    return Widening(name, given, used, before, after, stretches.unit)
