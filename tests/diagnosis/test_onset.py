"""The onset search: finds what was put in, brackets its beginning, and is silent on noise as often as it says."""

from __future__ import annotations

import numpy as np
import pytest

from deep_code_reasoning.diagnosis.onset import (
    FALSE_ALARMS,
    RUN,
    Series,
    _gains,
    _x_log_x,
    find_change,
    run_length,
    shuffled,
    significant,
)

SECOND = 1_000_000_000


def series(bad: np.ndarray, total: np.ndarray) -> Series:
    return Series("entries: errors", np.arange(len(bad) + 1, dtype=np.int64) * SECOND, bad, total)


def noise(seed: int, rate: float, buckets: int = 60, size: int = 40) -> Series:
    total = np.full(buckets, size)
    return series(np.random.default_rng(seed).binomial(total, rate), total)


def step(seed: int, start: int, end: int, before: float, during: float, buckets: int = 60) -> Series:
    rates = np.full(buckets, before)
    rates[start:end] = during
    total = np.full(buckets, 40)
    return series(np.random.default_rng(seed).binomial(total, rates), total)


def test_a_step_is_found_with_its_end() -> None:
    change = find_change(step(1, 30, 45, 0.01, 0.3))
    assert change is not None
    assert (change.start, change.end) == (30, 45)
    assert change.recovered
    assert significant([change]) == [change]


def test_an_incident_that_lasts_has_no_end() -> None:
    change = find_change(step(2, 40, 60, 0.02, 0.2))
    assert change is not None
    assert change.end == 60
    assert not change.recovered


def test_the_interval_of_the_onset_holds_the_truth_nineteen_times_in_twenty() -> None:
    held = 0
    for seed in range(100):
        change = find_change(step(seed, 30, 60, 0.02, 0.12), shuffles=0)
        assert change is not None
        held += change.earliest - 1 <= 30 <= change.latest + 1
    assert held >= 95


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.3])
def test_false_alarms_on_stationary_noise_stay_at_the_promised_rate(rate: float) -> None:
    """200 quiet days a rate; at 1 % more than 6 alarms come with a chance of 0.4 %."""
    alarms = sum(
        bool(significant([change])) for seed in range(200) if (change := find_change(noise(seed, rate))) is not None
    )
    assert alarms <= 6, f"{alarms} of 200; promised {FALSE_ALARMS:.0%}"


def test_several_series_share_one_rate_of_false_alarms() -> None:
    alarms = 0
    for day in range(60):
        found = [find_change(noise(1_000 * day + n, 0.05)) for n in range(5)]
        alarms += bool(significant([change for change in found if change]))
    assert alarms <= 4


def test_an_uneven_flow_of_events_is_no_change() -> None:
    total = np.concatenate([np.full(30, 5), np.full(30, 200)])
    alarms = 0
    for seed in range(50):
        bad = np.random.default_rng(seed).binomial(total, 0.05)
        change = find_change(series(bad, total))
        alarms += bool(change and significant([change]))
    assert alarms <= 3


@pytest.mark.parametrize(
    ("bad", "total"), [([0] * 20, [10] * 20), ([10] * 20, [10] * 20), ([1, 0, 1], [5, 5, 5]), ([], [])]
)
def test_too_little_or_no_variation_says_nothing(bad: list[int], total: list[int]) -> None:
    assert find_change(series(np.array(bad, dtype=int), np.array(total, dtype=int))) is None


def test_the_same_data_give_the_same_answer() -> None:
    one, other = find_change(noise(5, 0.1)), find_change(noise(5, 0.1))
    assert one is not None and other is not None
    assert (one.start, one.end, one.p_value) == (other.start, other.end, other.p_value)


def test_a_lasting_rise_is_found_though_short_clusters_of_noise_stand_out_more() -> None:
    """Few events, clustered: the best short stretch of shuffled noise has as large a ratio as the lasting rise."""
    total = np.full(64, 5)
    bad = np.zeros(64, dtype=int)
    bad[24:] = np.tile([0, 2, 0, 1, 0, 0, 3, 0, 1, 0], 4)
    change = find_change(series(bad, total))
    assert change is not None
    assert change.end >= 63
    assert change.earliest <= 25 <= change.latest
    assert change.p_value <= FALSE_ALARMS


def alike(seed: int, correlation: float, buckets: int = 60) -> Series:
    """Quiet counts whose log odds wander: AR(1) with standard deviation 0.6 around 5 %."""
    random = np.random.default_rng(seed)
    drift = [random.normal()]
    for _ in range(buckets - 1):
        drift.append(correlation * drift[-1] + np.sqrt(1 - correlation**2) * random.normal())
    total = np.full(buckets, 40)
    return series(random.binomial(total, 1 / (1 + 19 * np.exp(-0.6 * np.array(drift)))), total)


def test_neighbours_that_are_alike_raise_few_alarms() -> None:
    """Correlation 0.5; shuffling single buckets alarms on 7 of these 60 days, runs of buckets on 3."""
    found = [find_change(alike(seed, 0.5)) for seed in range(60)]
    assert sum(bool(change and significant([change])) for change in found) <= 4


def share_in_runs(days: list[Series], stretch: slice) -> float:
    return float(np.mean([run_length(d.bad.astype(float), d.total.astype(float), stretch) == RUN for d in days]))


def test_runs_are_shuffled_mostly_where_neighbours_are_alike() -> None:
    nowhere = slice(0, 0)
    assert share_in_runs([alike(seed, 0.9) for seed in range(100)], nowhere) >= 0.75
    assert share_in_runs([noise(seed, 0.05) for seed in range(100)], nowhere) <= 0.4
    assert share_in_runs([step(seed, 30, 45, 0.01, 0.3) for seed in range(100)], slice(30, 45)) <= 0.4


@pytest.mark.parametrize(("buckets", "run"), [(60, 1), (60, 5), (61, 5), (16, 2)])
def test_a_shuffle_loses_nothing(buckets: int, run: int) -> None:
    order = shuffled(buckets, run, np.random.default_rng(1))
    assert sorted(order) == list(range(buckets))
    neighbours = np.count_nonzero(np.diff(order) == 1)
    assert neighbours >= buckets - buckets // run - 1 if run > 1 else neighbours < buckets / 4


def test_the_table_of_logarithms_gives_what_logarithms_give() -> None:
    quiet = noise(7, 0.1)
    starts, ends = np.triu_indices(60)
    table = _x_log_x(np.arange(quiet.total.sum() + 1, dtype=float))
    exact = _gains(quiet.bad.astype(float), quiet.total.astype(float), starts, ends + 1)
    assert np.allclose(exact, _gains(quiet.bad, quiet.total, starts, ends + 1, table))
