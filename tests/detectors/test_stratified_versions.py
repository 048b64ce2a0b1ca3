"""Two versions within strata: against published figures and against plain ratios where there is one stratum."""

from __future__ import annotations

from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.detectors.releases.stratified import Side, duration_ratio, failure_ratio, most_more_failures


def side(traces: int, failed: int = 0, log_mean: float = 0.0, log_variance: float = 0.04) -> Side:
    return Side(traces, failed, traces - failed, log_mean, log_variance)


def test_the_interval_of_a_difference_is_newcombes():
    """Newcombe 1998, table II, method 10: 56 of 70 against 48 of 80 gives 0.0524 to 0.3339."""
    assert most_more_failures(56, 70, 48, 80) == pytest.approx(0.3339, abs=5e-5)


def test_what_a_version_is_asked_is_no_part_of_the_comparison():
    """Each kind of request takes 1.2 times as long; the new version is asked for more of the short ones."""
    short = (side(300, log_mean=1.0 + 0.182), side(20, log_mean=1.0))
    long = (side(20, log_mean=5.0 + 0.182), side(300, log_mean=5.0))
    found = duration_ratio([short, long])
    assert found is not None
    assert found.estimate.ratio == pytest.approx(1.2, rel=0.001)
    assert found.estimate.low > 1.1


def test_failures_of_kinds_that_fail_more_are_no_part_of_it_either():
    """Both versions fail in 1 of 10 of one kind and in 1 of 2 of the other (a Simpson's paradox when put together)."""
    found = failure_ratio([(side(100, 10), side(400, 40)), (side(400, 200), side(100, 50))])
    assert found.estimate.ratio == pytest.approx(1.0)
    assert found.p_value == pytest.approx(0.5)


@pytest.mark.parametrize("strata", [[], [(side(1), side(1))], [(side(5), Side(5, 5, 0, 0.0, 0.0))]])
def test_no_scatter_no_ratio(strata):
    assert duration_ratio(strata) is None


@given(
    st.integers(2, 500),
    st.integers(2, 500),
    st.floats(-3, 3),
    st.floats(0.001, 2.0),
    st.integers(0, 2),
    st.integers(0, 2),
)
def test_one_stratum_is_a_plain_ratio(new, old, difference, variance, new_failed, old_failed):
    one = [
        (side(new + new_failed, new_failed, difference, variance), side(old + old_failed, old_failed, 0.0, variance))
    ]
    found = duration_ratio(one)
    assert found is not None
    assert found.estimate.ratio == pytest.approx(exp(difference))
    assert found.estimate.low <= found.estimate.ratio <= found.estimate.high
    failures = failure_ratio(one)
    assert failures.estimate.low <= failures.estimate.ratio <= failures.estimate.high
    if new_failed and old_failed:
        shares = new_failed / (new + new_failed), old_failed / (old + old_failed)
        assert failures.estimate.ratio == pytest.approx(shares[0] / shares[1])
