"""How often a series is said to have moved when nothing changed, with few, correlated and heavy-tailed points."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from deep_code_reasoning.detectors.groundwork.metrics import metric_shifts
from deep_code_reasoning.detectors.series_change import Moments, p_value, quantile, tail
from deep_code_reasoning.incident import Incident, TimeWindow
from store.rows import tables_of

SERIES = 400
MINUTE = 60_000_000_000


def _noise(random: np.random.Generator, shape: tuple[int, int], correlation: float, kind: str) -> np.ndarray:
    """Rows of an autoregression of the first order, normal, Student's t with 2 degrees, or the exponential of it."""
    rows, points = shape
    steps = (
        random.standard_t(2, (rows, points + 40)) if kind == "heavy" else random.standard_normal((rows, points + 40))
    )
    values = np.zeros_like(steps)
    for at in range(1, points + 40):
        values[:, at] = correlation * values[:, at - 1] + steps[:, at]
    values = values[:, 40:]
    return np.exp(values * np.sqrt(1 - correlation**2)) if kind == "lognormal" else values


def _moments(points: np.ndarray, after: int) -> Moments:
    before, now = points[:-after], points[-after:]
    out = before - np.median(before)
    _, equal = np.unique(points, return_counts=True)
    return Moments(
        after=after,
        before=len(before),
        shift=float(now.mean() - np.median(before)),
        mad=float(np.median(abs(out))),
        highest=float(out.max()),
        correlation=float((out[1:] * out[:-1]).sum() / max((out * out).sum(), 1e-300)),
        u=float((now[:, None] > before).sum() + (now[:, None] == before).sum() / 2),
        ties=float((equal**3 - equal).sum()),
        least_spread=0.0,
    )


def _share_below(sizes: tuple[int, int], correlation: float, kind: str, limit: float) -> float:
    before, after = sizes
    noise = _noise(np.random.default_rng(11), (SERIES, before + after), correlation, kind)
    return float(np.mean([p_value(_moments(points, after)) <= limit for points in noise]))


SIZES = [(3, 1), (5, 2), (25, 1), (25, 3), (30, 30)]


@pytest.mark.parametrize("kind", ["normal", "heavy", "lognormal"])
@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_p_values_hold_under_no_change(sizes: tuple[int, int], correlation: float, kind: str) -> None:
    """At 5 % at most 5 % and at 1 % at most 1 %, plus three standard errors; lognormal noise, 2 % at 1 %."""
    assert _share_below(sizes, correlation, kind, 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / SERIES)
    allowed = 0.02 if kind == "lognormal" else 0.01
    assert _share_below(sizes, correlation, kind, 0.01) <= allowed + 3 * np.sqrt(allowed / SERIES)


def test_a_random_walk_is_rarely_taken_for_a_shift() -> None:
    assert _share_below((30, 30), 1.0, "normal", 0.001) <= 0.01


@pytest.mark.parametrize("freedom", [1, 2, 3])
def test_tail_and_quantile_are_inverse_and_known(freedom: int) -> None:
    known = {1: 12.706, 2: 4.3027, 3: 3.1824}  # two-sided 95 % points in any table
    assert quantile(0.975, freedom) == pytest.approx(known[freedom], rel=1e-3)
    assert tail(quantile(0.999, freedom), freedom) == pytest.approx(0.001, rel=1e-3)


@pytest.fixture
def points(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[int, int]]:
    """Shifts found in 40 services with four metrics each, a point a minute: (of noise, with one true step added)."""
    kind, correlation = request.param
    noise = _noise(np.random.default_rng(5), (160, 32), correlation, kind)
    found = []
    for step in (False, True):
        rows = [
            {
                "time_unix_nano": at * MINUTE,
                "name": f"pool_{number % 4}_pending",
                "kind": "gauge",
                "service_name": f"s{number // 4}",
                "host": f"h{number // 4}",
                "value": float(50 + value + (2_000 if step and number == 0 and at >= 30 else 0)),
            }
            for number, series in enumerate(noise)
            for at, value in enumerate(series)
        ]
        with tables_of(tmp_path / str(step), metrics=rows) as tables:
            incident = Incident(TimeWindow(0, MINUTE), TimeWindow(30 * MINUTE, 32 * MINUTE))
            metric_shifts.prepare(tables, incident)
            assert tables.count("metric_shifts") == len(noise)
            found.append(tables.rows("SELECT COUNT(*) FROM metric_shifts WHERE is_shift")[0][0])
    yield found[0], found[1]


@pytest.mark.parametrize(
    "points", [("normal", 0.0), ("normal", 0.8), ("heavy", 0.5), ("lognormal", 0.5)], indirect=True
)
def test_of_many_series_none_moves_by_noise_and_one_by_a_step(points: tuple[int, int]) -> None:
    """At 5 % over all series one quiet evidence of twenty may show something; these four fixed ones show nothing."""
    assert points == (0, 1)
