"""The whole way on small generated evidence: an incident, a quiet day, one signal only, a rule that breaks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deep_code_reasoning.detectors import registry
from deep_code_reasoning.detectors.contract import Rule
from deep_code_reasoning.diagnosis import diagnose
from deep_code_reasoning.diagnosis.to_json import diagnosis_to_json
from deep_code_reasoning.errors import CancelledError
from deep_code_reasoning.finding import Diagnosis
from deep_code_reasoning.incident import TimeWindow
from deep_code_reasoning.progress import Progress, Work
from deep_code_reasoning.unread import Unread
from store.rows import tables_of

SECOND = 1_000_000_000
START = 1_790_000_000 * SECOND
MINUTES = 20
BROKEN_FROM = 12


def traces(broken_from: int | None = BROKEN_FROM, a_minute: int = 20) -> list[dict]:
    """web -> cart -> stock; from `broken_from` on three of ten requests fail at stock and are passed on."""
    spans = []
    for number in range(MINUTES * a_minute):
        at = START + number * 60 * SECOND // a_minute
        fails = broken_from is not None and number >= broken_from * a_minute and number % 10 < 3
        trace_id = f"{number + 1:032x}"
        for place, service in enumerate(("web", "cart", "stock")):
            spans.append(
                {
                    "trace_id": trace_id,
                    "span_id": f"{number * 3 + place + 1:016x}",
                    "parent_span_id": f"{number * 3 + place:016x}" if place else None,
                    "name": f"{service} work",
                    "kind": "server",
                    "service_name": service,
                    "start_time_unix_nano": at + place * 1_000_000,
                    "duration_nano": (30 - 5 * place + number % 7) * 1_000_000,
                    "status_code": "error" if fails else "unset",
                    "error_type": "OutOfStockTable" if fails else None,
                }
            )
    return spans


def log_lines(broken_from: int | None = BROKEN_FROM) -> list[dict]:
    return [
        {
            "time_unix_nano": START + number * 3 * SECOND,
            "service_name": "stock",
            "severity_number": 17 if broken_from is not None and number >= broken_from * 20 and number % 3 == 0 else 9,
            "body": "could not read table" if number % 3 == 0 else "served",
        }
        for number in range(MINUTES * 20)
    ]


def points(broken_from: int | None = BROKEN_FROM) -> list[dict]:
    return [
        {
            "time_unix_nano": START + minute * 15 * SECOND,
            "name": name,
            "kind": "gauge",
            "value": 10.0 + minute * 7 % 5 + (50 if broken_from is not None and minute >= broken_from * 4 else 0),
            "service_name": "stock",
        }
        for minute in range(MINUTES * 4)
        for name in ("cpu", "memory", "queue")
    ]


def diagnosed(path: Path, **tables: list[dict]) -> Diagnosis:
    with tables_of(path, **tables) as opened:
        return diagnose(opened, investigation="test", work=Work())


@pytest.fixture(scope="module")
def of_incident(tmp_path_factory: pytest.TempPathFactory) -> Diagnosis:
    return diagnosed(tmp_path_factory.mktemp("incident"), spans=traces())


def test_an_incident_is_found_placed_and_explained(of_incident: Diagnosis) -> None:
    diagnosis = of_incident
    verdict, incident = diagnosis.verdict, diagnosis.incident
    truth = START + BROKEN_FROM * 60 * SECOND
    assert incident.origin == "onset"
    assert incident.onset is not None and incident.baseline is not None
    assert incident.onset.start <= truth <= incident.onset.end
    assert incident.onset.seconds <= 120
    assert incident.baseline.end <= truth
    assert (verdict.kind, verdict.service) == ("code", "stock")
    assert 0.9 < verdict.confidence <= 0.98
    assert set(verdict.blast_radius) == {"web", "cart"}
    assert verdict.commit is None
    assert verdict.actions
    assert "stock" in verdict.summary


def test_windows_that_are_given_stand(tmp_path: Path) -> None:
    baseline = TimeWindow(START, START + 600 * SECOND)
    incident = TimeWindow(START + 780 * SECOND, START + 1200 * SECOND)
    with tables_of(tmp_path, spans=traces()) as tables:
        diagnosis = diagnose(tables, investigation="t", baseline=baseline, incident=incident, work=Work())
    assert (diagnosis.incident.baseline, diagnosis.incident.incident) == (baseline, incident)
    assert diagnosis.incident.origin == "given"
    assert diagnosis.verdict.service == "stock"


def test_a_quiet_window_that_is_given_has_nothing_abnormal(tmp_path: Path) -> None:
    baseline = TimeWindow(START, START + 360 * SECOND)
    incident = TimeWindow(START + 360 * SECOND, START + 700 * SECOND)
    with tables_of(tmp_path, spans=traces()) as tables:
        diagnosis = diagnose(tables, investigation="t", baseline=baseline, incident=incident, work=Work())
    assert diagnosis.verdict.kind == "none"
    assert diagnosis.suspects == () and diagnosis.ruled_out == ()


def test_of_a_window_that_is_given_the_likeliest_are_told_though_too_little_speaks_for_them(tmp_path: Path) -> None:
    baseline = TimeWindow(START, START + 600 * SECOND)
    incident = TimeWindow(START + 600 * SECOND, START + 1200 * SECOND)
    spans = traces(None)
    for span in spans[-3:]:
        span |= {"status_code": "error", "error_type": "OutOfStockTable"}
    with tables_of(tmp_path, spans=spans) as tables:
        diagnosis = diagnose(tables, investigation="t", baseline=baseline, incident=incident, work=Work())
    assert diagnosis.verdict.kind == "none"
    assert [one.service for one in diagnosis.suspects][:1] == ["stock"]
    assert diagnosis.suspects[0].score < 0.7


def test_what_precedes_the_onset_is_no_baseline(of_incident: Diagnosis) -> None:
    """A cause is there before its symptom is."""
    incident = of_incident.incident
    assert incident.baseline is not None and incident.onset is not None
    gap = incident.onset.start - incident.baseline.end
    assert gap == pytest.approx(0.2 * (incident.onset.start - incident.baseline.start), rel=0.01)


def test_calls_that_only_their_callers_saw_fail_show_the_onset(tmp_path: Path) -> None:
    """No server failed and no entry: a client span in three of ten traces was refused from minute 12 on."""
    spans = traces(None)
    for number, span in enumerate(spans):
        if span["service_name"] == "cart":
            fails = number // 3 >= BROKEN_FROM * 20 and number // 3 % 10 < 3
            span |= {"kind": "client", "status_code": "error" if fails else "unset"}
    onset = diagnosed(tmp_path, spans=spans).incident.onset
    assert onset is not None
    assert onset.start <= START + BROKEN_FROM * 60 * SECOND <= onset.end


def test_an_alert_bounds_the_onset(tmp_path: Path) -> None:
    fired_at = START + 900 * SECOND
    alerts = [{"fired_at_unix_nano": fired_at, "service_name": "stock", "metric": "error_rate"}]
    diagnosis = diagnosed(tmp_path, spans=traces(), alerts=alerts)
    assert diagnosis.incident.origin == "alert"
    assert diagnosis.incident.onset is not None and diagnosis.incident.onset.start <= fired_at
    assert "failed at stock" in diagnosis.verdict.summary


def test_a_quiet_day_has_nothing_abnormal(tmp_path: Path) -> None:
    diagnosis = diagnosed(tmp_path, spans=traces(None), logs=log_lines(None), metrics=points(None))
    assert diagnosis.verdict.kind == "none"
    assert diagnosis.verdict.service is None
    assert diagnosis.incident.incident is None
    assert 0 < diagnosis.verdict.confidence <= 0.5


def test_errors_everywhere_and_nothing_to_compare_with_is_not_called_quiet(tmp_path: Path) -> None:
    assert diagnosed(tmp_path, spans=traces(0)).verdict.kind != "none"


def test_logs_alone_show_when_and_where(tmp_path: Path) -> None:
    diagnosis = diagnosed(tmp_path, logs=log_lines())
    assert diagnosis.incident.onset is not None
    truth = START + BROKEN_FROM * 60 * SECOND
    assert diagnosis.incident.onset.start <= truth <= diagnosis.incident.onset.end
    assert diagnosis.verdict.kind != "none"


def test_metrics_alone_show_when(tmp_path: Path) -> None:
    diagnosis = diagnosed(tmp_path, metrics=points())
    truth = START + BROKEN_FROM * 60 * SECOND
    assert diagnosis.incident.onset is not None
    assert diagnosis.incident.onset.start <= truth <= diagnosis.incident.onset.end
    assert diagnosis.verdict.kind == "unknown"


def test_no_evidence_at_all_is_no_crash(tmp_path: Path) -> None:
    diagnosis = diagnosed(tmp_path)
    assert diagnosis.verdict.kind == "none"
    assert diagnosis.verdict.confidence == 0.0


def broken(*_: object) -> list:
    raise ZeroDivisionError("in the rule")


def test_a_rule_that_breaks_loses_only_its_own_findings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rule = Rule("BAD001", "bad", "breaks", "info", "context", ("spans",), broken)
    rules = (rule, *registry.all_rules())
    monkeypatch.setattr(registry, "all_rules", lambda: rules)
    with tables_of(tmp_path, spans=traces()) as tables:
        diagnosis = diagnose(tables, investigation="t", unread=(Unread("a.json:3", "cut off"),), work=Work())
    assert diagnosis.verdict.service == "stock"
    assert [one.place for one in diagnosis.unread] == ["a.json:3", "detector BAD001"]
    assert "ZeroDivisionError: in the rule" in diagnosis.unread[1].reason


def test_a_deployed_commit_that_no_history_has_is_told(tmp_path: Path) -> None:
    at = START + (BROKEN_FROM - 1) * 60 * SECOND
    commit = {"sha": "a" * 40, "repository": "stock", "time_unix_nano": at, "message": "work"}
    deploy = {"deploy_id": "d1", "time_unix_nano": at, "service_name": "stock", "kind": "deployed", "sha": "d" * 40}
    diagnosis = diagnosed(tmp_path, spans=traces(), commits=[commit], deploys=[deploy])
    (told,) = diagnosis.unread
    assert told.place == "deploy of stock"
    assert "commit dddddddddddd is in no history that was read (force-pushed" in told.reason


def test_ids_count_within_a_code_and_arguments_name_them(of_incident: Diagnosis) -> None:
    ids = {finding.id for finding in of_incident.findings}
    assert "ERR001-1" in ids
    assert all(a.finding in ids for s in of_incident.suspects for a in (*s.in_favour, *s.against))


def test_taken_back_work_stops(tmp_path: Path) -> None:
    def listener(progress: Progress) -> None:
        if progress.stage == "detect" and progress.done:
            work.cancel()

    work = Work(listener)
    with tables_of(tmp_path, spans=traces()) as tables, pytest.raises(CancelledError):
        diagnose(tables, investigation="t", work=work)


def test_the_json_is_the_contract(of_incident: Diagnosis) -> None:
    told = diagnosis_to_json(of_incident)
    assert json.loads(json.dumps(told)) == told
    assert told["schema"] == "diagnosis/1"
    assert set(told["verdict"]) == {
        "kind", "summary", "confidence", "service", "operation", "commit", "onset", "blast_radius", "remediation",
        "actions",
    }  # fmt: skip
    suspect = told["suspects"][0]
    assert {"rank", "kind", "service", "operation", "resource", "location", "commit", "score", "for", "against"} <= set(
        suspect
    )
    assert suspect["for"] and all(isinstance(name, str) for name in suspect["for"])
    finding = told["findings"][0]
    assert {"id", "code", "title", "severity", "subject", "interval", "numbers", "evidence"} <= set(finding)
    assert set(finding["evidence"][0]) == {"ref", "note"}
    assert told["verdict"]["onset"][0].endswith("Z")
