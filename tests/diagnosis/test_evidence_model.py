"""The laws that any counts have to obey: bounds, monotony, no evidence no opinion, no order."""

from __future__ import annotations

from math import isclose, log10

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.diagnosis import evidence_model as model
from deep_code_reasoning.finding import Contrast, Support

COUNTS = st.integers(0, 3_000)


@st.composite
def supports(draw: st.DrawFn) -> Support:
    symptomatic, healthy = draw(COUNTS), draw(COUNTS)
    return Support(draw(st.integers(0, symptomatic)), symptomatic, draw(st.integers(0, healthy)), healthy)


@given(supports())
def test_a_weight_is_bounded(support: Support) -> None:
    assert model.FLOOR_DB <= model.weight_of(support) <= model.CAP_DB


@given(supports())
def test_one_more_symptomatic_with_the_pattern_never_weighs_less(support: Support) -> None:
    if support.symptomatic_with < support.symptomatic:
        more = Support(support.symptomatic_with + 1, support.symptomatic, support.healthy_with, support.healthy)
        assert model.weight_of(more) >= model.weight_of(support) - 1e-9


@given(supports())
def test_one_more_healthy_with_the_pattern_never_weighs_more(support: Support) -> None:
    if support.healthy_with < support.healthy:
        more = Support(support.symptomatic_with, support.symptomatic, support.healthy_with + 1, support.healthy)
        assert model.weight_of(more) <= model.weight_of(support) + 1e-9


@given(supports(), st.integers(2, 20))
def test_more_counts_of_the_same_shares_say_the_same_only_more_surely(support: Support, times: int) -> None:
    """The traces of one incident share its cause: a longer incident is not more evidence, beyond the smoothing."""
    if min(support.symptomatic, support.healthy) < 200:
        return
    more = Support(
        *(times * count for count in (support.symptomatic_with, support.symptomatic)),
        *(times * count for count in (support.healthy_with, support.healthy)),
    )
    if support.healthy_with and support.symptomatic_with:
        assert abs(model.weight_of(more) - model.weight_of(support)) < 2.0


@given(COUNTS, st.integers(0, 100))
def test_without_symptomatic_ones_there_is_no_weight(healthy: int, percent: int) -> None:
    assert model.weight_of(Support(0, 0, healthy * percent // 100, healthy)) == 0.0


@given(st.integers(1, 3_000), st.integers(1, 3_000))
def test_a_pattern_that_everyone_has_says_nothing(symptomatic: int, healthy: int) -> None:
    assert abs(model.weight_of(Support(symptomatic, symptomatic, healthy, healthy))) < 5.0


@pytest.mark.parametrize(
    ("support", "at_least", "at_most"),
    [
        (Support(138, 140, 3, 2_200), 19.0, 20.0),
        (Support(2, 140, 31, 2_200), -13.1, -12.0),
        (Support(70, 140, 1_100, 2_200), -5.0, -3.0),
        (Support(42, 140, 0, 2_200), -1.0, 4.0),
        (Support(1, 1, 0, 1), 0.0, 5.0),
    ],
)
def test_the_worked_examples_of_the_decision_page(support: Support, at_least: float, at_most: float) -> None:
    assert at_least <= model.weight_of(support) <= at_most


@given(st.integers(0, 500), st.integers(0, 500))
def test_what_remains_without_a_cause_weighs_against_it_as_what_goes_weighs_for_it(still: int, gone: int) -> None:
    """Symmetric up to the bounds."""
    if not still + gone:
        return
    weight = model.counterfactual_weight(still, still + gone)
    mirrored = model.counterfactual_weight(gone, still + gone)
    if max(abs(weight), abs(mirrored)) < abs(model.FLOOR_DB) - 0.01:
        assert isclose(weight, -mirrored, abs_tol=1e-9)


@given(st.lists(st.floats(-13, 40), max_size=12))
def test_probabilities_are_probabilities(weights: list[float]) -> None:
    scores, unknown = model.posterior(weights)
    assert isclose(sum(scores) + unknown, 1.0)
    assert all(0 <= score <= 1 for score in scores)


@given(st.lists(st.floats(-13, 80), min_size=1, max_size=12), st.floats(0.5, 0.9999))
def test_no_counts_make_certain_of_anything(weights: list[float], prior: float) -> None:
    """Neither of a suspect nor of "none of them", whatever the counts and whatever was thought before."""
    scores, unknown = model.posterior(weights, unknown=prior)
    assert max(scores) <= 0.98
    assert 0.02 <= unknown <= 0.98


@given(st.lists(st.floats(-13, 40), min_size=1, max_size=12), st.floats(0, 20), st.integers(0, 11))
def test_more_weight_never_lowers_a_score_nor_raises_the_others(weights: list[float], more: float, which: int) -> None:
    place = which % len(weights)
    raised = [weight + (more if at == place else 0.0) for at, weight in enumerate(weights)]
    (before, unknown_before), (after, unknown_after) = model.posterior(weights), model.posterior(raised)
    assert after[place] >= before[place] - 1e-12
    assert unknown_after <= unknown_before + 1e-12
    assert all(a <= b + 1e-12 for at, (a, b) in enumerate(zip(after, before, strict=True)) if at != place)


@given(st.lists(st.floats(-13, 40), min_size=1, max_size=12), st.randoms())
def test_the_order_of_the_candidates_does_not_matter(weights: list[float], random) -> None:
    shuffled = list(weights)
    random.shuffle(shuffled)
    scores, unknown = model.posterior(weights)
    again, unknown_again = model.posterior(shuffled)
    assert isclose(unknown, unknown_again)
    assert sorted(map(float, scores)) == pytest.approx(sorted(again))


@given(st.lists(st.floats(0, 20), min_size=1, max_size=9))
def test_a_second_witness_of_the_same_traces_at_most_doubles_the_first(weights: list[float]) -> None:
    weights.sort(reverse=True)
    assert weights[0] <= sum(model.discounted(weights)) <= 2 * weights[0] + 1e-9


def test_no_candidates_leave_everything_unknown() -> None:
    assert model.posterior([]) == ([], 1.0)


@given(st.integers(1, 50))
def test_candidates_without_evidence_leave_the_prior(candidates: int) -> None:
    scores, unknown = model.posterior([0.0] * candidates)
    assert isclose(unknown, model.UNKNOWN_PRIOR)
    assert all(isclose(score, 0.5 / candidates) for score in scores)


def test_a_longer_list_of_candidates_asks_for_more_evidence() -> None:
    assert model.posterior([10.0])[0][0] > model.posterior([10.0] + [0.0] * 30)[0][0]


@given(st.integers(1, 400))
def test_a_feature_that_all_changes_have_says_nothing(candidates: int) -> None:
    assert model.feature_weight(0.9, candidates, candidates) <= 1e-9 + 10 * log10(0.9 / 0.75)


@given(st.floats(1e-9, 1.0))
def test_nothing_happened_is_at_most_even_after_a_search(p_value: float) -> None:
    assert 0 <= model.bayes_bound_of_nothing(p_value) <= 0.5 + 1e-9


@given(supports(), st.floats(0, 1))
def test_traces_that_are_symptomatic_for_another_reason_speak_less_against(support: Support, part: float) -> None:
    assert model.weight_of(support, 0.0) == 0.0
    assert model.weight_of(support, part) >= min(0.0, model.weight_of(support)) - 1e-9


def test_a_cause_of_half_the_symptomatic_traces_counts_more_where_only_half_are_the_incident_s() -> None:
    support = Support(10, 20, 0, 100)
    assert model.weight_of(support) < model.weight_of(support, 0.5)


@given(supports())
def test_a_changed_share_never_speaks_against(counts: Support) -> None:
    contrast = Contrast(counts.symptomatic_with, counts.symptomatic, counts.healthy_with, counts.healthy)
    assert 0.0 <= model.divergence_of(contrast) <= model.CAP_DB


def test_the_same_share_says_nothing_and_a_certain_change_much() -> None:
    assert model.divergence_of(Contrast(50, 100, 500, 1000)) < 0.01
    assert round(model.divergence_of(Contrast(12, 12, 0, 6)), 1) == 8.6
    assert model.divergence_of(Contrast(8, 42, 0, 36)) < model.divergence_of(Contrast(20, 42, 0, 36))
