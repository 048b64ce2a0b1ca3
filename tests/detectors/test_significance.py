"""The tests of significance against oracles: counting everything out, known tables, and each other."""

from __future__ import annotations

import random
from itertools import combinations
from math import comb, isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.detectors import significance

counts = st.integers(0, 25)


@given(st.integers(0, 40), st.integers(1, 40), st.floats(0.01, 0.99))
def test_binomial_tail_is_the_sum_of_its_terms(hits: int, tries: int, chance: float) -> None:
    summed = sum(comb(tries, k) * chance**k * (1 - chance) ** (tries - k) for k in range(hits, tries + 1))
    assert isclose(significance.binomial_tail(hits, tries, chance), min(1.0, summed), rel_tol=1e-9, abs_tol=1e-12)


def test_binomial_tail_stays_close_where_it_is_approximated() -> None:
    exact = significance.binomial_tail(1_080, 2_000, 0.5)
    limit, significance.EXACT_LIMIT = significance.EXACT_LIMIT, 0
    try:
        assert isclose(significance.binomial_tail(1_080, 2_000, 0.5), exact, rel_tol=0.02)
    finally:
        significance.EXACT_LIMIT = limit


@given(st.integers(1, 7), st.integers(1, 7), st.data())
def test_fishers_test_counts_all_ways_to_deal_out_the_marked(after: int, before: int, data: st.DataObject) -> None:
    with_after, with_before = data.draw(st.integers(0, after)), data.draw(st.integers(0, before))
    marked = with_after + with_before
    deals = list(combinations(range(after + before), marked))
    as_high = sum(sum(card < after for card in deal) >= with_after for deal in deals)
    assert isclose(significance.more_often(with_after, after, with_before, before), as_high / len(deals), rel_tol=1e-9)


@given(st.integers(1, 5), st.integers(1, 5), st.data())
def test_rank_sum_counts_all_orders(after: int, before: int, data: st.DataObject) -> None:
    u = data.draw(st.integers(0, after * before))
    places = list(combinations(range(after + before), after))
    reached = [sum(place) - after * (after - 1) // 2 for place in places]
    share = sum(value >= u for value in reached) / len(places)
    assert isclose(significance.rank_sum_tail(u, after, before, 0), share, rel_tol=1e-9)


def test_rank_sum_is_continuous_between_counting_and_approximation() -> None:
    exact = significance.rank_sum_tail(600, 30, 30, 0)
    approximate = significance.rank_sum_tail(600, 30, 30, 1e-9)
    assert isclose(exact, approximate, rel_tol=0.05)


@pytest.mark.parametrize(
    ("t", "freedom", "tail"),
    [(2.015, 5, 0.05), (6.314, 1, 0.05), (2.764, 10, 0.01), (-2.764, 10, 0.99), (0, 3, 0.5), (1.645, 1e6, 0.05)],
)
def test_student_tail_is_that_of_the_tables(t: float, freedom: float, tail: float) -> None:
    assert significance.student_tail(t, freedom) == pytest.approx(tail, rel=2e-3)


def test_false_discovery_rates_of_the_papers_example() -> None:
    """Benjamini & Hochberg 1995, section 3.1: at 5 % the four smallest of fifteen are discoveries."""
    p_values = [
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
        0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0,
    ]  # fmt: skip
    rates = significance.false_discovery_rates(p_values)
    assert sum(rate <= 0.05 for rate in rates) == 4


@given(st.lists(st.floats(1e-12, 1), max_size=30))
def test_false_discovery_rates_keep_the_order_and_never_flatter(p_values: list[float]) -> None:
    rates = significance.false_discovery_rates(p_values)
    assert all(p <= rate * (1 + 1e-12) and rate <= 1 + 1e-12 for p, rate in zip(p_values, rates, strict=True))
    assert sorted(rates) == [rates[i] for i in sorted(range(len(rates)), key=lambda i: p_values[i])]


def test_what_is_too_rare_to_be_sure_of_costs_the_others_nothing() -> None:
    """23 of 250 against 0 of 46 (p = 0.02), beside ten things seen once: by plain Benjamini-Hochberg none is sure."""
    seen_once = [(1, 250, 0, 46)] * 10
    asked = [(23, 250, 0, 46), *seen_once]
    plain = significance.false_discovery_rates([significance.more_often(*four) for four in asked])
    found = significance.increases(asked)
    assert min(plain) > significance.FALSE_SHARE
    assert [one.is_sure for one in found] == [True, *[False] * 10]
    assert found[0].p_value == pytest.approx(0.02, abs=0.005)


def test_increases_are_false_in_one_experiment_of_twenty_at_most() -> None:
    """Nothing changed in any of 40 things of any frequency: an experiment with a sure one is a false alarm."""
    dice = random.Random(5)
    alarms = 0
    for _ in range(300):
        asked = []
        for _ in range(40):
            chance = dice.choice((0.002, 0.02, 0.1, 0.5))
            after, before = (sum(dice.random() < chance for _ in range(n)) for n in (80, 40))
            asked.append((after, 80, before, 40))
        alarms += any(one.is_sure for one in significance.increases(asked))
    assert alarms <= 0.05 * 300 + 1.64 * (0.05 * 0.95 * 300) ** 0.5


@given(counts, st.floats(0.1, 1e3), counts, st.floats(0.1, 1e3))
def test_rate_ratio_lies_within_its_interval_and_turns_with_the_sides(a: int, ea: float, b: int, eb: float) -> None:
    ratio = significance.rate_ratio(a, ea, b, eb)
    turned = significance.rate_ratio(b, eb, a, ea)
    assert ratio.low <= ratio.ratio <= ratio.high
    assert isclose(ratio.ratio * turned.ratio, 1, rel_tol=1e-9)
    assert isclose(ratio.low * turned.high, 1, rel_tol=1e-9)
