"""The verbs over the ledger: sums that know what is unknown, and exports that others read back."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from pathlib import Path

import pytest
from google.protobuf.json_format import Parse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from deep_code_reasoning.bookkeeping import Bookkeeping
from deep_code_reasoning.conversation.ledger import Ledger
from deep_code_reasoning.conversation.measure import Measured
from deep_code_reasoning.conversation.policy import decide
from deep_code_reasoning.conversation.request import EscalationRequest
from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.ingest import load
from deep_code_reasoning.progress import Work
from deep_code_reasoning.settings import EscalationThresholds, Settings, learned_thresholds, load_settings
from deep_code_reasoning.specialists.port import Usage
from deep_code_reasoning.store.investigation_folder import folder_of
from deep_code_reasoning.store.tables import Tables


def begin(ledger: Ledger, *, files: int = 60, **request: object) -> str:
    decision = decide(Measured(files, 0, (), None, 0), EscalationThresholds())
    return ledger.begin_escalation(EscalationRequest(**request), decision)  # type: ignore[arg-type]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state_dir=tmp_path / "state")


@pytest.fixture
def books(settings: Settings) -> Bookkeeping:
    """Two escalations: one solved in two calls and a failed one, one that nobody judged and no model answered."""
    ledger = Ledger(settings.state_dir)
    solved = begin(ledger, attempted_approaches=("a", "b"), attempt_minutes=(10.0, 20.0), stuck_description="<T>")
    for turn, seconds in enumerate((0.5, 30.0)):
        ledger.record_call(
            escalation_id=solved, conversation_id="con-1", turn=turn, task="cross_system", provider="google",
            model="gemini-3", usage=Usage(3000, 100, 1500, 40, 0), dollars=0.01, seconds=seconds,
        )  # fmt: skip
    ledger.record_call(
        escalation_id=solved, provider="openai", model="gpt", task="cross_system", usage=None, dollars=None,
        seconds=1.0, error="RateLimitedError: again later",
    )  # fmt: skip
    ledger.finish_escalation(solved, seconds=60.0, route="google has a key")
    begin(ledger)
    books = Bookkeeping(settings)
    books.record_outcome(solved, "solved", minutes_saved=40, note="=cmd|' /C calc'!A0")
    return books


def test_totals_know_what_is_unknown(books: Bookkeeping) -> None:
    totals = books.view().totals
    assert (totals["escalations"], totals["solved"], totals["unreported"]) == (2, 1, 1)
    assert (totals["calls"], totals["failed_calls"], totals["calls_of_unknown_price"]) == (3, 1, 1)
    assert (totals["dollars"], totals["input_tokens"], totals["cached_share"]) == (0.02, 6000, 0.5)
    assert (totals["minutes_saved_reported"], totals["minutes_saved_estimated"]) == (40, 44.0)
    assert books.view(project="/nowhere").totals["dollars"] is None


def test_show_has_everything_of_one(books: Bookkeeping) -> None:
    shown = books.show("con-1")
    assert [reason["measure"] for reason in shown["reasons"] if reason["exceeded"]] == ["files"]
    assert shown["route"] == "google has a key"
    assert [call["model"] for call in shown["calls"]] == ["gemini-3", "gemini-3", "gpt"]
    assert (shown["outcome"]["minutes_saved"], shown["outcome"]["minutes_estimated"]) == (40, 44.0)
    books.record_outcome(shown["escalation_id"], "wrong")
    again = books.show(shown["escalation_id"])
    assert (again["outcome"]["outcome"], again["outcome"]["minutes_estimated"]) == ("wrong", None)
    assert [one["outcome"] for one in again["superseded_outcomes"]] == ["solved"]


def test_csv_is_a_line_an_escalation_that_no_spreadsheet_runs(books: Bookkeeping) -> None:
    rows = list(csv.DictReader(io.StringIO(books.export("csv"))))
    solved = next(row for row in rows if row["outcome"] == "solved")
    assert (solved["calls"], solved["input_tokens"], solved["minutes_saved"]) == ("3", "6000", "40.0")
    assert solved["note"].startswith("'=cmd")
    assert next(row for row in rows if not row["outcome"])["dollars"] == ""


def test_json_has_every_call(books: Bookkeeping) -> None:
    exported = json.loads(books.export("json"))
    assert len(exported["escalations"]) == 2
    assert {call["error"] for call in exported["calls"]} == {None, "RateLimitedError: again later"}


def test_an_unknown_format_is_refused(books: Bookkeeping) -> None:
    with pytest.raises(UsageError, match="json, csv, otlp"):
        books.export("xml")


def test_otlp_is_what_the_protocol_says(books: Bookkeeping) -> None:
    request = Parse(books.export("otlp"), ExportMetricsServiceRequest())
    metrics = {metric.name: metric for metric in request.resource_metrics[0].scope_metrics[0].metrics}
    tokens = {
        attributes["gen_ai.token.type"]: point
        for point in metrics["gen_ai.client.token.usage"].histogram.data_points
        for attributes in [{one.key: one.value.string_value for one in point.attributes}]
    }
    assert list(tokens["input"].explicit_bounds)[:3] == [1, 4, 16]
    assert list(tokens["input"].explicit_bounds)[-1] == 67_108_864
    assert (tokens["input"].count, tokens["input"].sum) == (2, 6000)
    assert list(tokens["input"].bucket_counts).index(2) == 6  # 1,024 < 3,000 <= 4,096
    durations = metrics["gen_ai.client.operation.duration"].histogram.data_points
    assert list(durations[0].explicit_bounds) == [
        0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92
    ]  # fmt: skip
    labels = [{one.key: one.value.string_value for one in point.attributes} for point in durations]
    assert {label["gen_ai.provider.name"] for label in labels} == {"gcp.gemini", "openai"}
    assert [label.get("error.type") for label in labels if label["gen_ai.request.model"] == "gpt"] == [
        "RateLimitedError"
    ]
    assert all(label["gen_ai.operation.name"] == "chat" for label in labels)
    assert sum(point.as_double for point in metrics["dcr.dollars"].sum.data_points) == 0.02
    assert sum(point.as_double for point in metrics["dcr.escalations"].sum.data_points) == 2


def test_otlp_is_read_back_by_our_own_reader(books: Bookkeeping, settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_text(books.export("otlp"))
    folder = folder_of(settings.state_dir, [str(path)], None)
    report = load([str(path)], folder, settings, Work(), allowed_roots=[tmp_path])
    assert not report.unread
    with Tables.open(folder, settings) as tables:
        rows = tables.dicts("SELECT name, sum(count) AS n, sum(sum) AS total FROM metrics GROUP BY 1 ORDER BY 1")
    found = {row["name"]: (row["n"], row["total"]) for row in rows}
    assert found["gen_ai.client.token.usage"] == (4, 6200)
    assert found["gen_ai.client.operation.duration"] == (3, 31.5)


def test_an_empty_ledger_exports_nothing_that_breaks(tmp_path: Path) -> None:
    books = Bookkeeping(Settings(state_dir=tmp_path))
    Parse(books.export("otlp"), ExportMetricsServiceRequest())
    assert books.view().totals["cached_share"] is None


def test_tuning_is_written_only_when_told_and_is_then_in_force(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(settings.state_dir)
    for files in range(55, 110):
        ledger.record_outcome(begin(ledger, files=files), "wrong")
    books = Bookkeeping(settings)
    tuning, path = books.tune()
    assert path is None and learned_thresholds(settings.state_dir) == {}
    assert tuning.learned["files"] > 50
    assert tuning.flips and not any(flip.would_be for flip in tuning.flips)
    _, path = books.tune(write=True)
    assert path and tomllib.loads(path.read_text())["escalate_when"] == tuning.learned
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environment = {"DCR_STATE_DIR": str(settings.state_dir)}
    tuned = load_settings(elsewhere, environment)
    assert tuned.escalate_when.files == tuning.learned["files"]
    again, _ = Bookkeeping(tuned).tune()
    assert again.learned == tuning.learned  # the prior is the default, never what was learned: no evidence counts twice
    (elsewhere / ".deep-code-reasoning.toml").write_text("[escalate_when]\nfiles = 7\n")
    own = load_settings(elsewhere, environment)
    assert own.escalate_when.files == 7
    assert "files" not in Bookkeeping(own).tune()[0].learned


def test_a_broken_file_of_thresholds_is_named(tmp_path: Path) -> None:
    (tmp_path / "thresholds.toml").write_text("[escalate_when]\nfiles = -3\n")
    with pytest.raises(UsageError, match=r"thresholds\.toml"):
        load_settings(tmp_path, {"DCR_STATE_DIR": str(tmp_path)})
