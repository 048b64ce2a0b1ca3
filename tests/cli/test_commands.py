"""The other commands, with good input and bad."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
from pathlib import Path

import pytest

from cli.conftest import Dcr, Shop


def test_load_counts_and_the_second_time_reads_nothing(dcr: Dcr, shop: Shop) -> None:
    first = json.loads(dcr("load", shop.evidence, "--json").stdout)
    assert first["rows"]["spans"] == shop.truth.spans
    again = json.loads(dcr("load", shop.evidence, "--json").stdout)
    assert again["bytes"] == 0
    assert again["rows"] == first["rows"]


def test_query_reads_the_last_investigation_under_limits(dcr: Dcr, shop: Shop) -> None:
    dcr("load", shop.evidence)
    run = dcr("query", "SELECT service_name, count(*) AS n FROM spans GROUP BY 1 ORDER BY 1", "--rows", "3", "--json")
    result = json.loads(run.stdout)
    assert result["columns"] == ["service_name", "n"]
    assert len(result["rows"]) == 3
    assert result["truncated"] is True


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("DELETE FROM spans", "read-only"),
        ("SELECT * FROM read_csv('/etc/passwd')", ""),
        ("COPY spans TO '/tmp/x'", "read-only"),
        ("SELECT 1; SELECT 2", "2 statements"),
        ("SELECT * FROM nope", "spans"),
    ],
)
def test_a_query_that_may_not_run_is_refused_on_one_line(dcr: Dcr, shop: Shop, sql: str, said: str) -> None:
    dcr("load", shop.evidence)
    run = dcr("query", sql)
    assert run.returncode == 2
    assert len(run.stderr.strip().splitlines()) == 1
    assert said in run.stderr


def test_a_slow_query_is_stopped(dcr: Dcr, shop: Shop) -> None:
    dcr("load", shop.evidence)
    run = dcr("query", "SELECT count(*) FROM spans a, spans b, spans c WHERE a.name > b.name", "--seconds", "0.2")
    assert run.returncode == 2
    assert "0.2" in run.stderr


def test_the_tables_are_listed_with_their_meaning(dcr: Dcr) -> None:
    tables = {t["name"]: t for t in json.loads(dcr("query", "--tables", "--json").stdout)}
    named = "spans resources events links topology logs metrics changes commits deploys profiles heap_objects findings"
    assert set(named.split()) <= set(tables)
    assert all(table["meaning"] for table in tables.values())


def test_a_brief_stays_in_its_budget_and_is_the_same_twice(dcr: Dcr, shop: Shop) -> None:
    first, second = (dcr("brief", shop.evidence, "--budget", "6000", "--json").stdout for _ in range(2))
    assert first == second
    manifest = json.loads(first)["manifest"]
    assert manifest["tokens"] <= 6000
    assert manifest["left_out"]
    assert all(item["reason"] for item in manifest["items"] + manifest["left_out"])


def test_a_preview_says_what_would_be_sent_to_whom_and_for_how_much(dcr: Dcr, shop: Shop) -> None:
    preview = json.loads(dcr("brief", shop.evidence, "--preview", "--budget", "20000", "--json").stdout)
    manifest = preview["manifest"]
    assert manifest["budget_tokens"] == 20_000 and 17_000 < manifest["tokens"] <= 18_000
    assert manifest["left_out"] and manifest["next_additions"]
    assert sum(addition["tokens"] for addition in manifest["next_additions"]) < 60_000
    assert len(manifest["trees"]) == 10
    assert all(len(tree["commit"]) == 40 and tree["changed_files"] == 0 for tree in manifest["trees"])
    models = {model["model"]: model for model in preview["models"]}
    argon = models["gemini-4-argon"]
    assert argon["fits"] and argon["dollars"] > argon["dollars_input"] > 0 and "no key" in argon["why"]
    shown = dcr("brief", shop.evidence, "--preview", "--budget", "20000").stdout
    for said in ("Source trees", "Left out", "The next 50,000 tokens would add", "gemini-4-argon", "Nothing was sent."):
        assert said in shown


def test_should_escalate_says_every_reason(dcr: Dcr, shop: Shop) -> None:
    decision = json.loads(dcr("should-escalate", shop.evidence, "--json").stdout)
    assert decision["escalate"] is True
    assert {r["measure"] for r in decision["reasons"] if r["exceeded"]} == {"services"}
    assert len(decision["reasons"]) == 5


def test_explain_serves_the_page_of_a_rule(dcr: Dcr) -> None:
    assert "Not this when" in dcr("explain", "LOCK001").stdout
    assert "LOCK001" in dcr("explain", "lease-overlp").stderr


def test_explain_lists_the_patterns_of_changes_beside_the_detectors(dcr: Dcr) -> None:
    listed = {row["code"]: row for row in json.loads(dcr("explain", "--json").stdout)}
    assert listed["DIFF001"]["role"] == "pattern"
    assert listed["LOCK001"]["name"] == "lease-overlap"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("investigate", "nowhere"), 3, "nowhere"),
        (("load", "nowhere"), 3, "nowhere: no such file or folder\n"),
        (("investigate", ".", "--baseline", "yesterday"), 2, "ISO 8601"),
        (("investigate", ".", "--model", "gpt-0"), 2, "gpt-0"),
        (("investigate", ".", "--model", "x", "--no-model"), 2, "exclude"),
        (("demo", "no-such"), 2, "lease-expiry"),
        (("demo", "--size", "huge"), 2, "500MB"),
        (("query", "SELECT 1", "--investigation", "nope"), 3, "load"),
        (("frobnicate",), 2, "frobnicate"),
    ],
)
def test_bad_input_gets_one_line_and_its_exit_code(dcr: Dcr, arguments: tuple[str, ...], code: int, said: str) -> None:
    run = dcr(*arguments)
    assert (run.returncode, said in run.stderr) == (code, True), run.stderr
    assert len(run.stderr.strip().splitlines()) == 1


def test_a_file_that_is_only_noise_does_not_lose_the_rest(dcr: Dcr, tmp_path: Path) -> None:
    (tmp_path / "noise.bin").write_bytes(bytes(range(256)) * 40)
    (tmp_path / "app.log.gz").write_bytes(gzip.compress(b"2026-10-13 09:00:00,123 ERROR boom\n"))
    report = json.loads(dcr("load", tmp_path, "--json").stdout)
    assert report["rows"]["logs"] == 1
    assert any("noise.bin" in unread["place"] for unread in report["unread"])


def test_evidence_cannot_steer_the_terminal(dcr: Dcr, tmp_path: Path) -> None:
    (tmp_path / "app.log").write_text("2026-10-13 09:00:00,123 ERROR \x1b[2Jgone\n")
    dcr("load", tmp_path)
    shown = dcr("query", "SELECT body FROM logs")
    assert "\x1b" not in shown.stdout
    assert "␛[2J" in shown.stdout


def test_the_demo_plays_and_investigates(dcr: Dcr, tmp_path: Path) -> None:
    run = dcr("demo", "--size", "2MB", "--dir", tmp_path / "played")
    assert run.returncode == 0, run.stderr
    assert "What happened" in run.stdout
    assert (tmp_path / "played" / "deploys.json").exists()
    assert dcr("demo", "--dir", tmp_path / "played").returncode == 2  # nothing is overwritten


def test_a_reader_that_leaves_early_is_no_crash(shop: Shop, dcr: Dcr) -> None:
    listing = dcr("query", "--tables").stdout
    assert listing.count("\n") > 50
    pipe = subprocess.run("dcr query --tables | head -1", shell=True, capture_output=True, text=True, timeout=60)
    assert "Traceback" not in pipe.stderr
    assert signal.SIGPIPE  # a POSIX system; elsewhere pipes end differently
