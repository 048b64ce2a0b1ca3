"""How often what these rules ask for is there by accident."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from deep_code_reasoning.detectors.resilience import fan_out_growth, timeout_inversion
from deep_code_reasoning.detectors.significance import FALSE_SHARE


def test_counts_of_one_distribution_are_seldom_called_grown() -> None:
    draw = random.Random(4)
    called = 0
    for _ in range(2000):
        one = fan_out_growth.Operation("shop", "GET /")
        for phase, traces in (("incident", draw.randint(5, 60)), ("baseline", draw.randint(5, 200))):
            one.traces[phase] = dict(Counter(100 * draw.choice((1, 2, 2, 3, 3, 3, 4, 9)) for _ in range(traces)))
        one.compare()
        called += one.p_value <= FALSE_SHARE
    assert 0.01 < called / 2000 <= FALSE_SHARE * 1.2, "Mann-Whitney's test keeps its level and is no formality"


def test_growth_by_one_call_is_seen() -> None:
    one = fan_out_growth.Operation("shop", "GET /")
    one.traces = {"incident": {200: 2, 300: 8}, "baseline": {200: 30}}
    one.compare()
    assert one.p_value < 1e-4
    assert one.superiority == 0.9
    assert one.added == pytest.approx(0.8)
    assert one.usual_most() == 200


def test_durations_that_spread_seldom_look_like_a_deadline() -> None:
    draw = random.Random(7)
    called = 0
    for _ in range(4000):
        waited = sorted(draw.lognormvariate(0, 0.4) for _ in range(draw.randint(4, 30)))
        middle = waited[len(waited) // 2]
        near = sum(abs(one - middle) <= timeout_inversion.NEARNESS * middle for one in waited)
        called += timeout_inversion._has_deadline({"near": near, "given_up": len(waited), "beyond": 0})
    assert called / 4000 <= 2 * timeout_inversion.ACCIDENT


def test_a_deadline_that_jitters_by_two_percent_is_seen() -> None:
    draw = random.Random(8)
    for given_up in (4, 5, 30):
        waited = [500 * draw.uniform(0.98, 1.02) for _ in range(given_up)]
        near = sum(abs(one - 500) <= 25 for one in waited)
        assert timeout_inversion._has_deadline({"near": near, "given_up": given_up, "beyond": 0})
