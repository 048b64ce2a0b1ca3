"""Metrics as they should not be: nothing raises, and what cannot be compared is not."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from deep_code_reasoning.detectors import groundwork, registry
from deep_code_reasoning.finding import Finding, Support
from deep_code_reasoning.incident import Incident, TimeWindow
from deep_code_reasoning.progress import Work
from store.rows import tables_of

MINUTE = 60_000_000_000
INCIDENT = Incident(TimeWindow(0, 20 * MINUTE), TimeWindow(20 * MINUTE, 25 * MINUTE))


def _points(name: str, values: Iterable[float | None], **columns) -> list[dict]:
    usual = {"name": name, "kind": "gauge", "service_name": "stock", "host": "node-1"} | columns
    return [usual | {"time_unix_nano": at * MINUTE, "value": value} for at, value in enumerate(values)]


def _found(path: Path, rows: list[dict], incident: Incident = INCIDENT, **others: list[dict]) -> list[Finding]:
    with tables_of(path, metrics=rows, **others) as tables:
        groundwork.prepare(tables, incident, Work())
        return [one for code in ("SAT001", "SAT002", "SAT003") for one in registry.rule(code).detect(tables, incident)]


FULL = [5.0, 7.0] * 10 + [99.0] * 5


@pytest.mark.parametrize(
    "values",
    [
        [None] * 25,
        [float("nan")] * 20 + [99.0] * 5,
        [float("inf")] * 20 + [99.0] * 5,
        [5.0] * 20,
        [99.0],
        [],
        [0.0] * 25,
        [float("-1e300"), float("1e300")] * 12,
    ],
    ids=["null", "nan", "infinite", "ends before", "one", "none", "zero", "huge"],
)
def test_points_that_say_nothing(tmp_path: Path, values: list[float | None]) -> None:
    assert _found(tmp_path, _points("cpu_percent", values)) == []


def test_who_is_not_named_is_told_by_host_or_not_at_all(tmp_path: Path) -> None:
    found = _found(tmp_path, _points("cpu_percent", FULL, service_name=None))
    assert [(one.code, one.subject.service, one.subject.host) for one in found] == [("SAT001", None, "node-1")]
    nobody = _found(tmp_path / "nobody", _points("cpu_percent", FULL, service_name=None, host=None))
    assert all(one.title for one in nobody)


def test_points_told_twice_are_one(tmp_path: Path) -> None:
    found = _found(tmp_path, _points("cpu_percent", FULL) * 2)
    assert [(one.code, one.numbers["incident_points"], one.numbers["baseline_points"]) for one in found] == [
        ("SAT001", 5, 20)
    ]


def test_the_same_name_as_gauge_and_counter(tmp_path: Path) -> None:
    counter = _points("cpu_percent", FULL, kind="sum", aggregation_temporality="cumulative", is_monotonic=True)
    assert {one.code for one in _found(tmp_path, _points("cpu_percent", FULL) + counter)} <= {"SAT001"}


@pytest.mark.parametrize("incident", [Incident(), Incident(TimeWindow(0, 1), None), Incident(None, INCIDENT.incident)])
def test_windows_that_are_missing(tmp_path: Path, incident: Incident) -> None:
    found = _found(tmp_path, _points("cpu_percent", FULL), incident)
    assert [one.code for one in found] == (["SAT001"] if incident.incident else [])


def test_more_processors_than_one_are_no_share(tmp_path: Path) -> None:
    """350 % of an unknown number of CPUs is a use that doubled and no more."""
    found = _found(tmp_path, _points("process.cpu.utilization", [1.0, 1.1] * 10 + [3.5] * 5, unit="1"))
    assert [(one.severity, one.role) for one in found] == [("info", "context")]


@pytest.mark.parametrize(("traced", "counts"), [("bills", None), ("stock", (1, 1, 0, 0))])
def test_only_what_records_spans_is_counted_over_traces(tmp_path: Path, traced: str, counts: tuple | None) -> None:
    failing = {
        "service_name": traced,
        "status_code": "error",
        "start_time_unix_nano": 22 * MINUTE,
        "duration_nano": MINUTE,
    }
    found = _found(tmp_path, _points("cpu_percent", FULL), spans=[failing])
    assert found[0].support == (Support(*counts) if counts else None)
