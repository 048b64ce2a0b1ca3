"""Two stretches of evidence and no windows: compared as incident and normal time, and quiet when they do not differ."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from deep_code_reasoning.diagnosis import diagnose
from deep_code_reasoning.diagnosis.onset import FALSE_ALARMS
from deep_code_reasoning.diagnosis.panel import Kind, Panel, difference
from deep_code_reasoning.finding import Diagnosis
from deep_code_reasoning.incident import TimeWindow
from deep_code_reasoning.progress import Work
from store.rows import tables_of

SECOND = 1_000_000_000
START = 1_790_000_000
LATER = START + 7_200


def noise(seed: int, kinds: int = 200, buckets: int = 40) -> Panel:
    """Counts of rare and frequent things, a tenth of them in step with each other."""
    random = np.random.default_rng(seed)
    rates = random.uniform(0.05, 3, (kinds, 1))
    values = random.poisson(rates, (kinds, buckets)).astype(float)
    values[: kinds // 10] = values[0] + random.normal(0, 0.3, (kinds // 10, buckets))
    names = tuple(Kind("latency", f"service-{n}", "work") for n in range(kinds))
    return Panel(names, values, np.full_like(values, 4.0), np.arange(buckets + 1), (0, 20))


def test_one_series_of_hundreds_that_differs_is_found_and_named() -> None:
    panel = noise(1)
    panel.sums[77] = 2 + np.random.default_rng(77).normal(0, 1, 40) + 3 * (np.arange(40) >= 25)
    found = difference(panel, 25, FALSE_ALARMS)
    assert found.p_value <= FALSE_ALARMS
    assert str(found.most) == "latency of service-77 work"
    assert found.deviations[found.most] > 0


def test_false_alarms_among_hundreds_of_series_together_stay_at_one_in_a_hundred() -> None:
    """150 pairs of the same; at 1 % more than 6 alarms come with a chance of 0.1 %."""
    alarms = sum(difference(noise(seed), 20, FALSE_ALARMS).p_value <= FALSE_ALARMS for seed in range(150))
    assert alarms <= 6, f"{alarms} of 150; promised {FALSE_ALARMS:.0%}"


def trace(number: int, at: float, milliseconds: float, fails: bool = False) -> list[dict]:
    """web -> stock; stock takes `milliseconds`."""
    shared = {"trace_id": f"{number + 1:032x}", "kind": "server", "start_time_unix_nano": int(at * SECOND)}
    return [
        {
            **shared,
            "span_id": f"{2 * number + 1:016x}",
            "parent_span_id": None,
            "service_name": "web",
            "name": "GET /cart",
            "duration_nano": int((milliseconds + 5) * 1e6),
            "status_code": "unset",
        },
        {
            **shared,
            "span_id": f"{2 * number + 2:016x}",
            "parent_span_id": f"{2 * number + 1:016x}",
            "service_name": "stock",
            "name": "reserve",
            "duration_nano": int(milliseconds * 1e6),
            "status_code": "error" if fails else "unset",
        },
    ]


def spans(seed: int, start: float, traces: int = 60, slower: float = 1.0, failing: float = 0.0) -> list[dict]:
    random = np.random.default_rng(seed)
    times = start + np.sort(random.uniform(0, 60, traces))
    return [
        one
        for number, at in enumerate(times)
        for one in trace(
            seed * 1_000 + number, at, float(slower * random.lognormal(3, 0.3)), bool(random.random() < failing)
        )
    ]


@pytest.fixture
def found(tmp_path: Path) -> Callable[..., Diagnosis]:
    def diagnosed(*parts: list[dict]) -> Diagnosis:
        with tables_of(tmp_path, spans=[span for part in parts for span in part]) as tables:
            return diagnose(tables, investigation="t", work=Work())

    return diagnosed


def covers(window: TimeWindow | None, start: float) -> bool:
    return window is not None and start * SECOND <= window.start and window.end <= (start + 61) * SECOND


def test_a_later_stretch_that_is_slower_is_the_incident(found: Callable[..., Diagnosis]) -> None:
    incident = found(spans(1, START), spans(2, LATER, slower=2)).incident
    assert incident.origin == "onset"
    assert covers(incident.baseline, START)
    assert covers(incident.incident, LATER)
    assert incident.onset == TimeWindow(incident.baseline.end, incident.incident.start)
    assert "with 119 min of silence between; the later differs from the other, most in latency of " in incident.basis


def test_two_stretches_of_the_same_are_quiet(found: Callable[..., Diagnosis]) -> None:
    diagnosis = found(spans(3, START), spans(4, LATER))
    assert diagnosis.incident.origin == "silence"
    assert diagnosis.verdict.kind == "none"
    assert "later stretch of evidence" in diagnosis.verdict.summary
    assert "differs from the other by no more than chance" in diagnosis.incident.notes[0]


def test_an_earlier_stretch_that_failed_is_the_incident_that_ended(found: Callable[..., Diagnosis]) -> None:
    incident = found(spans(5, START, failing=0.5), spans(6, LATER)).incident
    assert covers(incident.incident, START)
    assert covers(incident.baseline, LATER)


def test_a_short_stretch_before_is_joined_until_there_is_enough_to_compare_with(
    found: Callable[..., Diagnosis],
) -> None:
    incident = found(spans(7, START), spans(8, START + 900, traces=20), spans(9, LATER, slower=2)).incident
    assert incident.baseline is not None
    assert incident.baseline.start < (START + 61) * SECOND
    assert incident.baseline.end > (START + 900) * SECOND


def test_a_pause_shorter_than_what_follows_is_no_second_export(found: Callable[..., Diagnosis]) -> None:
    long_after = [one for minute in range(20) for one in spans(20 + minute, START + 600 + 60 * minute)]
    assert found(spans(10, START), long_after).incident.origin != "silence"
