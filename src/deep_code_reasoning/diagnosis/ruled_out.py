"""What looks like a cause and is not, with the counts that acquit it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fnmatch import fnmatchcase

from deep_code_reasoning.diagnosis import evidence_model as model
from deep_code_reasoning.diagnosis.causal_links import link_rules
from deep_code_reasoning.diagnosis.outcomes import Outcomes
from deep_code_reasoning.diagnosis.suspects import ACQUITTED_DB
from deep_code_reasoning.diagnosis.weighing import in_words
from deep_code_reasoning.finding import Finding, RuledOut


def ruled_out(findings: Sequence[Finding], outcomes: Outcomes, in_use: Collection[str]) -> tuple[RuledOut, ...]:
    """Findings that no suspect rests on, that can be causes, and whose counts speak against it.

    Left out are those that their own rule is not sure of.
    """
    acquitted = []
    for finding in findings:
        unsure = finding.severity == "info" and finding.role != "context"
        if finding.id in in_use or finding.support is None or unsure or not can_be_cause(finding):
            continue
        weight = model.weight_of(finding.support)
        if weight <= ACQUITTED_DB and outcomes.attributable > 0:
            reason = f"{in_words(finding.support)} ({weight:+.1f} dB): its absence would not remove the symptom"
            acquitted.append(RuledOut(finding.id, reason))
    return tuple(acquitted)


def can_be_cause(finding: Finding) -> bool:
    """The rule says so of this finding, or a causal link names its code as a cause."""
    return finding.role in ("cause", "mechanism") or any(fnmatchcase(finding.code, rule.cause) for rule in link_rules())
