"""All requests take a little longer: no single one is unusual, and the onset, the symptom and its cause are found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from deep_code_reasoning.diagnosis import diagnose
from deep_code_reasoning.finding import Diagnosis
from deep_code_reasoning.progress import Work
from store.rows import tables_of

MS, MINUTE = 1_000_000, 60_000_000_000
COUNT, CHANGED = 300, 150
ALERT = {"service_name": "web", "metric": "latency", "summary": "slower than last week"}


def spans(rise: float, seed: int = 1) -> Iterator[dict]:
    """A request a minute, 100 ms give or take 15; from the 150th on its one call of `stock` takes `rise` ms more."""
    chance = Random(seed)
    for number in range(COUNT):
        call = chance.gauss(50, 8) + (rise if number >= CHANGED else 0)
        own = chance.gauss(50, 8)
        trace, at = f"{number:032x}", number * MINUTE
        yield span(trace, "a", None, "web", "GET /", "server", at, own + call)
        yield span(trace, "b", "a", "stock", "GET /stock", "server", at + 10 * MS, call)


def span(trace: str, id: str, parent: str | None, service: str, name: str, kind: str, at: int, ms: float) -> dict:
    return {
        "trace_id": trace,
        "span_id": id * 16,
        "parent_span_id": parent and parent * 16,
        "service_name": service,
        "name": name,
        "kind": kind,
        "start_time_unix_nano": at,
        "duration_nano": int(ms * MS),
    }


def diagnosed(path: Path, rise: float, *, alerted: bool = True) -> Diagnosis:
    alerts = [ALERT | {"fired_at_unix_nano": (COUNT - 20) * MINUTE}] if alerted else []
    with tables_of(path, spans=list(spans(rise)), alerts=alerts) as tables:
        return diagnose(tables, investigation="generated", work=Work())


@pytest.mark.parametrize("rise", [20.0, 40.0])
def test_the_onset_and_the_service_that_takes_longer(tmp_path: Path, rise: float) -> None:
    found = diagnosed(tmp_path, rise)
    assert found.incident.onset is not None
    begins, ends = found.incident.onset.start / MINUTE, found.incident.onset.end / MINUTE
    assert begins - 10 <= CHANGED <= ends + 10
    assert found.verdict.service == "stock"


def test_the_symptom_is_told_as_it_was_counted(tmp_path: Path) -> None:
    """Not one of them is above the slowest hundredth of before often enough to be called slow."""
    summary = diagnosed(tmp_path, 20.0).verdict.summary
    assert "took longer than 19 of 20 did before" in summary or "unusually slow" in summary
    assert "stock" in summary


def test_as_fast_as_before_is_no_incident_of_that_kind(tmp_path: Path) -> None:
    assert "slower than half" not in diagnosed(tmp_path, 0.0).incident.basis


def test_without_a_monitor_a_busy_hour_is_not_asked_for(tmp_path: Path) -> None:
    assert "slower than half" not in diagnosed(tmp_path, 20.0, alerted=False).incident.basis
