"""Line counts of quiet windows, and of one template that changed, through traffic and bursts."""

from __future__ import annotations

import numpy as np
import pytest

from deep_code_reasoning.detectors.logs.template_weights import weigh
from deep_code_reasoning.detectors.significance import false_discovery_rates

TEMPLATES = 80


def _rows(random: np.random.Generator, traffic: float, burst: float, changed: float = 1.0) -> list[dict]:
    """One service's templates, counted in lines; `burst` lines come together, so counts vary more than Poisson's."""
    rows = []
    for template in range(TEMPLATES):
        rate = 10 ** random.uniform(0.7, 2.5)
        factor = traffic * (changed if template == 0 else 1)
        after, before = (int(burst * random.poisson(rate * f / burst)) for f in (factor, 1.0))
        counts = {"after_with": after, "before_with": before, "after_lines": after, "before_lines": before}
        rows.append(counts | {"service_name": "mail", "operation": None, "after_traces": 0, "before_traces": 0})
    weigh(rows, 60, 60)
    return rows


@pytest.mark.parametrize(("traffic", "burst"), [(1, 1), (5, 1), (0.2, 1), (1, 4), (3, 4)], ids=str)
def test_traffic_and_bursts_are_no_change(traffic: float, burst: float) -> None:
    random = np.random.default_rng(5)
    false = sum(
        any(rate <= 0.05 for rate in false_discovery_rates([row["p_value"] for row in _rows(random, traffic, burst)]))
        for _ in range(40)
    )
    assert false <= 6


@pytest.mark.parametrize("changed", [0.0, 12.0])
def test_a_change_stands_out_of_traffic_and_bursts(changed: float) -> None:
    rows = _rows(np.random.default_rng(6), traffic=3, burst=2, changed=changed)
    assert max(rows, key=lambda row: row["g2"]) is rows[0]
    assert rows[0]["rises"] == (changed > 1)
    assert np.median([row["expected_ratio"] for row in rows]) == pytest.approx(3, rel=0.15)
