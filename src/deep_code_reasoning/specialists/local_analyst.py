"""The analyst that needs no key: it says what the diagnosis computed, and no more."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from deep_code_reasoning.finding import Diagnosis, Finding, Suspect
from deep_code_reasoning.specialists.catalogue import LOCAL
from deep_code_reasoning.specialists.port import Usage

if TYPE_CHECKING:
    from deep_code_reasoning.specialists.analysis import Analysis, Claim, Hypothesis, RootCause
    from deep_code_reasoning.specialists.result import SpecialistResult

_MOST_CAUSES = 5
_WORTH_NAMING = 0.05
_WHO = (
    "This is the local analyst: no model was asked and nothing left this machine. It reports what the detectors "
    "counted and how the evidence model weighs it. It does not read code, follow intentions, or think of causes that "
    "no detector looks for; a specialist can."
)


def local_result(diagnosis: Diagnosis, why: str) -> SpecialistResult:
    """Its answer in the form of a specialist's; `why` it was asked. Costs nothing."""
    from deep_code_reasoning.specialists.result import SpecialistResult

    started = time.monotonic()
    analysis = analyse_locally(diagnosis)
    return SpecialistResult(analysis, LOCAL, LOCAL, Usage(), 0.0, time.monotonic() - started, why)


def analyse_locally(diagnosis: Diagnosis) -> Analysis:
    """Deterministic; every claim cites findings by id, with their title as the quote."""
    from deep_code_reasoning.specialists.analysis import Analysis, CodeChange, Recommendations, RuledOutApproach

    findings = {finding.id: finding for finding in diagnosis.findings}
    named = [s for s in diagnosis.suspects if s.score >= _WORTH_NAMING][:_MOST_CAUSES]
    located = [s for s in named if s.location]
    return Analysis(
        root_causes=[_root_cause(s, diagnosis, findings) for s in named],
        hypotheses=[_hypothesis(s, findings) for s in named[1:]],
        ruled_out=[
            RuledOutApproach(what=f"{r.finding}: {_title(findings.get(r.finding))}", why=r.reason)
            for r in diagnosis.ruled_out
        ],
        missing_evidence=_missing(diagnosis),
        recommendations=Recommendations(
            immediate_actions=list(diagnosis.verdict.actions),
            next_steps=[
                f"dcr show {evidence.ref}" + (f"  # {evidence.note}" if evidence.note else "")
                for finding in _for(named[:1], findings)
                for evidence in finding.evidence[:3]
            ],
            code_changes=[
                CodeChange(path=s.location.file, line=s.location.line, change=f"look here first: {s.summary}")
                for s in located
                if s.location
            ],
        ),
        narrative=f"{diagnosis.verdict.summary} (confidence {diagnosis.verdict.confidence:.2f}).\n\n{_WHO}",
    )


def _root_cause(suspect: Suspect, diagnosis: Diagnosis, findings: dict[str, Finding]) -> RootCause:
    from deep_code_reasoning.specialists.analysis import RootCause

    verdict = diagnosis.verdict
    fix = "; ".join([*([verdict.remediation] if verdict.remediation else []), *verdict.actions])
    return RootCause(
        type=suspect.kind,
        description=suspect.summary,
        confidence=suspect.score,
        claims=[_claim(a.finding, a.reason, findings) for a in suspect.in_favour],
        fix=fix if suspect.rank == 1 else "",
    )


def _claim(finding_id: str, reason: str, findings: dict[str, Finding]) -> Claim:
    from deep_code_reasoning.specialists.analysis import Citation, Claim

    title = _title(findings.get(finding_id))
    return Claim(text=f"{title}: {reason}" if title else reason, citations=[Citation(ref=finding_id, quote=title)])


def _hypothesis(suspect: Suspect, findings: dict[str, Finding]) -> Hypothesis:
    from deep_code_reasoning.specialists.analysis import Hypothesis

    seen = _for([suspect], findings)
    first = next((e.ref for f in seen for e in f.evidence), None)
    return Hypothesis(
        statement=suspect.summary,
        predictions=[f"without it this is no longer seen: {finding.title}" for finding in seen],
        cheapest_experiment=f"open its evidence: dcr show {first}" if first else "",
    )


def _missing(diagnosis: Diagnosis) -> list[str]:
    missing = [f"{u.place}: {u.reason} (×{u.count})" for u in diagnosis.unread[:10]]
    if diagnosis.incident.baseline is None:
        missing.append("a baseline: evidence from before the incident to compare with")
    if not diagnosis.changes:
        missing.append("changes: no commit in the evidence could be ranked")
    return missing


def _for(suspects: list[Suspect], findings: dict[str, Finding]) -> list[Finding]:
    return [findings[a.finding] for s in suspects for a in s.in_favour if a.finding in findings]


def _title(finding: Finding | None) -> str:
    return finding.title if finding else ""
