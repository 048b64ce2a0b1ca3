"""Calls, what they add up to, and how escalations ended: nothing is lost, nothing is invented."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from deep_code_reasoning.conversation.ledger import Ledger
from deep_code_reasoning.conversation.measure import Measured
from deep_code_reasoning.conversation.outcome import minutes_estimated
from deep_code_reasoning.conversation.policy import decide
from deep_code_reasoning.conversation.request import EscalationRequest
from deep_code_reasoning.errors import RateLimitedError, UsageError
from deep_code_reasoning.settings import EscalationThresholds
from deep_code_reasoning.specialists.analysis import Analysis
from deep_code_reasoning.specialists.budget import Spent
from deep_code_reasoning.specialists.port import Usage
from deep_code_reasoning.specialists.result import SpecialistResult
from deep_code_reasoning.specialists.track_record import TrackRecord

DECISION = decide(Measured(60, 0, (), None, 0), EscalationThresholds())
USAGE = Usage(input_tokens=1000, output_tokens=200, cached_tokens=400, thinking_tokens=50, cache_write_tokens=100)


def escalation(ledger: Ledger, analysis_type: str = "cross_system") -> str:
    return ledger.begin_escalation(EscalationRequest(analysis_type=analysis_type), DECISION)  # type: ignore[arg-type]


def call(ledger: Ledger, id: str, **given: object) -> None:
    values = {"task": "cross_system", "provider": "google", "model": "gemini", "usage": USAGE}
    ledger.record_call(escalation_id=id, **{**values, "dollars": 0.5, "seconds": 2.0, **given})  # type: ignore[arg-type]


def finish(ledger: Ledger, id: str, model: str = "gemini", provider: str = "google") -> None:
    result = SpecialistResult(Analysis(summary="found"), model, provider, USAGE, 0.25, 3.0, "asked")
    ledger.finish_escalation(id, seconds=4.0, specialist=result)


def test_a_call_is_kept_as_it_was_told(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    id = escalation(ledger)
    call(ledger, id, conversation_id="con-1", turn=2)
    call(ledger, id, usage=None, dollars=None, seconds=0.1, error=RateLimitedError("slow down", 3.0))
    first, second = ledger.calls_of(id, id)
    assert (first["turn"], first["input_tokens"], first["cache_write_tokens"], first["error"]) == (2, 1000, 100, None)
    assert (second["input_tokens"], second["dollars"]) == (None, None)
    assert second["error"] == "RateLimitedError: slow down"


def test_a_call_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="CHECK"):
        Ledger(tmp_path).record_call(provider="p", model="m", usage=None, dollars=None, seconds=None)


def test_spent_counts_known_dollars_and_all_tokens_of_a_project_since(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    id = escalation(ledger)
    assert ledger.spent() == Spent(0.0, 0)
    call(ledger, id)
    call(ledger, id, dollars=None)
    call(ledger, id, usage=None, dollars=None, error="down")
    assert ledger.spent() == ledger.spent(0, str(Path.cwd())) == Spent(0.5, 2400)
    assert ledger.spent(None, "/another/project") == Spent(0.0, 0)
    assert ledger.spent(time.time_ns()) == Spent(0.0, 0)


def test_an_escalation_that_told_of_no_call_is_one_call(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    summed, told = escalation(ledger), escalation(ledger)
    finish(ledger, summed)
    call(ledger, told)
    finish(ledger, told)
    assert [len(ledger.calls_of(id, id)) for id in (summed, told)] == [1, 1]
    assert ledger.spent().dollars == 0.75
    finish(ledger, summed)  # a second end changes nothing
    assert ledger.spent().dollars == 0.75


def test_the_local_analyst_makes_no_call(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    id = escalation(ledger)
    finish(ledger, id, "local", "local")
    assert ledger.calls() == []


def test_a_later_outcome_supersedes_and_the_first_is_kept(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    id = escalation(ledger)
    ledger.record_outcome(id, "wrong", note="not it")
    ledger.record_outcome(id, "solved", 40, cause_right=True, verified=True)
    assert [row["outcome"] for row in ledger.outcomes_of(id)] == ["solved", "wrong"]
    (listed,) = ledger.escalations()
    assert (listed["outcome"], listed["minutes_saved"], listed["cause_right"]) == ("solved", 40, 1)
    assert (listed["minutes_estimated"], listed["note"]) == (None, None)
    (judged,) = ledger.judged()
    assert judged["outcome"] == "solved"


def test_an_outcome_reaches_its_escalation_through_the_conversation(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    id = escalation(ledger)
    call(ledger, id, conversation_id="con-1")
    assert ledger.record_outcome("con-1", "partly") == id


@pytest.mark.parametrize(
    ("id", "outcome", "said"), [("esc-none", "solved", "no escalation"), (None, "great", "one of")]
)
def test_what_there_is_not_is_named(tmp_path: Path, id: str | None, outcome: str, said: str) -> None:
    ledger = Ledger(tmp_path)
    id = id or escalation(ledger)
    with pytest.raises(UsageError, match=said):
        ledger.record_outcome(id, outcome)  # type: ignore[arg-type]


def test_the_track_record_joins_outcomes_and_calls_by_task_and_model(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    for outcome, seconds in (("solved", 1.0), ("wrong", 2.0), (None, 9.0)):
        id = escalation(ledger)
        call(ledger, id, seconds=seconds)
        finish(ledger, id)
        if outcome:
            ledger.record_outcome(id, outcome)  # type: ignore[arg-type]
    call(ledger, id, usage=None, dollars=None, seconds=0.1, error="UnavailableError: 503", model="other")
    local = escalation(ledger, "performance")
    finish(ledger, local, "local", "local")
    ledger.record_outcome(local, "partly")
    assert ledger.track_record() == [
        TrackRecord("cross_system", "gemini", 1, 0, 1, 0, 2.0, 0.5),
        TrackRecord("cross_system", "other", 0, 0, 0, 1, None, None),
        TrackRecord("performance", "local", 0, 1, 0, 0, None, None),
    ]


@pytest.mark.parametrize(
    ("outcome", "minutes", "attempts", "seconds", "estimate"),
    [
        ("solved", (10.0, 20.0, 12.0), ("a", "b", "c"), 120.0, 4 * 12 - 2.0),
        ("solved", (10.0, None), ("a", "b", "c"), 0.0, 40.0),
        ("solved", (1.0,), ("a",), 600.0, -8.0),
        ("solved", (), ("a",), 1.0, None),
        ("wrong", (10.0,), ("a",), 1.0, None),
        ("solved", (10.0,), ("a",), None, None),
    ],
)
def test_the_estimate_follows_its_formula_or_is_unknown(
    outcome: str, minutes: tuple, attempts: tuple, seconds: float | None, estimate: float | None
) -> None:
    request = {"attempt_minutes": list(minutes), "attempted_approaches": list(attempts)}
    assert minutes_estimated(outcome, request, seconds) == estimate


def test_a_session_is_told_once_in_a_while(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    assert ledger.may_tell("a", 60)
    assert not ledger.may_tell("a", 60)
    assert ledger.may_tell("b", 60)
    assert ledger.may_tell("a", 0)


WRITER = """
    import sys
    from pathlib import Path
    from deep_code_reasoning.conversation.ledger import Ledger
    from deep_code_reasoning.specialists.port import Usage

    ledger = Ledger(Path(sys.argv[1]))
    for n in range(int(sys.argv[3])):
        ledger.record_call(
            escalation_id=sys.argv[2], turn=n, task="t", provider="p", model="m",
            usage=Usage(1, 1), dollars=0.25, seconds=0.1,
        )
        ledger.record_outcome(sys.argv[2], "partly")
    print(ledger.may_tell("shared", 3600))
"""


def test_eight_processes_write_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    id = escalation(ledger)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    arguments = [sys.executable, "-c", textwrap.dedent(WRITER), str(tmp_path), id, "15"]
    running = [subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(8)]
    said = [process.communicate(timeout=120)[0].strip() for process in running]
    assert [process.returncode for process in running] == [0] * 8
    assert len(ledger.calls(most=1000)) == len(ledger.outcomes_of(id)) == 120
    assert ledger.spent() == Spent(30.0, 240)
    assert sorted(said) == ["False"] * 7 + ["True"]


def test_a_ledger_of_the_first_schema_is_brought_up_with_its_calls(tmp_path: Path) -> None:
    from deep_code_reasoning.conversation import database

    first = Path(database.__file__).parent / "schema" / "0001_ledger.sql"
    old = sqlite3.connect(tmp_path / "ledger.sqlite")
    old.executescript(first.read_text())
    old.execute("INSERT INTO decisions VALUES ('dec-1', 1, '/project', 1, '[]', '{}', '{}')")
    old.execute(
        "INSERT INTO escalations (escalation_id, decision_id, started_at_unix_nano, finished_at_unix_nano, process_id,"
        " analysis_type, triggers, provider, model, input_tokens, output_tokens, dollars)"
        " VALUES ('esc-1', 'dec-1', 1, 2, 1, 'performance', '[]', 'google', 'gemini', 10, 5, 0.125)"
    )
    old.execute("PRAGMA user_version = 1")
    old.commit()
    old.close()
    assert Ledger(tmp_path).spent(None, "/project") == Spent(0.125, 15)
    assert Ledger(tmp_path).escalation("esc-1")["analysis_type"] == "performance"
