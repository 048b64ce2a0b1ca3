"""Should this bug leave the agent's context? Five measures against five thresholds; any one exceeded is enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deep_code_reasoning.conversation.measure import Measured
from deep_code_reasoning.finding import Unread
from deep_code_reasoning.settings import EscalationThresholds

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
    return EscalationDecision(
        escalate=any(reason.exceeded for reason in reasons),
        reasons=tuple(sorted(reasons, key=lambda reason: not reason.exceeded)),
        measured=measured.as_json(),
        unread=measured.unread,
    )


def _reason(measure: str, value: float, threshold: int, at_least: bool) -> Reason:
    name, unit = _MEASURES[measure]
    exceeded = value > threshold
    amount = f"{value:,.0f}" if value == int(value) else f"{value:,.3f}"
    relation = "more than" if exceeded else "not more than"
    text = f"{name}: {'at least ' if at_least else ''}{amount}{unit}, {relation} {threshold:,}"
    return Reason(measure, value, threshold, exceeded, text, at_least)
