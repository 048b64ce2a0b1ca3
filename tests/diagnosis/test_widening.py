"""Windows that are a bit off take the stretch they lie in; windows that hold enough, or are ambiguous, stand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deep_code_reasoning.detectors.significance import binomial_tail, more_often
from deep_code_reasoning.diagnosis import diagnose
from deep_code_reasoning.diagnosis.stretches import Stretches
from deep_code_reasoning.diagnosis.to_json import diagnosis_to_json
from deep_code_reasoning.diagnosis.widening import ENOUGH, widen
from deep_code_reasoning.incident import TimeWindow
from deep_code_reasoning.progress import Work
from store.rows import tables_of

SECOND = 1_000_000_000
DAY = 1_790_000_000 // 86_400 * 86_400


def window(start: float, end: float) -> TimeWindow:
    return TimeWindow(int(start * SECOND), int(end * SECOND))


def evidence(*stretches: tuple[float, float, int]) -> Stretches:
    """Stretches as (start, end, traces evenly between)."""
    counted = np.concatenate([np.linspace(a, b, n, endpoint=False) for a, b, n in stretches] or [[]])
    windows = tuple(window(a, b) for a, b, _ in stretches)
    return Stretches(windows, (counted * SECOND).astype(np.int64), "traces", np.arange(len(counted)))


TWO = evidence((0, 100, 60), (1_000, 1_100, 50))


def test_each_window_takes_its_stretch() -> None:
    baseline, incident, told = widen(window(80, 140), window(1_050, 1_200), TWO)
    assert (baseline, incident) == (window(0, 140), window(1_000, 1_200))
    assert [(one.window, one.count_given, one.count_used) for one in told] == [
        ("baseline", 12, 60),
        ("incident", 25, 50),
    ]
    assert "12 traces, too few to compare" in str(told[0])


def test_a_window_with_enough_stands() -> None:
    given = window(10, 95)
    assert TWO.count(given) >= ENOUGH
    baseline, incident, told = widen(given, window(1_050, 1_200), TWO)
    assert baseline == given
    assert incident == window(1_000, 1_200)
    assert [one.window for one in told] == ["incident"]


def test_a_stretch_that_both_windows_meet_belongs_to_neither() -> None:
    given = window(10, 20), window(30, 40)
    assert widen(*given, TWO) == (*given, ())


def test_silence_is_not_crossed() -> None:
    three = evidence((0, 100, 60), (500, 520, 9), (1_000, 1_100, 50))
    baseline, incident, _ = widen(window(80, 100), window(505, 510), three)
    assert (baseline, incident) == (window(0, 100), window(500, 520))


def test_windows_that_overlap_stand() -> None:
    given = window(80, 1_010), window(1_005, 1_010)
    assert widen(*given, TWO) == (*given, ())


def test_a_window_without_evidence_is_told_and_stands() -> None:
    baseline, incident, told = widen(window(0, 100), window(4_000, 4_100), TWO)
    assert (baseline, incident) == (window(0, 100), window(4_000, 4_100))
    assert [str(one) for one in told] == [
        "the incident window given (1970-01-01T01:06:40.000Z to 1970-01-01T01:08:20.000Z) holds no traces of this "
        "evidence"
    ]


def test_an_incident_alone_leaves_something_to_compare_with() -> None:
    assert widen(None, window(1_050, 1_060), TWO)[1] == window(1_000, 1_100)
    assert widen(None, window(50, 60), evidence((0, 100, 60)))[1] == window(50, 60)


@pytest.mark.parametrize("seed", range(200))
def test_windows_never_come_to_touch(seed: int) -> None:
    random = np.random.default_rng(seed)
    edges = np.sort(random.choice(2_000, 2 * random.integers(1, 6), replace=False)).reshape(-1, 2)
    stretches = evidence(*((int(a), int(b), int(random.integers(1, 60))) for a, b in edges))
    a, b, c, d = (int(x) for x in np.sort(random.choice(2_000, 4, replace=False)))
    given = (window(a, b), window(c, d)) if seed % 2 else (window(c, d), window(a, b))
    baseline, incident, _ = widen(*given, stretches)
    assert baseline and incident
    for one, used in zip(given, (baseline, incident), strict=True):
        assert used.start <= one.start
        assert used.end >= one.end
    assert baseline.end < incident.start or incident.end < baseline.start


def test_enough_is_what_the_test_used_needs() -> None:
    """The fewest traces a side with which a failure of one in five is found at 1 %, four times in five."""

    def power(traces: int) -> float:
        needed = next(hits for hits in range(traces + 1) if more_often(hits, traces, 0, traces) <= 0.01)
        return binomial_tail(needed, traces, 0.2)

    assert power(ENOUGH) >= 0.8 > power(ENOUGH - 1)


def span(number: int, at: float, fails: bool) -> dict:
    return {
        "trace_id": f"{number + 1:032x}",
        "span_id": f"{number + 1:016x}",
        "parent_span_id": None,
        "name": "GET /cart",
        "kind": "server",
        "service_name": "cart",
        "start_time_unix_nano": int((DAY + at) * SECOND),
        "duration_nano": 20_000_000 + number % 7 * 1_000_000,
        "status_code": "error" if fails else "unset",
    }


def test_a_diagnosis_on_windows_that_are_off(tmp_path: Path) -> None:
    """60 traces a stretch, the windows given hold ten of each; half of the second stretch fails."""
    spans = [span(n, 2 * n, False) for n in range(60)]
    spans += [span(60 + n, 3_600 + 2 * n, n % 2 == 0) for n in range(60)]
    baseline, incident = window(DAY + 100, DAY + 160), window(DAY + 3_700, DAY + 3_760)
    with tables_of(tmp_path, spans=spans) as tables:
        found = diagnose(tables, investigation="t", baseline=baseline, incident=incident, work=Work())
    assert [(one.count_given, one.count_used) for one in found.incident.widened] == [(10, 60), (10, 60)]
    assert found.incident.onset == window(DAY + 2_700, DAY + 3_700), "begun at the latest when it was said to be on"
    assert "30 of 60 traces" in found.verdict.summary
    told = json.loads(json.dumps(diagnosis_to_json(found)))["incident"]["widened"]
    assert told[0] == {
        "window": "baseline",
        "given": baseline.as_json(),
        "used": replace(baseline, start=DAY * SECOND).as_json(),
        "count_given": 10,
        "count_used": 60,
        "unit": "traces",
    }
