"""The formula: bounds, order, and that nobody argues a refuted hypothesis back to life."""

from __future__ import annotations

from math import isclose

from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.experiments import weights
from deep_code_reasoning.experiments.prediction import (
    FAILED,
    HELD,
    UNCHECKED,
    Expectation,
    Outcome,
    Prediction,
    SqlCheck,
)

EXPECTED = Expectation("n", ">", 0)


def outcome(result: str, weight: float, essential: bool, number: int = 0) -> Outcome:
    prediction = Prediction(f"p{number}", SqlCheck("..."), EXPECTED, essential)
    return Outcome(prediction, result, "because", weight_db=weight)  # type: ignore[arg-type]


@st.composite
def outcomes(draw: st.DrawFn, results: tuple[str, ...] = (HELD, FAILED, UNCHECKED)) -> Outcome:
    result, essential = draw(st.sampled_from(results)), draw(st.booleans())
    if result == UNCHECKED:
        return outcome(result, 0.0, essential)
    if result == FAILED:
        return outcome(result, weights.REFUTED_DB if essential else draw(st.floats(-13, 0)), essential)
    return outcome(result, draw(st.floats(-13, 20)), essential)


@given(st.lists(outcomes(), max_size=12))
def test_bounds_and_verdicts(found: list[Outcome]) -> None:
    counted = weights.counted(found)
    share = weights.probability(counted.weight_db)
    assert 0.0199 <= share <= 0.9801
    assert counted.held + counted.failed + counted.unchecked == len(found)
    fatal = any(one.result == FAILED and one.prediction.essential for one in found)
    assert (counted.verdict == "refuted") == fatal
    if fatal:
        assert share <= 0.07
    if counted.verdict == "supported":
        assert share > 0.65
        assert any(one.result == HELD and one.prediction.essential for one in found)
        assert not any(one.result == UNCHECKED and one.prediction.essential for one in found)


@given(st.lists(outcomes(), max_size=12), st.randoms())
def test_the_order_plays_no_part(found: list[Outcome], random) -> None:
    mixed = weights.counted(random.sample(found, len(found)))
    assert isclose(weights.counted(found).weight_db, mixed.weight_db, abs_tol=1e-9)
    assert weights.counted(found).verdict == mixed.verdict


@given(st.lists(outcomes(), max_size=12), st.floats(0, 20))
def test_one_more_that_holds_never_lowers_and_one_that_fails_never_raises(found: list[Outcome], weight: float) -> None:
    before = weights.counted(found).weight_db
    assert weights.counted([*found, outcome(HELD, weight, False)]).weight_db >= before - 1e-9
    failing = outcome(FAILED, -weight, False)
    if weights.counted(found).verdict != "refuted":
        assert weights.counted([*found, failing]).weight_db <= before + 1e-9


@given(st.lists(outcomes((HELD,)), max_size=12))
def test_what_held_does_not_outweigh_an_essential_failure(found: list[Outcome]) -> None:
    refuted = weights.counted([*found, outcome(FAILED, weights.REFUTED_DB, True)])
    assert (refuted.verdict, refuted.weight_db) == ("refuted", weights.REFUTED_DB)


@given(st.integers(1, 200))
def test_predictions_that_were_held_against_no_baseline_never_support(count: int) -> None:
    found = [outcome(HELD, weights.UNCONTRASTED_DB, True, number) for number in range(count)]
    assert weights.together(found) <= 2 < weights.SUPPORTED_DB
    assert weights.counted(found).verdict == "inconclusive"


@given(st.lists(st.floats(-30, 40), min_size=1, max_size=20))
def test_rivals_share_what_none_of_them_leaves(found: list[float]) -> None:
    shares, none = weights.probabilities(found)
    assert isclose(sum(shares) + none, 1)
    assert all(isclose(a, b) for a, b, x, y in zip(shares, shares[1:], found, found[1:], strict=False) if x == y)
    best = max(range(len(found)), key=found.__getitem__)
    assert shares[best] == max(shares)


def test_figures_of_the_page() -> None:
    assert round(weights.probability(weights.REFUTED_DB), 2) == 0.07
    assert round(weights.probability(0), 2) == 0.5
    assert round(weights.probability(weights.SUPPORTED_DB), 2) == 0.66
    assert weights.probability(10) == 0.96 * 10 / 11 + 0.02
