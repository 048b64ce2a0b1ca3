"""What looks like a cause and is not, each with the counts that acquit it: decoys, symptoms, triggers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from fnmatch import fnmatchcase

from deep_code_reasoning.diagnosis import evidence_model as model
from deep_code_reasoning.diagnosis.causal_links import Link, link_rules
from deep_code_reasoning.diagnosis.chains import Order
from deep_code_reasoning.diagnosis.outcomes import Outcomes
from deep_code_reasoning.diagnosis.suspects import ACQUITTED_DB, Ranking
from deep_code_reasoning.diagnosis.weighing import in_words
from deep_code_reasoning.diagnosis.wording import innocence, label
from deep_code_reasoning.finding import Finding, RuledOut


def ruled_out(findings: Sequence[Finding], outcomes: Outcomes, found: Order, ranking: Ranking) -> tuple[RuledOut, ...]:
    """In the order of the findings. What the first suspect may well have brought about is not acquitted, it follows."""
    if outcomes.attributable <= 0:
        return ()
    return tuple(_reasons(findings, outcomes, found, ranking))


def _reasons(findings: Sequence[Finding], outcomes: Outcomes, found: Order, ranking: Ranking) -> Iterator[RuledOut]:
    in_use = {argument.finding for suspect in ranking.suspects for argument in suspect.in_favour}
    top = {finding.id for finding in ranking.cases[0].findings} if ranking.cases else set()
    for finding in findings:
        links = [link for link in found.possible if link.effect.id == finding.id and link.cause.id in top]
        follows = next((link for link in links if link.relation != "triggers"), None)
        reason = (
            _trigger(finding, outcomes, found.triggers, top)
            or _symptom(finding, found.reason_of.get(finding.id) or follows)
            or ("" if finding.id in in_use or follows else _decoy(finding, outcomes))
        )
        if reason:
            yield RuledOut(finding.id, f"{label(finding)}: {reason}")


def _trigger(finding: Finding, outcomes: Outcomes, triggers: Sequence[Link], top: Collection[str]) -> str:
    """It set the first suspect's flaw off."""
    sets_off = any(link.cause.id == finding.id and link.effect.id in top for link in triggers)
    if not sets_off or finding.id in top:
        return ""
    counted = f"{in_words(finding.support, outcomes.bad)}, " if finding.support else ""
    return f"{counted}the trigger and not the flaw"


def _symptom(finding: Finding, link: Link | None) -> str:
    """Its own counts say that something else was there first."""
    counted = innocence(finding)
    if not counted or (finding.role != "symptom" and link is None):
        return ""
    return f"{counted}; follows from {link.cause.id}" if link else counted


def _decoy(finding: Finding, outcomes: Outcomes) -> str:
    """The failing ones do not have it, or the others have it as well. Left out is what its own rule is not sure of."""
    unsure = finding.severity == "info" and finding.role != "context"
    if finding.support is None or unsure or not can_be_cause(finding):
        return ""
    if model.weight_of(finding.support) > ACQUITTED_DB:
        return ""
    return f"{in_words(finding.support, outcomes.bad)}: does not explain them"


def can_be_cause(finding: Finding) -> bool:
    """The rule says so of this finding, or a causal link names its code as a cause."""
    return finding.role in ("cause", "mechanism") or any(fnmatchcase(finding.code, rule.cause) for rule in link_rules())
