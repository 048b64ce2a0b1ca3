"""Hypotheses that blame a change are held against the ranking of the diagnosis."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deep_code_reasoning.experiments.deriving import hypothesis_of
from deep_code_reasoning.experiments.examining import Examination
from deep_code_reasoning.experiments.scene import Scene
from deep_code_reasoning.experiments.trial import Trial
from deep_code_reasoning.finding import Diagnosis, RankedChange, Verdict
from deep_code_reasoning.incident import Incident
from deep_code_reasoning.progress import Work

CULPRIT, OTHER, THIRD = "fd3492f8cafd" + "0" * 28, "0c0ef5b15b6f" + "0" * 28, "28bf2a2090b5" + "0" * 28
CHANGES = (
    RankedChange(1, CULPRIT, "repositories/shop-validation", None, 0.8, ()),
    RankedChange(2, OTHER, "https://example.org/shop/gateway.git", "gateway", 0.12, ()),
    RankedChange(3, THIRD, "pricing", "pricing", 0.01, ()),
)
VERDICT = Verdict("change", "it asks in a loop", 0.8, service="order", commit=CULPRIT)
SCENE = Scene(
    Diagnosis("i", VERDICT, Incident(), changes=CHANGES, no_change=0.07),
    {
        "service": ("order", "gateway", "pricing", "cart"),
        "repository": ("shop-validation", "gateway", "pricing"),
    },
    filled=frozenset({"commits", "spans"}),
)


def tried(text: str, scene: Scene = SCENE) -> Trial:
    hypothesis = hypothesis_of(text, "the caller", scene)

    def no_tables():
        raise AssertionError("no query is needed")

    return Trial(hypothesis, tuple(Examination(scene, no_tables, Work()).outcomes(hypothesis.predictions)))


@pytest.mark.parametrize(
    ("text", "verdict", "reason"),
    [
        ("commit fd3492f8 asks in a loop", "supported", "1 of 1"),
        ("a change in shop-validation", "supported", "1 of 1"),
        ("the last release of order broke it", "supported", "1 of 1"),  # it runs the library that changed
        ("a recent change", "supported", "1 of 1"),
        ("commit 0c0ef5b15b6f did it", "inconclusive", "weighs -8.7 dB"),
        ("the deploy of gateway", "inconclusive", "weighs -8.7 dB"),
        ("commit 28bf2a2090b5", "refuted", "blamed is fd3492f8cafd"),
        ("the deploy of pricing", "refuted", "1 of 3 ranked changes, 1% together"),
        ("the deploy of cart", "refuted", "0 of 3 ranked changes"),
        ("commit 1234567abcdef", "refuted", "0 of 3 ranked changes"),
    ],
)
def test_whom_the_ranking_blames(text: str, verdict: str, reason: str) -> None:
    found = tried(text)
    assert found.verdict == verdict, found.outcomes
    assert reason in found.counted.reason


def test_without_changes_nothing_is_said() -> None:
    scene = replace(SCENE, diagnosis=replace(SCENE.diagnosis, changes=(), no_change=None), filled=frozenset({"spans"}))
    found = tried("the deploy of pricing", scene)
    assert found.verdict == "inconclusive"
    assert "no commits and no deploys" in found.counted.reason
    assert found.probability is None
