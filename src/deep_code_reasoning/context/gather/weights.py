"""How much the diagnosis makes of each finding: what decides who gets the tokens."""

from __future__ import annotations

from collections.abc import Iterator

from deep_code_reasoning.finding import Diagnosis, Evidence, Finding

_LEAST = 0.05
_RULED_OUT = 0.15
_SEVERITY = {"critical": 0.06, "warning": 0.03, "info": 0.0}
EXEMPLARS = 3


def finding_weights(diagnosis: Diagnosis) -> dict[str, float]:
    """By finding id, 0..1: the score of the best suspect it speaks for (four fifths of it where it speaks against).

    Findings that no suspect names keep a little, more for a severe one; those ruled out keep enough to be checked.
    """
    weights = {f.id: _LEAST + _SEVERITY[f.severity] for f in diagnosis.findings}
    for ruled_out in diagnosis.ruled_out:
        weights[ruled_out.finding] = max(weights.get(ruled_out.finding, 0), _RULED_OUT)
    for suspect in diagnosis.suspects:
        for arguments, part in ((suspect.in_favour, 1.0), (suspect.against, 0.8)):
            for argument in arguments:
                weights[argument.finding] = max(weights.get(argument.finding, 0), suspect.score * part)
    return {finding: min(weight, 1.0) for finding, weight in weights.items()}


def evidence_by_weight(diagnosis: Diagnosis, *kinds: str) -> Iterator[tuple[Finding, Evidence, str, float]]:
    """Each reference of these kinds (`trace`, `span`, `log` ...) with the rest of the reference and its weight.

    The n-th reference of a finding weighs 1/n of the finding, so that the first exemplar of the second finding comes
    before the third exemplar of the first.
    """
    weights = finding_weights(diagnosis)
    for finding in sorted(diagnosis.findings, key=lambda f: -weights[f.id]):
        nth = 0
        for evidence in finding.evidence:
            kind, _, rest = evidence.ref.partition(":")
            if kind in kinds and rest:
                nth += 1
                yield finding, evidence, rest, weights[finding.id] / nth
