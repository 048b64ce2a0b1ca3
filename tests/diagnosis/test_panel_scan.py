"""The scan of all operations at once: names the one that changed and when, and is silent on hundreds that did not."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from deep_code_reasoning.diagnosis import diagnose
from deep_code_reasoning.diagnosis.onset import FALSE_ALARMS, significant
from deep_code_reasoning.diagnosis.panel import Kind, Panel
from deep_code_reasoning.diagnosis.panel_scan import scan
from deep_code_reasoning.progress import Work
from store.rows import tables_of

SECOND = 1_000_000_000
START = 1_790_000_000
BUCKETS = 60


def noise(seed: int, kinds: int = 100, measure: str = "latency") -> Panel:
    """Of four traces a bucket and operation, the sum of their ranks, or how many wrote a line."""
    random = np.random.default_rng(seed)
    if measure == "lines":
        sums = random.binomial(4, random.uniform(0.02, 0.5, (kinds, 1)), (kinds, BUCKETS)).astype(float)
    else:
        sums = random.uniform(size=(kinds, BUCKETS, 4)).sum(axis=2)
    names = tuple(Kind(measure, f"service-{n}", "work") for n in range(kinds))
    return Panel(names, sums, np.full_like(sums, 4.0), np.arange(BUCKETS + 1) * SECOND, (0,))


def test_the_one_that_became_slower_is_named_with_its_time() -> None:
    panel = noise(1)
    panel.sums[42, 20:35] = np.clip(panel.sums[42, 20:35] + 1.5, 0, 4)
    change = scan(panel)
    assert change is not None
    assert change.series.name == "operations: latency of service-42 work"
    assert abs(change.start - 20) <= 1
    assert abs(change.end - 35) <= 1
    assert significant([change]) == [change]


def test_a_line_that_no_longer_comes_is_a_change_too() -> None:
    panel = noise(2, measure="lines")
    panel.sums[7] = 4.0
    panel.sums[7, 40:] = 1.0
    change = scan(panel)
    assert change is not None
    assert "lines of" in change.series.name
    assert (change.start, change.end) == (40, BUCKETS)
    assert significant([change]) == [change]


def test_what_became_faster_is_no_incident() -> None:
    panel = noise(3)
    panel.sums[42, 25:35] = np.clip(panel.sums[42, 25:35] - 1.5, 0, 4)
    change = scan(panel)
    assert change is None or change.start >= 35 or change.end <= 25 or change.p_value > FALSE_ALARMS


def test_false_alarms_on_quiet_panels_stay_at_the_promised_rate() -> None:
    """100 quiet panels of each kind; at 1 % more than 6 alarms of 200 come with a chance of 0.4 %."""
    alarms = 0
    for seed in range(100):
        for measure in ("latency", "lines"):
            change = scan(noise(seed, kinds=50, measure=measure))
            alarms += bool(change and change.p_value <= FALSE_ALARMS)
    assert alarms <= 6, f"{alarms} of 200; promised {FALSE_ALARMS:.0%}"


def call(number: int, slower: bool) -> list[dict]:
    """web asks stock, and waits for a third service that takes nearly all of the time; stock alone becomes slower."""
    random = np.random.default_rng(number)
    at = (START + 3 * number) * SECOND
    durations = {"web": random.uniform(900, 1_100), "stock": random.lognormal(1, 0.3) * (3 if slower else 1)}
    return [
        {
            "trace_id": f"{number + 1:032x}",
            "span_id": f"{2 * number + place + 1:016x}",
            "parent_span_id": f"{2 * number + 1:016x}" if place else None,
            "service_name": service,
            "name": "work",
            "kind": "server",
            "start_time_unix_nano": at,
            "duration_nano": int(milliseconds * 1e6),
            "status_code": "unset",
        }
        for place, (service, milliseconds) in enumerate(durations.items())
    ]


def test_a_slow_operation_that_no_entry_shows_is_the_onset(tmp_path: Path) -> None:
    spans = [span for number in range(300) for span in call(number, slower=number >= 200)]
    with tables_of(tmp_path, spans=spans) as tables:
        incident = diagnose(tables, investigation="t", work=Work()).incident
    assert incident.origin == "onset"
    assert incident.onset is not None
    assert incident.onset.start <= (START + 600) * SECOND <= incident.onset.end
    assert incident.notes[0].startswith("the incident was found by operations: latency of stock work: 8")
