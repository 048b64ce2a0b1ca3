"""How much the diagnosis makes of each finding: what decides who gets the tokens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from deep_code_reasoning.context.note_kind import note_kind
from deep_code_reasoning.finding import Diagnosis, Evidence, Finding

_LEAST = 0.05
_RULED_OUT = 0.15
_SEVERITY = {"critical": 0.06, "warning": 0.03, "info": 0.0}
_LINKS_TO_HALF = 5  # the sixth argument of a chain weighs half
_WEAK_ARGUMENT = 0.1  # what an argument of no decibans loses
_FURTHER_KIND = 0.8
EXEMPLARS = 3


def finding_weights(diagnosis: Diagnosis) -> dict[str, float]:
    """By finding id, 0..1: the score of the best suspect it speaks for (four fifths of it where it speaks against),
    less the further down the chain it stands: arguments come from the cause on, so the cause keeps its weight.

    Findings that no suspect names keep a little, more for a severe one; those ruled out keep enough to be checked.
    """
    weights = {f.id: _LEAST + _SEVERITY[f.severity] for f in diagnosis.findings}
    for ruled_out in diagnosis.ruled_out:
        weights[ruled_out.finding] = max(weights.get(ruled_out.finding, 0), _RULED_OUT)
    for suspect in diagnosis.suspects:
        for arguments, part in ((suspect.in_favour, 1.0), (suspect.against, 0.8)):
            strongest = max((abs(a.weight) for a in arguments), default=0) or 1
            for nth, argument in enumerate(arguments):
                place = _LINKS_TO_HALF / (_LINKS_TO_HALF + nth)
                said = 1 - _WEAK_ARGUMENT * (1 - abs(argument.weight) / strongest)
                weight = suspect.score * part * place * said
                weights[argument.finding] = max(weights.get(argument.finding, 0), weight)
    return {finding: min(weight, 1.0) for finding, weight in weights.items()}


def evidence_by_weight(diagnosis: Diagnosis, *kinds: str) -> Iterator[tuple[Finding, Evidence, str, float]]:
    """Each reference of these kinds (`trace`, `span`, `log` ...) with the rest of the reference and its weight.

    The n-th of a finding's references with one kind of note weighs 1/n of the finding, and each further kind a little
    less: two holders of one lease come close together, their repetitions after the next finding.
    """
    weights = finding_weights(diagnosis)
    for finding in sorted(diagnosis.findings, key=lambda f: -weights[f.id]):
        nth: Counter[str] = Counter()
        for evidence in finding.evidence:
            kind, _, rest = evidence.ref.partition(":")
            if kind in kinds and rest:
                nth[note_kind(evidence)] += 1
                further = _FURTHER_KIND ** (len(nth) - 1)
                yield finding, evidence, rest, weights[finding.id] * further / nth[note_kind(evidence)]
