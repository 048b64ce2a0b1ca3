"""Should this bug leave the agent's context? Each measure against its threshold; any one exceeded is enough.

Five measures are the mission's. Two more are of what the agent did, where that is known: how often the same failure was
met again in spite of edits, and how often it came back after it had gone (stuck/repetition.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # an agent's hook waits for every import
    from deep_code_reasoning.conversation.measure import Measured
    from deep_code_reasoning.conversation.stuck.repetition import Repetition
    from deep_code_reasoning.settings import EscalationThresholds
    from deep_code_reasoning.unread import Unread

# measure -> (what it is called, unit)
_MEASURES = {
    "files": ("files", ""),
    "trace_bytes": ("trace data", " bytes"),
    "services": ("services", ""),
    "time_span_seconds": ("time span", " s"),
    "attempted_approaches": ("attempted approaches", ""),
}


@dataclass(frozen=True)
class Reason:
    """One measure against its threshold. `exceeded` is strict: a value equal to the threshold does not count.

    `at_least`: the counting stopped early (see measure.py), the true value may be higher.
    """

    measure: str
    value: int | float
    threshold: int
    exceeded: bool
    text: str
    at_least: bool = False


@dataclass(frozen=True)
class EscalationDecision:
    """`reasons` holds every measure, exceeded ones first. `measured` also names the services that were seen."""

    escalate: bool
    reasons: tuple[Reason, ...]
    measured: dict[str, Any]
    unread: tuple[Unread, ...] = ()

    @property
    def triggers(self) -> tuple[Reason, ...]:
        return tuple(reason for reason in self.reasons if reason.exceeded)

    @property
    def summary(self) -> str:
        """One sentence: the answer and what decided it."""
        if self.escalate:
            return "Escalate: " + "; ".join(reason.text for reason in self.triggers) + "."
        return "Stay with the agent: no threshold is exceeded (" + "; ".join(r.text for r in self.reasons) + ")."


def decide(measured: Measured, thresholds: EscalationThresholds) -> EscalationDecision:
    """Compares every measure, strictly; the decision follows when any one is exceeded."""
    values = measured.values()
    reasons = [_reason(name, values[name], getattr(thresholds, name), name in measured.at_least) for name in _MEASURES]
    if measured.repetition:
        reasons += repetition_reasons(measured.repetition, thresholds)
    return EscalationDecision(
        escalate=any(reason.exceeded for reason in reasons),
        reasons=tuple(sorted(reasons, key=lambda reason: not reason.exceeded)),
        measured=measured.as_json(),
        unread=measured.unread,
    )


def repetition_reasons(repetition: Repetition, thresholds: EscalationThresholds) -> list[Reason]:
    """Distinct approaches are told apart from edits: the same one again is no new attempt."""
    repeated, returned = repetition.repeated, repetition.returned
    edits = f"{repetition.edits} edits"
    if repetition.approaches:
        edits += f" ({repetition.approaches} approaches that differ)"
    if repetition.undone:
        edits += f", {repetition.undone} of which take back or redo an earlier one"
    what = f": {repetition.failure}" if repetition.failure else ""
    texts = {
        "repeated_failure": f"the same failure {repeated} times again in spite of {edits}{what}",
        "returned_failure": f"the same failure back {returned} times after edits that had made it go{what}",
    }
    found = []
    for measure, value in (("repeated_failure", repeated), ("returned_failure", returned)):
        threshold = getattr(thresholds, measure)
        relation = "more than" if value > threshold else "not more than"
        text = f"{texts[measure]}; {relation} {threshold:,}"
        found.append(Reason(measure, value, threshold, value > threshold, text))
    return found


def _reason(measure: str, value: float, threshold: int, at_least: bool) -> Reason:
    name, unit = _MEASURES[measure]
    exceeded = value > threshold
    amount = f"{value:,.0f}" if value == int(value) else f"{value:,.3f}"
    relation = "more than" if exceeded else "not more than"
    text = f"{name}: {'at least ' if at_least else ''}{amount}{unit}, {relation} {threshold:,}"
    return Reason(measure, value, threshold, exceeded, text, at_least)
