"""What a rise is made of, the day of the shop, and the head sampler, each against what it has to give."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.demo import season
from deep_code_reasoning.demo.sampling import EVERYTHING, HeadSampler
from deep_code_reasoning.demo.visits import Visit, rise, slower_than_before

HOUR, DAY = 3600.0, 86_400.0


def day(start_s: float, lines: int, *, a_line_s: float, called_s: float = 0.0, busy_s: float = 0.0) -> list[Visit]:
    """Twenty visits an hour; evenings take `busy_s` longer and are three times as busy."""
    visits = []
    for hour in range(24):
        evening = hour >= 18
        for number in range(60 if evening else 20):
            seconds = 0.1 + a_line_s * lines + called_s * lines + busy_s * evening
            at_s = start_s + hour * HOUR + number
            visits.append(Visit("buy", at_s, lines, seconds, called_s=called_s * lines))
    return visits


def test_the_parts_of_a_rise_add_up() -> None:
    before = [*day(0.0, 4, a_line_s=0.01, busy_s=0.05), *day(DAY, 6, a_line_s=0.01, busy_s=0.05)]
    after = day(2 * DAY, 6, a_line_s=0.01, called_s=0.008, busy_s=0.05)
    told = rise("buy", [*before, *after], (0.0, 2 * DAY), (2 * DAY, 3 * DAY))
    assert told.of_calls_s == pytest.approx(6 * 0.008)
    assert told.of_mix_s == pytest.approx(0.01, abs=0.001)
    assert told.of_calls_s + told.of_mix_s == pytest.approx(told.after_s - told.before_s, abs=0.001)


def test_an_evening_alone_is_no_rise() -> None:
    visits = [*day(0.0, 4, a_line_s=0.01, busy_s=0.05), *day(DAY, 4, a_line_s=0.01, busy_s=0.05)]
    whole = rise("buy", visits, (0.0, DAY), (DAY, 2 * DAY))
    assert whole.relative == pytest.approx(0.0, abs=1e-9)
    evening_missing = [visit for visit in visits if visit.at_s < DAY + 18 * HOUR]
    assert rise("buy", evening_missing, (0.0, DAY), (DAY, 2 * DAY)).relative == pytest.approx(0.0, abs=1e-9)


def test_the_monitor_compares_a_day_with_three() -> None:
    visits = [visit for number in range(4) for visit in day(number * DAY, 4, a_line_s=0.01)]
    visits += day(4 * DAY, 4, a_line_s=0.01, called_s=0.014)
    monitor = slower_than_before(visits, "buy")
    assert monitor.value(3 * DAY) is None
    assert monitor.value(4 * DAY) == pytest.approx(1.0)
    assert monitor.value(5 * DAY) == pytest.approx(1.4)


def test_a_day_has_the_mean_of_one_and_never_more_than_the_most() -> None:
    factors = [season.of_day(minute * 60.0) for minute in range(24 * 60)]
    assert sum(factors) / len(factors) == pytest.approx(1.0)
    assert 0 < min(factors) < 0.5
    assert 1.5 < max(factors) <= season.MOST
    assert season.of_day(1000.0) == pytest.approx(season.of_day(1000.0 + 3 * DAY))


@given(st.sampled_from([1, 2, 4, 8, 16, 32, 64, 128]), st.integers(0, 2**128 - 1))
def test_a_sampler_keeps_by_the_lower_bits_of_the_trace_id(count: int, trace_id: int) -> None:
    sampler = HeadSampler.one_in(count)
    threshold = int(sampler.member.partition("th:")[2].strip('"').ljust(14, "0"), 16)
    assert sampler.keeps(trace_id) == (trace_id % 2**56 >= threshold)
    assert not HeadSampler.one_in(2 * count).keeps(trace_id) or sampler.keeps(trace_id)
    assert EVERYTHING.keeps(trace_id)


def test_one_in_sixteen_is_one_in_sixteen() -> None:
    rng, sampler = Random(1), HeadSampler.one_in(16)
    assert sampler.member == ',"traceState":"ot=th:f"'
    assert sum(sampler.keeps(rng.getrandbits(128)) for _ in range(16_000)) == pytest.approx(1000, abs=100)
