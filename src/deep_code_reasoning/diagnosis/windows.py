"""Which windows to compare: the ones given, those an alert bounds, those the onset search finds, or none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from deep_code_reasoning.diagnosis.exports import Exports, two_exports
from deep_code_reasoning.diagnosis.onset import (
    FALSE_ALARMS,
    FALSE_ALARMS_WHEN_ALERTED,
    Change,
    find_change,
    significant,
)
from deep_code_reasoning.diagnosis.panel import panel_of
from deep_code_reasoning.diagnosis.panel_scan import scan
from deep_code_reasoning.diagnosis.series import GRAVEST_FIRST, LAST_ASKED, OPERATIONS, SIGNALS, gravity, series_of
from deep_code_reasoning.diagnosis.stretches import Stretches, stretches_of
from deep_code_reasoning.diagnosis.widening import widen
from deep_code_reasoning.incident import Alert, Incident, TimeWindow

if TYPE_CHECKING:
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.store.tables import Tables

ALERT_LOOKBACK = 0.15
"""Where no change is found, the incident begins this share of the evidence's time before the alert fired."""

LONGEST_LOOKBACK_NANO = 900_000_000_000
LEAD = 0.2
"""What brings an incident about is there before its symptom: the last fifth of the time before the onset, at most
LONGEST_LOOKBACK_NANO, is neither baseline nor incident."""

SHORTEST_BASELINE = 0.05
"""A time before the onset that is shorter than this share of the evidence is no baseline; the time after is taken."""

TIMES = {"topology": "start_time_unix_nano", "logs": "time_unix_nano", "metrics": "time_unix_nano"}


@dataclass(frozen=True)
class Search:
    """The incident as found, the changes it rests on (surest first) and the smallest p-value of any series."""

    incident: Incident
    changes: tuple[Change, ...] = ()
    p_value: float | None = None


def find_windows(
    tables: Tables,
    baseline: TimeWindow | None,
    incident: TimeWindow | None,
    question: str | None,
    work: Work,
) -> Search:
    """Windows that are given stand, unless they hold too little; a missing one is what lies before the other."""
    alert = _alert(tables)
    span = _span(tables)
    if baseline or incident:
        by_then = incident.start if incident else None
        baseline, incident, widened = widen(baseline, incident, stretches_of(tables))
        return Search(replace(_given(baseline, incident, by_then, span, alert, question), widened=widened))
    stretches = stretches_of(tables)
    exports = None if alert else two_exports(tables, stretches)
    if exports:
        return _from_exports(exports, question)
    found, p_value = _search(tables, stretches, alert, work)
    if found:
        origin = "alert" if alert and alert.fired_at else "onset"
        return Search(_from_change(found[0], span, alert, question, origin), tuple(found), p_value)
    if alert and alert.fired_at and span and span.start < alert.fired_at <= span.end:
        return Search(_before_alert(alert, alert.fired_at, span, question), (), p_value)
    return Search(Incident(alert=alert, question=question), (), p_value)


def _from_exports(exports: Exports, question: str | None) -> Search:
    incident = Incident(
        baseline=exports.baseline,
        incident=exports.incident,
        onset=exports.onset,
        question=question,
        origin="onset" if exports.differ else "silence",
        basis=str(exports),
    )
    return Search(incident, (), exports.difference.p_value if exports.difference else None)


def _search(tables: Tables, stretches: Stretches, alert: Alert | None, work: Work) -> tuple[list[Change], float | None]:
    """Significant changes, the gravest symptom first, and the smallest p-value. Metrics are asked last of all.

    An operation deep inside is asked about where no symptom at the edge has shown itself.
    """
    changes: list[Change] = []
    looked = False
    false_alarms = FALSE_ALARMS_WHEN_ALERTED if alert else FALSE_ALARMS
    for signal in SIGNALS:
        if signal in LAST_ASKED and significant(changes, false_alarms):
            break
        if signal == OPERATIONS:
            inside = _of_operations(tables, stretches)
            changes += [inside] if inside else []
            continue
        for series in series_of(tables, signal, alert.service if alert else None, alerted=alert is not None):
            work.check()
            looked = True
            change = find_change(series)
            if change:
                changes.append(change)
    asked = [change for change in changes if change.series.name == GRAVEST_FIRST[0]]
    found = significant(asked, false_alarms) or significant(changes, false_alarms)
    found.sort(key=lambda change: gravity(change.series.name))
    if alert and alert.fired_at:
        at = alert.fired_at
        found = [c for c in found if c.series.edges[c.start] <= at]
    return found, min((c.p_value for c in changes), default=1.0 if looked else None)


def _of_operations(tables: Tables, stretches: Stretches) -> Change | None:
    if not len(stretches.counted):
        return None
    panel = panel_of(tables, stretches, TimeWindow(int(stretches.counted[0]), int(stretches.counted[-1]) + 1))
    return scan(panel) if panel else None


def _from_change(
    change: Change, span: TimeWindow | None, alert: Alert | None, question: str | None, origin: str
) -> Incident:
    """Onset: from a bucket before the first possible start to when the last possible one was over. Baseline: before."""
    edges = [int(edge) for edge in change.series.edges]
    latest = edges[change.latest + 1]
    if change.series.over is not None:
        latest = max(latest, min(int(change.series.over[change.latest]), edges[change.end]))
    onset = TimeWindow(edges[max(0, change.earliest - 1)], latest)
    whole = span or TimeWindow(edges[0], edges[-1])
    end = edges[change.end] if change.recovered else max(whole.end, edges[-1])
    incident = TimeWindow(edges[change.start], end)
    lead = min(int(LEAD * max(0, onset.start - edges[0])), LONGEST_LOOKBACK_NANO)
    before = TimeWindow(edges[0], max(edges[0], onset.start - lead))
    after = TimeWindow(end, max(end, edges[-1]))
    long_enough = before.seconds >= SHORTEST_BASELINE * (edges[-1] - edges[0]) / 1e9
    baseline: TimeWindow | None = before if long_enough or before.seconds >= after.seconds else after
    if baseline.end <= baseline.start:
        baseline = None
    return Incident(baseline, incident, onset, alert, question, origin, basis=str(change))


def _given(
    baseline: TimeWindow | None,
    incident: TimeWindow | None,
    by_then: int | None,
    span: TimeWindow | None,
    alert: Alert | None,
    question: str | None,
) -> Incident:
    """`by_then`: when it was an incident according to who gave the window, before that was widened."""
    if incident and not baseline and span and span.start < incident.start:
        baseline = TimeWindow(span.start, incident.start)
    if baseline and not incident and span and baseline.end < span.end:
        incident = TimeWindow(baseline.end, span.end)
    onset = None
    if incident:
        between = baseline.end if baseline and baseline.end <= incident.start else incident.start
        earliest = max(between, incident.start - LONGEST_LOOKBACK_NANO)
        onset = TimeWindow(earliest, max(incident.start, by_then or incident.start))
    return Incident(baseline, incident, onset, alert, question, "given")


def _before_alert(alert: Alert, fired_at: int, span: TimeWindow, question: str | None) -> Incident:
    lookback = min(LONGEST_LOOKBACK_NANO, int(ALERT_LOOKBACK * (span.end - span.start)))
    start = max(span.start, fired_at - lookback)
    baseline = TimeWindow(span.start, start) if start > span.start else None
    return Incident(baseline, TimeWindow(start, span.end), TimeWindow(start, fired_at), alert, question, "alert")


def _alert(tables: Tables) -> Alert | None:
    """The first alert that fired; the others follow from the same incident."""
    rows = tables.rows(
        "SELECT service_name, metric, fired_at_unix_nano, summary FROM alerts "
        "ORDER BY fired_at_unix_nano NULLS LAST LIMIT 1"
    )
    return Alert(*rows[0]) if rows else None


def _span(tables: Tables) -> TimeWindow | None:
    """From the first to just after the last record of any signal."""
    bounds = [tables.rows(f"SELECT MIN({time}), MAX({time}) FROM {name}")[0] for name, time in TIMES.items()]
    known = [(first, last) for first, last in bounds if first is not None]
    return TimeWindow(min(k[0] for k in known), max(k[1] for k in known) + 1) if known else None
