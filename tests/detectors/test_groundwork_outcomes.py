"""Which traces count as symptomatic."""

from __future__ import annotations

from pathlib import Path

from deep_code_reasoning.detectors.groundwork.traces import trace_outcomes
from deep_code_reasoning.incident import Incident, TimeWindow
from store.rows import tables_of

WINDOWS = Incident(baseline=TimeWindow(0, 1000), incident=TimeWindow(1000, 2000), origin="given")


def outcomes(path: Path, spans: list[dict], incident: Incident) -> dict[str, dict]:
    """By the name of the entry span, which the tests keep unique."""
    with tables_of(path, spans=[{"span_id": "e", "service_name": "web", **span} for span in spans]) as tables:
        trace_outcomes.prepare(tables, incident)
        return {row["trace_id"]: row for row in tables.dicts("FROM trace_outcomes")}


def entry(trace: str, at: int, duration: int = 10, **more) -> dict:
    return {"trace_id": trace, "name": "GET /", "start_time_unix_nano": at, "duration_nano": duration, **more}


def test_an_error_counts_in_the_incident_only(tmp_path: Path) -> None:
    failed = {"status_code": "error"}
    spans = [entry("before", 10, **failed), entry("during", 1010, **failed), entry("after", 2010, **failed)]
    found = outcomes(tmp_path, spans, WINDOWS)
    assert [found[trace]["phase"] for trace in ("before", "during", "after")] == ["baseline", "incident", "outside"]
    assert [trace for trace, row in found.items() if row["symptomatic"]] == ["during"]
    assert all(row["has_error"] for row in found.values())


def test_a_server_error_without_span_status_counts(tmp_path: Path) -> None:
    spans = [entry("a", 1010, http_response_status_code=503), entry("b", 1010, http_response_status_code=404)]
    found = outcomes(tmp_path, spans, WINDOWS)
    assert (found["a"]["symptomatic"], found["b"]["symptomatic"]) == (True, False)


def test_slow_is_slower_than_the_same_operation_was(tmp_path: Path) -> None:
    spans = [entry(f"base{n}", n, duration=10 + n % 5) for n in range(100)]
    spans += [entry("slow", 1010, 15), entry("usual", 1020, 14), entry("new", 1030, 99, name="GET /new")]
    found = outcomes(tmp_path, spans, WINDOWS)
    assert [trace for trace, row in found.items() if row["symptomatic"]] == ["slow"]


def test_an_error_that_did_not_reach_the_entry_is_no_symptom(tmp_path: Path) -> None:
    spans = [
        entry("t", 1010),
        entry("t", 1011, span_id="inner", parent_span_id="e", status_code="error", service_name="stock"),
    ]
    found = outcomes(tmp_path, spans, WINDOWS)
    assert not found["t"]["symptomatic"]
    assert found["t"]["root_service"] == "web"


def test_without_windows_all_traces_are_of_the_incident(tmp_path: Path) -> None:
    spans = [entry(f"t{n}", n, duration=10) for n in range(99)] + [entry("slow", 100, duration=500)]
    found = outcomes(tmp_path, spans, Incident())
    assert {row["phase"] for row in found.values()} == {"incident"}
    assert [trace for trace, row in found.items() if row["symptomatic"]] == ["slow"]


def test_a_trace_whose_root_was_not_read_is_entered_at_its_first_orphan(tmp_path: Path) -> None:
    spans = [
        entry("t", 1020, span_id="late", parent_span_id="gone", name="second"),
        entry("t", 1010, span_id="early", parent_span_id="gone", name="first"),
    ]
    assert outcomes(tmp_path, spans, WINDOWS)["t"]["root_operation"] == "first"


def behind(trace: str, name: str, at: int, duration: int = 10, service: str = "stock", span: str = "b") -> dict:
    return entry(trace, at, duration, name=name, span_id=span, parent_span_id="e", service_name=service)


def test_a_gateway_s_requests_are_told_apart_by_what_is_behind_it(tmp_path: Path) -> None:
    """All are called alike at the gateway; a search that takes as long as an order is slow."""
    spans = []
    for number in range(40):
        spans += [entry(f"s{number}", number, 10_000), behind(f"s{number}", "GET /search", number, 9_000)]
        spans += [entry(f"o{number}", number, 500_000), behind(f"o{number}", "POST /order", number, 499_000)]
    spans += [entry("late", 1010, 400_000), behind("late", "GET /search", 1011, 399_000)]
    found = outcomes(tmp_path, spans, WINDOWS)
    assert found["late"]["root_operation"] == "stock GET /search"
    assert [trace for trace, row in found.items() if row["symptomatic"]] == ["late"]


def test_an_entry_that_does_work_of_its_own_keeps_its_name(tmp_path: Path) -> None:
    """It calls several services a request: the first one says nothing of what was asked for."""
    spans = []
    for number in range(10):
        spans += [entry(f"t{number}", number), behind(f"t{number}", f"GET /{number % 2}", number)]
        spans += [behind(f"t{number}", "GET /price", number + 1, service="price", span="c")]
    assert {row["root_operation"] for row in outcomes(tmp_path, spans, WINDOWS).values()} == {"GET /"}


def test_of_few_the_largest_is_no_limit(tmp_path: Path) -> None:
    """One of eleven exceeds the largest of ten by chance; what counts is far beyond all that they vary by."""
    spans = [entry(f"base{n}", n, duration=10_000 + 1_000 * n) for n in range(10)]
    spans += [entry("chance", 1010, 21_000), entry("slow", 1020, 60_000)]
    found = outcomes(tmp_path, spans, WINDOWS)
    assert [trace for trace, row in found.items() if row["symptomatic"]] == ["slow"]
