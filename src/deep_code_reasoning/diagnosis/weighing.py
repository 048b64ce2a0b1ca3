"""One finding's weight: what its counts say for it as a cause, in decibans, and the same in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import e, log, log10

from deep_code_reasoning.diagnosis import evidence_model as model
from deep_code_reasoning.diagnosis.outcomes import Outcomes
from deep_code_reasoning.finding import Contrast, Finding, Support
from deep_code_reasoning.incident import iso

UNCOUNTED_DB = {"critical": 3.0, "warning": 1.0, "info": 0.0}
"""A finding without counts: two to one at most. Not calibrated."""

CHANGE_CAP_DB = 6.0
"""What the mere change since the baseline may say, when no count ties the pattern to the symptom."""

CHANGE_PART = 0.5
"""What a changed share of traces counts of what it says: a change need not be a fault. Not calibrated."""

UNSURE_CAP_DB = 3.0
"""The same for a ratio of rates without a test, and for a finding of severity info: its rule is not sure of it."""

IGNORED_DELAY_NANO = 1_000_000_000
"""Clocks of hosts may differ by so much, and logs are written late."""


@dataclass(frozen=True)
class Weighed:
    """A finding, its weight in decibans, and the counted reason; `late` is the part for having begun too late."""

    finding: Finding
    weight: float
    reason: str
    late: float = 0.0

    @property
    def rank(self) -> tuple:
        """Strongest first; equal weights by how unlikely the finding is by chance, then by its id."""
        return (-round(self.weight, 6), p_value_of(self.finding), self.finding.id)


def weigh(findings: Sequence[Finding], outcomes: Outcomes) -> list[Weighed]:
    """In the order given. Context weighs nothing by itself: its own rule says that it is no news."""
    return [
        replace(one, weight=min(0.0, one.weight)) if one.finding.role == "context" else one
        for one in (weighed(finding, outcomes) for finding in findings)
    ]


def weighed(finding: Finding, outcomes: Outcomes) -> Weighed:
    """Counts over the symptomatic traces, as far as those are the incident's; the change since before for the rest."""
    trusted = outcomes.attributable if finding.support is None or finding.support.unit == "trace" else 1.0
    if finding.support is not None and finding.support.symptomatic > 0:
        of_support, words = model.weight_of(finding.support, trusted), in_words(finding.support, outcomes.bad)
    else:
        of_support, words = trusted * UNCOUNTED_DB[finding.severity], "not counted over traces"
    of_change, change_words = _change(finding)
    weight = of_support + (1 - trusted) * of_change
    reasons = [text for text, part in ((words, trusted), (change_words, 1 - trusted)) if text and part > 0.05]
    late, late_words = _too_late(finding, outcomes)
    reason = "; ".join(filter(None, [*reasons, late_words])) or "not counted"
    return Weighed(finding, weight + late, reason, late)


def in_words(support: Support, bad: str) -> str:
    """`present in 138 of 140 failing traces and 3 of 2,200 others`; `bad` is the word for the symptomatic ones."""
    unit = support.unit if support.unit.endswith("s") else f"{support.unit}s"
    return (
        f"present in {support.symptomatic_with:,} of {support.symptomatic:,} {bad} {unit}"
        f" and {support.healthy_with:,} of {support.healthy:,} others"
    )


def _contrast_words(contrast: Contrast) -> str:
    return (
        f"present in {contrast.incident_with:,.0f} of {contrast.incident:,.0f} traces of the incident that ran it "
        f"and in {contrast.baseline_with:,.0f} of {contrast.baseline:,.0f} before"
    )


def p_value_of(finding: Finding) -> float:
    """What the rule calls `p_value`; 1 where it tells none."""
    value = finding.numbers.get("p_value")
    return float(value) if isinstance(value, int | float) else 1.0


def _change(finding: Finding) -> tuple[float, str]:
    """From the ratio of the rates in the two windows, as the rule counted it, or from its p-value, the larger.

    Where it is told in which share of its traces the pattern shows, that is for this share only; or what the shares
    themselves say, if that is more.

    A p-value says at most 1 / (-e p ln p) to one (Sellke, Bayarri and Berger 2001). A finding that is not sure is
    capped lower.
    """
    ratio, p_value = finding.numbers.get("rate_ratio"), p_value_of(finding)
    weight, words = UNCOUNTED_DB[finding.severity], ""
    if "p_value" in finding.numbers:
        weight = -10 * log10(-e * p_value * log(p_value)) if 0 < p_value < 1 / e else 0.0
        weight = CHANGE_CAP_DB if p_value <= 0 else weight
        words = f"changed since the baseline (p = {p_value:.2g})"
    elif isinstance(ratio, int | float) and ratio > 0:
        gain = min(10 * log10(ratio), UNSURE_CAP_DB)
        weight, words = (gain, f"{ratio:.3g} times the baseline's rate") if gain > weight else (weight, words)
    weight = min(weight, UNSURE_CAP_DB if finding.severity == "info" else CHANGE_CAP_DB)
    contrast = finding.contrast
    if contrast is None or not contrast.incident:
        return weight, words
    weight *= max(0.0, contrast.incident_with / contrast.incident - contrast.baseline_with / max(contrast.baseline, 1))
    of_shares = CHANGE_PART * model.divergence_of(contrast) if finding.severity != "info" else 0.0
    return max(weight, of_shares), _contrast_words(contrast)


def _too_late(finding: Finding, outcomes: Outcomes) -> tuple[float, str]:
    """A cause cannot explain what failed before it began."""
    if finding.interval is None or not outcomes.symptomatic:
        return 0.0, ""
    before = outcomes.before(finding.interval.start - IGNORED_DELAY_NANO)
    late = model.too_late_weight(before, outcomes.symptomatic)
    if late > -1.0:
        return late, ""
    began = iso(finding.interval.start)
    return late, f"{before:,} of {outcomes.symptomatic:,} {outcomes.bad} traces were over before it began at {began}"
