"""Whole incidents as files: a change that is to blame among innocent ones, and causes that no change brought about."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from deep_code_reasoning import ingest
from deep_code_reasoning.diagnosis import diagnose
from deep_code_reasoning.finding import Diagnosis
from deep_code_reasoning.progress import Work
from deep_code_reasoning.settings import Settings
from deep_code_reasoning.store.investigation_folder import folder_of
from deep_code_reasoning.store.tables import Tables

START = datetime(2026, 10, 13, 9, 0, tzinfo=UTC)
ONSET, ALERT, END = 60.0, 64.0, 75.0

LOWERED = "@@ @@\n-const defaultMaxConns = 50\n+const defaultMaxConns = 10"
TIDY = """@@ func (h *Handler) Reserve(w http.ResponseWriter, r *http.Request) {
-	var req ReserveRequest
-	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
-		http.Error(w, err.Error(), 400)
-	}
+	req, err := decodeRequest[ReserveRequest](r)
+	if err != nil {
+		writeError(w, http.StatusBadRequest, err)
+	}"""
EXHAUSTED = "db pool: gave up acquiring a connection, pool exhausted"


def at(minute: float) -> str:
    return (START + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%SZ")


def sha(number: int) -> str:
    return f"{number:040x}"


def commit(number: int, minute: float, message: str, path: str, patch: str = "@@ @@\n+	x := 1") -> dict:
    person = {"name": "dev", "date": at(minute)}
    return {
        "sha": sha(number),
        "commit": {"message": message, "author": person, "committer": person},
        "files": [{"filename": path, "status": "modified", "patch": patch}],
    }


def deploy(number: int, minute: float, service: str) -> dict:
    return {
        "context": {"id": f"d{number}", "type": "dev.cdevents.service.deployed.0.3.0", "timestamp": at(minute)},
        "subject": {"id": service, "type": "service", "content": {}},
        "customData": {"commit_sha": sha(number)},
    }


PARTS = [(w, p) for w in ("paging", "naming", "spelling", "layout") for p in ("menu", "invoice", "banner", "tax")]
NOISE = [
    commit(100 + n, 1 + 2 * n, f"{word} of the {part}", f"internal/{part}/{word}.go", f"@@ @@\n+	{word}({part})")
    for n, (word, part) in enumerate(PARTS)
]


def line(minute: float, service: str, body: str, severity: str = "INFO", **attributes: object) -> dict:
    return {"timestamp": at(minute), "service": service, "severity_text": severity, "msg": body, **attributes}


def quiet() -> list[dict]:
    """What the services write while all is well, and the others throughout."""
    lines = [line(minute, service, "request served") for minute in range(60) for service in ("stock", "web", "till")]
    return lines + [line(minute, service, "request served") for minute in range(60, 75) for service in ("web", "till")]


def failing(body: str, service: str = "stock", **attributes: object) -> list[dict]:
    return [line(ONSET + n / 4, service, body, "ERROR", **attributes) for n in range(60)]


def diagnosed(path: Path, commits: list[dict], deploys: list[dict], logs: list[dict], metrics: str = "") -> Diagnosis:
    evidence = path / "evidence"
    evidence.mkdir(parents=True)
    (evidence / "commits.json").write_text(json.dumps([*NOISE, *commits]), encoding="utf-8")
    (evidence / "deploys.json").write_text(json.dumps(deploys), encoding="utf-8")
    logs = sorted(logs, key=lambda one: one["timestamp"])
    (evidence / "logs.ndjson").write_text("".join(json.dumps(one) + "\n" for one in logs), encoding="utf-8")
    fired = {"service": "stock", "metric": "error_ratio", "threshold": 0.05, "observed": 0.9, "fired_at": at(ALERT)}
    (evidence / "alert.json").write_text(json.dumps(fired), encoding="utf-8")
    if metrics:
        (evidence / "metrics.csv").write_text(metrics, encoding="utf-8")
    settings = Settings(state_dir=path / "state", allowed_roots=(evidence,), memory_limit="512MiB")
    folder = folder_of(settings.state_dir, investigation="generated")
    report = ingest.load([evidence], folder, settings, Work())
    assert not report.unread
    with Tables.open(folder, settings) as tables:
        return diagnose(tables, investigation="generated", work=Work())


def test_a_limit_lowered_in_shared_code_is_to_blame_and_the_later_deploy_is_not(tmp_path: Path) -> None:
    lowered = commit(1, 40, "simplify pool defaults", "pkg/db/pool.go", LOWERED)
    tidy = commit(2, 52, "tidy reserve handler", "services/stock/handler.go", TIDY)
    found = diagnosed(
        tmp_path,
        [lowered, tidy],
        [deploy(1, 45, "stock"), deploy(2, 55, "stock")],
        [*quiet(), *failing(EXHAUSTED, **{"db.pool.max": 10})],
    )
    assert found.verdict.commit == sha(1)
    assert (found.verdict.kind, found.verdict.service, found.verdict.remediation) == ("change", "stock", "rollback")
    assert any("changes defaultMaxConns from 50 to 10" in reason for reason in found.changes[0].reasons)
    assert any("sets the number that the failing lines tell: 10" in reason for reason in found.changes[0].reasons)
    assert found.changes[0].why_not == ()
    assert any("unlike the first one, not this: sets the number" in reason for reason in found.changes[1].why_not)
    assert found.no_change is not None
    assert found.no_change + sum(change.score for change in found.changes) <= 1.001


def test_a_refactoring_deployed_just_before_is_not_to_blame(tmp_path: Path) -> None:
    tidy = commit(2, 52, "tidy reserve handler", "services/stock/handler.go", TIDY)
    found = diagnosed(tmp_path, [tidy], [deploy(2, 58, "stock")], [*quiet(), *failing(EXHAUSTED)])
    assert found.verdict.commit is None
    assert all(change.score < 0.5 for change in found.changes)


def test_two_changes_that_are_equally_supported_are_not_told_apart(tmp_path: Path) -> None:
    one = commit(1, 40, "simplify pool defaults", "pkg/db/pool.go", LOWERED)
    other = commit(2, 41, "simplify pool defaults", "pkg/db/pool.go", LOWERED)
    found = diagnosed(tmp_path, [one, other], [deploy(2, 45, "stock")], [*quiet(), *failing(EXHAUSTED)])
    assert found.verdict.commit is None
    assert found.changes[0].score == found.changes[1].score


def test_a_change_that_went_live_after_the_first_unknown_warning_is_not_to_blame(tmp_path: Path) -> None:
    lowered = commit(1, 50, "simplify pool defaults", "pkg/db/pool.go", LOWERED)
    early = [line(50 + n, "stock", "db pool: waited to acquire a connection", "WARN") for n in range(10)]
    found = diagnosed(tmp_path, [lowered], [deploy(1, 59.9, "stock")], [*quiet(), *early, *failing(EXHAUSTED)])
    assert found.verdict.commit is None


def test_a_change_of_another_service_is_not_to_blame(tmp_path: Path) -> None:
    lowered = commit(1, 40, "smaller banner", "services/till/banner.go", LOWERED)
    found = diagnosed(tmp_path, [lowered], [deploy(1, 45, "till")], [*quiet(), *failing("parcel lost")])
    assert found.verdict.commit is None


def test_the_record_and_not_the_parser_changed_before_it_is_to_blame(tmp_path: Path) -> None:
    patch = "@@ @@\n-	if r.Weight > limit {\n+	if err := checkWeight(r, limit); err != nil {"
    parser = commit(1, 50, "tidy weight validation", "services/stock/weight.go", patch)
    logs = failing("validation of weight failed: out of range; record_id=r-4711 offset=88031; redelivering")
    found = diagnosed(tmp_path, [parser], [deploy(1, 56, "stock")], [*quiet(), *logs])
    assert found.verdict.commit is None
    assert (found.verdict.kind, found.verdict.remediation) == ("external", "purge-bad-data")


def test_a_certificate_that_ran_out_and_not_the_client_changed_before_it_is_to_blame(tmp_path: Path) -> None:
    patch = "@@ @@\n-	CipherSuites: []uint16{tls.AES_128},\n+	CipherSuites: []uint16{tls.AES_256},"
    client = commit(1, 50, "tidy TLS ciphers of the client", "services/stock/tls.go", patch)
    logs = failing("tls handshake to till.shop.example failed: x509: certificate has expired")
    found = diagnosed(tmp_path, [client], [deploy(1, 56, "stock")], [*quiet(), *logs])
    assert found.verdict.commit is None
    assert (found.verdict.kind, found.verdict.remediation) == ("external", "rotate-cert")


def test_a_table_that_is_not_there_waits_for_its_migration(tmp_path: Path) -> None:
    patch = '@@ @@\n+	rows := db.Query("SELECT id FROM stock_wishes")'
    wishes = commit(1, 50, "list wishes", "services/stock/wishes.go", patch)
    logs = failing('pq: relation "stock_wishes" does not exist')
    found = diagnosed(tmp_path, [wishes], [deploy(1, 56, "stock")], [*quiet(), *logs])
    assert (found.verdict.commit, found.verdict.remediation) == (sha(1), "roll-forward")


def test_settings_are_set_back(tmp_path: Path) -> None:
    patch = "@@ @@\n-  reserve_timeout: 5s\n+  reserve_timeout: 45ms"
    setting = commit(1, 50, "reserve timeout", "services/stock/config/values.yaml", patch)
    logs = failing("reserve_timeout: deadline of 45 ms exceeded")
    found = diagnosed(tmp_path, [setting], [deploy(1, 56, "stock")], [*quiet(), *logs])
    assert (found.verdict.commit, found.verdict.remediation) == (sha(1), "config-revert")


def test_a_gauge_that_moved_by_the_very_values_replaced(tmp_path: Path) -> None:
    lowered = commit(1, 40, "simplify defaults", "pkg/db/options.go", LOWERED)
    rows = [f"{at(m)},stock,db_pool_ceiling,{50 if m < 45 else 10}" for m in range(75)]
    csv = "timestamp,service,metric,value\n" + "\n".join(rows) + "\n"
    found = diagnosed(tmp_path, [lowered], [deploy(1, 45, "stock")], [*quiet(), *failing(EXHAUSTED)], csv)
    assert found.verdict.commit == sha(1)
    assert any("by which a gauge moved: 50 → 10" in reason for reason in found.changes[0].reasons)
