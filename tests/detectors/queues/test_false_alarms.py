"""Queues whose level wanders without a direction are not said to grow."""

from __future__ import annotations

import random

from deep_code_reasoning.detectors.queues.unacked_growth import Series
from deep_code_reasoning.detectors.significance import FALSE_SHARE


def test_a_random_walk_is_seldom_called_growth_and_steady_growth_is() -> None:
    draw = random.Random(3)
    called = grown = 0
    for _ in range(2000):
        walk, climb = [100.0], [10.0]
        for _ in range(29):
            walk.append(walk[-1] + draw.gauss(0, 5))
            climb.append(climb[-1] + draw.uniform(-1, 5))
        levels = [draw.gauss(12, 3) for _ in range(30)]
        called += Series("unacked", "a", None, {"incident": walk, "baseline": levels}).p_value <= FALSE_SHARE
        one = Series("unacked", "a", None, {"incident": climb, "baseline": levels})
        grown += one.p_value <= FALSE_SHARE and one.is_beyond
    assert called / 2000 <= FALSE_SHARE
    assert grown / 2000 > 0.8
