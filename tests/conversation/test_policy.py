"""The mission's thresholds, strictly: exactly on one is not over it."""

from __future__ import annotations

import pytest

from deep_code_reasoning.conversation.measure import Measured
from deep_code_reasoning.conversation.policy import decide
from deep_code_reasoning.incident import TimeWindow
from deep_code_reasoning.settings import EscalationThresholds

SECOND = 10**9
MISSION = EscalationThresholds()


def measured(
    files: int = 0, trace_bytes: int = 0, services: int = 0, time_span_nano: int = 0, attempts: int = 0
) -> Measured:
    return Measured(
        files=files,
        trace_bytes=trace_bytes,
        services=tuple(f"service-{n}" for n in range(services)),
        window=TimeWindow(0, time_span_nano),
        attempted_approaches=attempts,
    )


@pytest.mark.parametrize(
    ("on_the_threshold", "over_it", "measure"),
    [
        (measured(files=50), measured(files=51), "files"),
        (measured(trace_bytes=100_000_000), measured(trace_bytes=100_000_001), "trace_bytes"),
        (measured(services=3), measured(services=4), "services"),
        (measured(time_span_nano=3600 * SECOND), measured(time_span_nano=3600 * SECOND + 1), "time_span_seconds"),
        (measured(attempts=5), measured(attempts=6), "attempted_approaches"),
    ],
)
def test_strictly_greater_and_any_one_is_enough(on_the_threshold: Measured, over_it: Measured, measure: str) -> None:
    assert not decide(on_the_threshold, MISSION).escalate
    decision = decide(over_it, MISSION)
    assert decision.escalate
    assert [reason.measure for reason in decision.triggers] == [measure]
    assert decision.reasons[0].measure == measure


def test_every_reason_is_given_with_its_numbers() -> None:
    reasons = {reason.measure: reason for reason in decide(measured(files=51, services=2), MISSION).reasons}
    assert set(reasons) == {"files", "trace_bytes", "services", "time_span_seconds", "attempted_approaches"}
    assert reasons["files"].text == "files: 51, more than 50"
    assert reasons["services"].text == "services: 2, not more than 3"
    assert (reasons["services"].value, reasons["services"].threshold) == (2, 3)


def test_each_threshold_is_a_setting() -> None:
    assert decide(measured(services=1), EscalationThresholds(services=0)).escalate
    assert not decide(measured(services=9), EscalationThresholds(services=9)).escalate


def test_a_count_that_was_cut_short_says_so() -> None:
    short = Measured(
        files=1, trace_bytes=0, services=("a",), window=None, attempted_approaches=0, at_least=frozenset({"services"})
    )
    reasons = {reason.measure: reason for reason in decide(short, MISSION).reasons}
    assert reasons["services"].text == "services: at least 1, not more than 3"
