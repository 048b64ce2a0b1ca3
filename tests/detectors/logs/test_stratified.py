"""The stratified test: Fisher's where there is one stratum, blind to the mix of several, and its false alarms."""

from __future__ import annotations

import numpy as np
import pytest

from deep_code_reasoning.detectors.logs import stratified
from deep_code_reasoning.detectors.logs.stratified import Stratum, more_often_within
from deep_code_reasoning.detectors.significance import more_often


@pytest.mark.parametrize("four", [(5, 7, 0, 8), (1, 30, 2, 4), (3, 3, 3, 3), (0, 5, 2, 5)], ids=str)
def test_one_stratum_is_fishers_test(four: tuple[int, int, int, int]) -> None:
    assert more_often_within([Stratum(*four)]).p_value == pytest.approx(more_often(*four))


def test_the_lowest_is_what_the_extreme_outcome_has() -> None:
    extreme = more_often_within([Stratum(4, 5, 0, 6), Stratum(2, 3, 0, 3)])
    assert extreme.p_value == pytest.approx(extreme.lowest)
    assert more_often_within([Stratum(1, 5, 3, 6), Stratum(0, 3, 2, 3)]).lowest == pytest.approx(extreme.lowest)


def test_a_stratum_seen_in_one_window_says_nothing() -> None:
    alone = [Stratum(3, 4, 0, 5)]
    assert more_often_within([*alone, Stratum(9, 9, 0, 0), Stratum(0, 0, 7, 7)]) == more_often_within(alone)
    assert more_often_within([Stratum(9, 9, 0, 0)]).p_value == 1.0


def test_the_mix_of_requests_is_no_change() -> None:
    """Pooled, 52 of 100 against 16 of 100 look sure; within each kind nothing changed."""
    kinds = [Stratum(2, 40, 4, 80), Stratum(50, 60, 16, 20)]
    assert more_often(52, 100, 20, 100) < 1e-5
    assert more_often_within(kinds).p_value > 0.3


def test_many_are_close_to_the_exact_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    strata = [Stratum(60, 400, 40, 420), Stratum(90, 700, 70, 650)]
    exact = more_often_within(strata).p_value
    monkeypatch.setattr(stratified, "EXACT_LIMIT", 10)
    assert more_often_within(strata).p_value == pytest.approx(exact, rel=0.1)


@pytest.mark.parametrize("sizes", [(6, 8), (40, 30), (400, 300)], ids=str)
def test_false_alarms_are_at_most_the_level(sizes: tuple[int, int]) -> None:
    """Four kinds of requests whose mix changes, each with its own constant rate: 3,000 tests at 5 %."""
    random, alarms = np.random.default_rng(3), 0
    for _ in range(3_000):
        rates = random.beta(0.5, 0.5, 4)
        mixes = random.dirichlet(np.ones(4), 2)
        counts = [random.multinomial(size, mix) for size, mix in zip(sizes, mixes, strict=True)]
        strata = [
            Stratum(int(random.binomial(after, rate)), int(after), int(random.binomial(before, rate)), int(before))
            for after, before, rate in zip(*counts, rates, strict=True)
        ]
        alarms += more_often_within(strata).p_value <= 0.05
    assert 0 < alarms <= 190
