"""The judge: every row must have what is expected; what cannot be compared decides nothing."""

from __future__ import annotations

import operator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.experiments.judging import judge
from deep_code_reasoning.experiments.prediction import (
    FAILED,
    HELD,
    UNCHECKED,
    Expectation,
    Observation,
    Outcome,
    Prediction,
    SqlCheck,
    Unobservable,
)

SIGNS = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le, "=": operator.eq, "!=": operator.ne}
NUMBERS = st.integers(-50, 50) | st.sampled_from([-1.5, 0.0, 0.25, 2.5])


def judged(values: list[Any], sign: Any, value: Any, **more: Any) -> Outcome:
    prediction = Prediction("p", SqlCheck("..."), Expectation("n", sign, value), more.pop("essential", False))
    return judge(prediction, Observation(("other", "n"), tuple((None, one) for one in values), **more))


@given(st.lists(NUMBERS, min_size=1), st.sampled_from(sorted(SIGNS)), NUMBERS)
def test_numbers_are_judged_as_python_does(values: list[float], sign: str, wanted: float) -> None:
    holds = all(SIGNS[sign](value, wanted) for value in values)
    assert judged(values, sign, wanted).result == (HELD if holds else FAILED)
    assert judged([str(value) for value in values], sign, str(wanted)).result == (HELD if holds else FAILED)


ANYTHING = st.none() | NUMBERS | st.text(max_size=4) | st.booleans() | st.lists(NUMBERS, max_size=2)


@given(st.lists(ANYTHING), st.sampled_from(sorted(SIGNS)), ANYTHING.filter(lambda one: one is not None), st.randoms())
def test_the_order_of_rows_plays_no_part(values: list[Any], sign: str, wanted: Any, random: Any) -> None:
    mixed = random.sample(values, len(values))
    assert judged(values, sign, wanted).result == judged(mixed, sign, wanted).result


@given(st.lists(ANYTHING, min_size=1), st.sampled_from(sorted(SIGNS)), NUMBERS)
def test_a_null_never_lets_a_prediction_hold(values: list[Any], sign: str, wanted: float) -> None:
    assert judged([*values, None], sign, wanted).result != HELD
    assert judged(values, sign, wanted, truncated=True).result != HELD


@pytest.mark.parametrize(
    ("values", "sign", "wanted", "result"),
    [
        ([], ">", 0, UNCHECKED),
        ([None], "=", "None", UNCHECKED),
        ([None, 0], ">", 0, FAILED),
        (["payment"], "=", "payment", HELD),
        (["payment"], "!=", "order", HELD),
        (["payment"], ">", "order", UNCHECKED),
        (["payment"], ">", 3, UNCHECKED),
        (["0.30000000000000004"], "=", 0.3, HELD),
        ([0.1 + 0.2], ">", 0.3, FAILED),
        (["2026-10-13T09:25:00"], ">=", "2026-10-13T11:24:00+02:00", HELD),
        (["2026-10-13T09:25:00"], "<", "2026-10-13T09:25:00Z", FAILED),
        ([True], "=", "true", HELD),
        ([False], "=", 1, FAILED),
        ([2**64], ">", 10**400, UNCHECKED),
        (["nan"], ">", 0, UNCHECKED),
        ([[1, 2]], ">", 0, UNCHECKED),
    ],
)
def test_values_of_all_kinds(values: list[Any], sign: str, wanted: Any, result: str) -> None:
    assert judged(values, sign, wanted).result == result


def test_a_column_that_is_not_there_is_told_with_those_that_are() -> None:
    prediction = Prediction("p", SqlCheck("..."), Expectation("share", ">", 0))
    outcome = judge(prediction, Observation(("a", "b"), ((1, 2),)))
    assert (outcome.result, outcome.weight_db) == (UNCHECKED, 0.0)
    assert "'share'" in outcome.reason
    assert "a, b" in outcome.reason


def test_what_was_so_before_tells_nothing() -> None:
    same = judged([5], ">", 1, before=Observation(("n",), ((4,),)))
    risen = judged([5], ">", 1, before=Observation(("n",), ((0,),)))
    unknown = judged([5], ">", 1)
    assert [one.result for one in (same, risen, unknown)] == [HELD] * 3
    assert same.weight_db == 0 < unknown.weight_db < risen.weight_db
    assert "tells nothing" in same.reason


@pytest.mark.parametrize("kind", ["no_signal", "refused", "too_slow", "failed"])
def test_what_cannot_be_observed_weighs_nothing(kind: Any) -> None:
    essential = Prediction("p", SqlCheck("..."), Expectation("n", ">", 0), essential=True)
    outcome = judge(essential, Unobservable("why", kind))
    assert (outcome.result, outcome.weight_db, outcome.reason, outcome.why_not) == (UNCHECKED, 0.0, "why", kind)
