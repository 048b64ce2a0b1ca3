"""A diagnosis as text: verdict with suspects, findings with their numbers, a timeline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from deep_code_reasoning.context.note_kind import note_kind
from deep_code_reasoning.context.visible import one_line
from deep_code_reasoning.finding import Diagnosis, Evidence, Finding, Subject, Suspect
from deep_code_reasoning.incident import TimeWindow, iso

_MOST_SUSPECTS = 10
_MOST_EVIDENCE = 6
_MOST_DATES = 12
_LONGEST_TITLE = 110
_MOST_UNREAD = 30


def verdict(diagnosis: Diagnosis) -> str:
    judged = diagnosis.verdict
    lines = [f"{judged.kind}, confidence {judged.confidence:.2f}: {judged.summary}"]
    named = ("service", "operation", "commit", "remediation")
    lines += [f"{name}: {value}" for name in named if (value := getattr(judged, name))]
    if judged.onset:
        lines.append(f"onset: {_window(judged.onset)}")
    if judged.blast_radius:
        lines.append(f"blast radius: {', '.join(judged.blast_radius)}")
    windows = (("baseline", diagnosis.incident.baseline), ("incident", diagnosis.incident.incident))
    lines += [f"{name} window: {_window(window)}" for name, window in windows if window]
    lines += [f"about the windows: {note}" for note in diagnosis.incident.notes]
    lines += [line for suspect in diagnosis.suspects[:_MOST_SUSPECTS] for line in suspect_lines(suspect)]
    lines += [f"ruled out: {ruled.finding}: {ruled.reason}" for ruled in diagnosis.ruled_out]
    return "\n".join(lines) + "\n"


def suspect_lines(suspect: Suspect) -> list[str]:
    where = [suspect.service, suspect.operation, suspect.resource, suspect.commit]
    if suspect.location:
        where.append(f"{suspect.location.file}:{suspect.location.line or '?'}")
    lines = [f"suspect {suspect.rank}: {suspect.kind}, score {suspect.score:.3f}: {suspect.summary}"]
    if any(where):
        lines[0] += f" ({', '.join(w for w in where if w)})"
    lines += [f"  for {a.finding}, {a.weight:+.1f} decibans: {a.reason}" for a in suspect.in_favour]
    lines += [f"  against {a.finding}, {a.weight:+.1f} decibans: {a.reason}" for a in suspect.against]
    return lines


def finding(seen: Finding) -> str:
    lines = [f"{seen.code}, {seen.severity}, {seen.role}: {seen.title}"]
    if subject := _subject(seen.subject):
        lines.append(subject)
    if seen.interval:
        lines.append(f"interval: {_window(seen.interval)}")
    if seen.numbers:
        lines.append("numbers: " + ", ".join(f"{name}={_number(value)}" for name, value in seen.numbers.items()))
    if seen.support:
        s = seen.support
        lines.append(
            f"seen in {s.symptomatic_with} of {s.symptomatic} symptomatic and {s.healthy_with} of {s.healthy}"
            f" healthy {s.unit}s"
        )
    lines += [f"evidence: {e.ref}" + (f" ({e.note})" if e.note else "") for e in _telling(seen.evidence)]
    if len(seen.evidence) > _MOST_EVIDENCE:
        lines.append(f"and {len(seen.evidence) - _MOST_EVIDENCE} more references")
    return "\n".join(lines) + "\n"


def _telling(evidence: Sequence[Evidence]) -> list[Evidence]:
    """One of each kind of note first, then the others."""
    nth: Counter[str] = Counter()
    ranked = []
    for place, seen in enumerate(evidence):
        kind = note_kind(seen)
        ranked.append((nth[kind] > 0, place, seen))
        nth[kind] += 1
    return [seen for _, _, seen in sorted(ranked, key=lambda r: r[:2])[:_MOST_EVIDENCE]]


def _subject(subject: Subject) -> str:
    names = ("service", "operation", "resource", "host", "peer")
    named = [f"{name} {value}" for name in names if (value := getattr(subject, name))]
    if subject.location:
        place = f"{subject.location.file}:{subject.location.line or '?'}"
        named.append(f"code {place} {subject.location.function or ''}".rstrip())
    return ", ".join(named)


def timeline(diagnosis: Diagnosis) -> str:
    """What is dated in the diagnosis, in order: of the findings those that the leading suspects rest on."""
    order = [a.finding for s in diagnosis.suspects for a in (*s.in_favour, *s.against)]
    places = {finding: place for place, finding in reversed(list(enumerate(order)))}
    begun = [f for f in diagnosis.findings if f.interval and (f.id in places or not places)]
    told = sorted(begun, key=lambda f: places.get(f.id, 0))[:_MOST_DATES]
    dated = [(f.interval.start, f"{f.id} begins: {one_line(f.title, _LONGEST_TITLE)}") for f in told if f.interval]
    incident = diagnosis.incident
    if incident.alert and incident.alert.fired_at is not None:
        alert = incident.alert
        dated.append((alert.fired_at or 0, f"alert: {alert.service or '?'} {alert.metric or ''} {alert.summary or ''}"))
    for name, window in (("baseline", incident.baseline), ("incident window", incident.incident)):
        if window:
            dated += [(window.start, f"{name} begins"), (window.end, f"{name} ends")]
    if onset := diagnosis.verdict.onset or incident.onset:
        dated += [(onset.start, "onset, at the earliest"), (onset.end, "onset, at the latest")]
    return "".join(f"{iso(time)} {what.rstrip()}\n" for time, what in sorted(dated))


def unread(diagnosis: Diagnosis) -> str:
    lines = [f"{u.place}: {u.reason} (×{u.count})" for u in diagnosis.unread[:_MOST_UNREAD]]
    if len(diagnosis.unread) > _MOST_UNREAD:
        lines.append(f"and {len(diagnosis.unread) - _MOST_UNREAD} more places")
    return "\n".join(lines) + "\n"


def _window(window: TimeWindow) -> str:
    return f"{iso(window.start)} to {iso(window.end)}"


def _number(value: float | int | str) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
