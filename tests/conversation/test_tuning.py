"""Thresholds are learned from outcomes: towards the truth where there is evidence, hardly at all without."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

from deep_code_reasoning.conversation.tuning import NEEDED, LearnedThreshold, Tuning, tune
from deep_code_reasoning.settings import EscalationThresholds
from deep_code_reasoning.specialists.track_record import TrackRecord

DEFAULTS = EscalationThresholds()


def reasons(values: dict[str, float], thresholds: EscalationThresholds = DEFAULTS) -> list[dict[str, Any]]:
    return [
        {"measure": name, "value": value, "threshold": limit, "exceeded": value > limit}
        for name, value in values.items()
        for limit in [getattr(thresholds, name)]
    ]


def judged(values: dict[str, float], outcome: str) -> dict[str, Any]:
    return {"reasons": reasons(values), "outcome": outcome}


def oracle(
    measure: str, truth: float, count: int, seed: int, *, at_best: float = 0.9, spread: float = 6
) -> list[dict[str, Any]]:
    """Escalations whose worth is decided by one true threshold: above it `at_best` are solved, below it 5 %."""
    draw = random.Random(seed)
    rows = []
    for _ in range(count):
        value = round(truth * math.exp(draw.uniform(-math.log(spread), math.log(spread))))
        solved = draw.random() < (at_best if value > truth else 0.05)
        others = {"files": draw.randint(1, 8), "services": 1, "attempted_approaches": draw.randint(0, 1)}
        rows.append(judged({**others, measure: value}, "solved" if solved else "wrong"))
    return rows


def learned(rows: list[dict[str, Any]], measure: str, in_force: EscalationThresholds = DEFAULTS) -> LearnedThreshold:
    return next(one for one in tune(rows, [], [], in_force).thresholds if one.measure == measure)


@pytest.mark.parametrize(
    ("measure", "truth"),
    [("services", 6), ("files", 120), ("files", 20), ("attempted_approaches", 10), ("trace_bytes", 400_000_000)],
)
def test_many_outcomes_lead_to_the_true_threshold(measure: str, truth: float) -> None:
    found = [learned(oracle(measure, truth, 300, seed), measure) for seed in range(5)]
    assert all(one.proposed for one in found)
    assert all(truth / 1.5 <= one.learned <= truth * 1.5 for one in found)
    middle = sorted(one.learned for one in found)[2]
    assert truth / 1.25 <= middle <= truth * 1.25


def test_more_outcomes_narrow_the_interval() -> None:
    few, many = (learned(oracle("files", 120, count, 1), "files").interval for count in (30, 300))
    assert many[1] / many[0] < few[1] / few[0]


def test_a_specialist_that_often_fails_does_not_move_the_threshold_away() -> None:
    found = [learned(oracle("files", 120, 400, seed, at_best=0.6), "files") for seed in range(5)]
    assert sorted(one.learned for one in found)[2] == pytest.approx(120, rel=0.3)


def test_three_outcomes_hardly_move_it_and_propose_nothing() -> None:
    for outcome in ("solved", "wrong"):
        one = learned([judged({"files": 90}, outcome)] * 3, "files")
        assert one.proposed is None
        assert one.learned == pytest.approx(50, rel=0.4)
        assert f"{NEEDED - 3} more are needed" in one.why


def test_no_outcome_leaves_the_defaults() -> None:
    tuning = tune([], [], [], DEFAULTS)
    assert tuning.learned == {}
    assert [one.learned for one in tuning.thresholds] == [
        getattr(DEFAULTS, name) for name in DEFAULTS.__struct_fields__
    ]


def test_outcomes_that_agree_with_the_default_leave_it() -> None:
    assert abs(learned(oracle("files", 50, 300, 1), "files").learned - 50) <= 8


def test_a_threshold_never_leaves_its_bounds() -> None:
    always_wrong = [judged({"services": 4 + n % 20}, "wrong") for n in range(200)]
    one = learned(always_wrong, "services")
    assert one.proposed is not None and 3 < one.proposed <= 31


def test_an_outcome_that_another_measure_explains_teaches_nothing() -> None:
    rows = [judged({"files": 60, "trace_bytes": 10_000_000_000}, "solved") for _ in range(100)]
    assert learned(rows, "files").outcomes == 0
    assert learned(rows, "files").proposed is None


def test_what_a_person_set_is_left_alone() -> None:
    one = learned(oracle("files", 120, 300, 1), "files", EscalationThresholds(files=10))
    assert (one.proposed, one.in_force) == (None, 10)
    assert "you set it" in one.why


def decision(name: str, values: dict[str, float]) -> dict[str, Any]:
    made = reasons(values)
    escalate = any(reason["exceeded"] for reason in made)
    return {"decision_id": name, "decided_at_unix_nano": 1, "escalate": int(escalate), "reasons": made}


def flips(tuning: Tuning) -> dict[str, bool]:
    return {flip.decision_id: flip.would_be for flip in tuning.flips}


def test_recorded_decisions_that_would_flip_are_shown() -> None:
    decisions = [
        decision("over both", {"files": 60, "services": 9}),
        decision("over the default alone", {"files": 60, "services": 1}),
        decision("over neither", {"files": 5, "services": 1}),
    ]
    tuning = tune(oracle("files", 120, 300, 1), decisions, [], DEFAULTS)
    assert flips(tuning) == {"over the default alone": False}
    assert "files 60: threshold 50" in tuning.flips[0].because[0]


def test_models_are_ranked_with_their_uncertainty() -> None:
    records = [
        TrackRecord("cross_system", "a", 8, 1, 1, 0, 3.0, 0.1),
        TrackRecord("cross_system", "b", 0, 0, 0, 4, None, None),
    ]
    (one,) = tune([], [], records, DEFAULTS).models
    assert (one.model, one.mean) == ("a", round(9.5 / 12, 3))
    assert one.interval[0] < one.mean < one.interval[1]
