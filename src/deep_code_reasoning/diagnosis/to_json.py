"""A Diagnosis as the object `diagnosis/1` that faces print and scorers read."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from deep_code_reasoning.finding import Argument, Diagnosis, Finding, Location, RankedChange, Subject, Suspect, Verdict
from deep_code_reasoning.incident import Incident, TimeWindow, iso

SCHEMA = "diagnosis/1"


def diagnosis_to_json(diagnosis: Diagnosis) -> dict[str, Any]:
    """Only str, int, float, bool, None, list and dict; times are ISO 8601 in UTC, intervals are pairs of them."""
    return {
        "schema": SCHEMA,
        "investigation": diagnosis.investigation,
        "verdict": _verdict(diagnosis.verdict),
        "incident": _incident(diagnosis.incident),
        "suspects": [_suspect(suspect) for suspect in diagnosis.suspects],
        "changes": [_change(change) for change in diagnosis.changes],
        "no_change": None if diagnosis.no_change is None else round(diagnosis.no_change, 4),
        "findings": [_finding(finding) for finding in diagnosis.findings],
        "differential": _rounded(asdict(diagnosis.differential)) if diagnosis.differential else None,
        "ruled_out": [{"finding": one.finding, "reason": one.reason} for one in diagnosis.ruled_out],
        "unread": [{"place": one.place, "reason": one.reason, "count": one.count} for one in diagnosis.unread],
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "kind": verdict.kind,
        "summary": verdict.summary,
        "confidence": verdict.confidence,
        "service": verdict.service,
        "operation": verdict.operation,
        "commit": verdict.commit,
        "onset": _window(verdict.onset),
        "blast_radius": list(verdict.blast_radius),
        "remediation": verdict.remediation,
        "actions": list(verdict.actions),
    }


def _incident(incident: Incident) -> dict[str, Any]:
    alert = incident.alert
    return {
        "baseline": _window(incident.baseline),
        "incident": _window(incident.incident),
        "onset": _window(incident.onset),
        "origin": incident.origin,
        "basis": incident.basis,
        "widened": [
            {
                "window": one.window,
                "given": _window(one.given),
                "used": _window(one.used),
                "count_given": one.count_given,
                "count_used": one.count_used,
                "unit": one.unit,
            }
            for one in incident.widened
        ],
        "question": incident.question,
        "alert": alert
        and {
            "service": alert.service,
            "metric": alert.metric,
            "fired_at": iso(alert.fired_at) if alert.fired_at is not None else None,
            "summary": alert.summary,
        },
    }


def _suspect(suspect: Suspect) -> dict[str, Any]:
    return {
        "rank": suspect.rank,
        "kind": suspect.kind,
        "service": suspect.service,
        "operation": suspect.operation,
        "resource": suspect.resource,
        "location": _location(suspect.location),
        "commit": suspect.commit,
        "score": suspect.score,
        "summary": suspect.summary,
        "for": _ids(suspect.in_favour),
        "against": _ids(suspect.against),
        "arguments": [
            {"finding": one.finding, "decibans": one.weight, "reason": one.reason}
            for one in (*suspect.in_favour, *suspect.against)
        ],
    }


def _ids(arguments: tuple[Argument, ...]) -> list[str]:
    return list(dict.fromkeys(argument.finding for argument in arguments))


def _change(change: RankedChange) -> dict[str, Any]:
    return {
        "rank": change.rank,
        "sha": change.sha,
        "repository": change.repository,
        "service": change.service,
        "score": change.score,
        "reasons": list(change.reasons),
        "why_not": list(change.why_not),
        "location": _location(change.location),
        "effect": _rounded(asdict(change.effect)) if change.effect else None,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    support, contrast = finding.support, finding.contrast
    return {
        "id": finding.id,
        "code": finding.code,
        "title": finding.title,
        "severity": finding.severity,
        "role": finding.role,
        "subject": _subject(finding.subject),
        "interval": _window(finding.interval),
        "numbers": dict(finding.numbers),
        "support": support
        and {
            "symptomatic_with": support.symptomatic_with,
            "symptomatic": support.symptomatic,
            "healthy_with": support.healthy_with,
            "healthy": support.healthy,
            "unit": support.unit,
        },
        "contrast": contrast and asdict(contrast),
        "evidence": [{"ref": one.ref, "note": one.note} for one in finding.evidence],
    }


def _subject(subject: Subject) -> dict[str, Any]:
    return {
        "service": subject.service,
        "operation": subject.operation,
        "resource": subject.resource,
        "host": subject.host,
        "peer": subject.peer,
        "location": _location(subject.location),
    }


def _location(location: Location | None) -> dict[str, Any] | None:
    if location is None:
        return None
    return {"file": location.file, "line": location.line, "function": location.function}


def _window(window: TimeWindow | None) -> list[str] | None:
    return window.as_json() if window else None


def _rounded(value: Any) -> Any:
    """Milliseconds to the nanosecond, tuples as lists."""
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, tuple | list) else value
