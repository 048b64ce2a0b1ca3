"""The interval of a ratio of rates: how often it is wrong, and what it does at the edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.detectors.rates import rate_ratio

counts = st.lists(st.integers(0, 500), min_size=1, max_size=40)


@given(counts, counts, st.floats(1, 1e5), st.floats(1, 1e5))
def test_swapping_the_windows_turns_the_interval_over(now: list, before: list, long: float, short: float) -> None:
    one, other = rate_ratio(now, long, before, short), rate_ratio(before, short, now, long)
    if one.low > 0 and math.isfinite(other.high):
        assert one.low == pytest.approx(1 / other.high, rel=1e-6)
    assert one.ratio == pytest.approx(1 / other.ratio)
    assert one.low <= one.high


@pytest.mark.parametrize("rate", [0.3, 2, 30])
def test_equal_poisson_rates_are_told_apart_in_one_of_a_hundred_at_most(rate: float) -> None:
    random = np.random.default_rng(11)
    found = [
        rate_ratio(random.poisson(rate, 30).tolist(), 60, random.poisson(rate, 30).tolist(), 60) for _ in range(4000)
    ]
    # 99 % two-sided: 0.5 % above; four standard errors of 4,000 draws added
    assert np.mean([one.low > 1 for one in found]) <= 0.005 + 4 * math.sqrt(0.005 / 4000)


def test_bursts_widen_the_interval() -> None:
    even = rate_ratio([10] * 30, 60, [5] * 30, 60)
    bursts = rate_ratio([100, 0, 0, 0, 0, 0, 0, 0, 0, 0] * 3, 60, [50, 0, 0, 0, 0, 0, 0, 0, 0, 0] * 3, 60)
    assert even.dispersion == 1
    assert bursts.dispersion > 10
    assert even.low > 1 > bursts.low


def test_nothing_before_leaves_the_ratio_open_above() -> None:
    found = rate_ratio([20], 60, [0], 60)
    assert found.high == math.inf
    assert 1 < found.low < found.ratio
    assert rate_ratio([0], 60, [0], 60)[:3] == (1.0, 0.0, math.inf)
