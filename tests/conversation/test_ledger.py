"""The ledger keeps why and what, for several processes at once, past a kill."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deep_code_reasoning.conversation import database
from deep_code_reasoning.conversation.answers import Answers
from deep_code_reasoning.conversation.database import Database
from deep_code_reasoning.conversation.ledger import Ledger
from deep_code_reasoning.conversation.measure import Measured
from deep_code_reasoning.conversation.policy import EscalationDecision, decide
from deep_code_reasoning.conversation.request import CodeScope, EscalationRequest
from deep_code_reasoning.errors import DcrError, UsageError
from deep_code_reasoning.finding import Diagnosis, Verdict
from deep_code_reasoning.incident import Incident
from deep_code_reasoning.settings import EscalationThresholds

REQUEST = EscalationRequest(
    attempted_approaches=("restarted it",) * 6,
    stuck_description="<T>{x} größe \ud800",
    code_scope=CodeScope(files=("a [b]@.py",)),
)
DIAGNOSIS = Diagnosis("inv-1", Verdict("resource", "the lock's lease expires", 0.9, service="payment"), Incident())


def decision() -> EscalationDecision:
    measured = Measured(files=1, trace_bytes=0, services=(), window=None, attempted_approaches=6)
    return decide(measured, EscalationThresholds())


def test_a_decision_is_kept_with_every_reason(tmp_path: Path) -> None:
    Ledger(tmp_path).record_decision(REQUEST, decision())
    (kept,) = Ledger(tmp_path).decisions()
    assert kept["escalate"] == 1
    assert {reason["measure"] for reason in kept["reasons"]} == set(decision().measured) & {
        "files", "trace_bytes", "services", "time_span_seconds", "attempted_approaches",
    }  # fmt: skip
    assert kept["request"]["code_scope"]["files"] == ["a [b]@.py"]
    assert kept["measured"]["attempted_approaches"] == 6


def test_an_escalation_of_the_local_analyst_sent_nothing_and_cost_nothing(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    escalation = ledger.begin_escalation(REQUEST, decision())
    ledger.finish_escalation(escalation, seconds=1.5, diagnosis=DIAGNOSIS, route="no key is set")
    (kept,) = ledger.escalations()
    assert kept["triggers"] == ["attempted approaches: 6, more than 5"]
    assert (kept["provider"], kept["dollars"], kept["input_tokens"]) == ("local", 0.0, None)
    assert (kept["verdict_kind"], kept["verdict_confidence"], kept["investigation"]) == ("resource", 0.9, "inv-1")
    assert kept["minutes_saved"] is None
    assert kept["outcome"] is None


def test_an_escalation_is_finished_once(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    escalation = ledger.begin_escalation(REQUEST, decision())
    ledger.finish_escalation(escalation, seconds=1.0, error="the provider was down")
    ledger.finish_escalation(escalation, seconds=9.0, diagnosis=DIAGNOSIS)
    (kept,) = ledger.escalations()
    assert (kept["seconds"], kept["error"], kept["verdict_kind"]) == (1.0, "the provider was down", None)


WRITER = """
    import sys
    from pathlib import Path
    from deep_code_reasoning.conversation.ledger import Ledger
    from deep_code_reasoning.conversation.measure import Measured
    from deep_code_reasoning.conversation.policy import decide
    from deep_code_reasoning.conversation.request import EscalationRequest
    from deep_code_reasoning.settings import EscalationThresholds

    decision = decide(Measured(1, 0, (), None, 0), EscalationThresholds())
    ledger = Ledger(Path(sys.argv[1]))
    for _ in range(int(sys.argv[2])):
        print(ledger.begin_escalation(EscalationRequest(), decision), flush=True)
"""


def writer(state: Path, times: int) -> subprocess.Popen[str]:
    source = str(Path(__file__).parents[2] / "src")
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WRITER), str(state), str(times)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": source},
    )


def test_several_processes_start_on_an_empty_folder_and_lose_nothing(tmp_path: Path) -> None:
    written = [writer(tmp_path, 20) for _ in range(4)]
    ids = [line for process in written for line in process.communicate(timeout=60)[0].split()]
    assert all(process.returncode == 0 for process in written)
    assert len(ids) == 80
    assert {row["escalation_id"] for row in Ledger(tmp_path).escalations(most=100)} == set(ids)


def test_what_was_written_outlives_a_kill(tmp_path: Path) -> None:
    process = writer(tmp_path, 1_000_000)
    assert process.stdout
    seen = [process.stdout.readline().strip() for _ in range(5)]
    process.send_signal(signal.SIGKILL)
    seen += process.communicate()[0].split()
    kept = {row["escalation_id"] for row in Ledger(tmp_path).escalations(most=1_000_000)}
    assert set(seen) <= kept
    assert all(row["finished_at_unix_nano"] is None for row in Ledger(tmp_path).escalations())


def test_threads_share_a_ledger(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(lambda _: ledger.record_decision(REQUEST, decision()), range(40)))
    assert len(ids) == len(ledger.decisions(most=100)) == 40


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    Ledger(tmp_path / "state").record_decision(REQUEST, decision())
    assert (tmp_path / "state" / "ledger.sqlite").stat().st_mode & 0o077 == 0


def test_write_ahead_log_and_schema_version(tmp_path: Path) -> None:
    Ledger(tmp_path).record_decision(REQUEST, decision())
    connection = sqlite3.connect(tmp_path / "ledger.sqlite")
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    schema = Path(database.__file__).with_name("schema")
    assert connection.execute("PRAGMA user_version").fetchone() == (len(list(schema.glob("*.sql"))),)
    connection.close()


def test_a_newer_ledger_is_left_alone(tmp_path: Path) -> None:
    Ledger(tmp_path).record_decision(REQUEST, decision())
    connection = sqlite3.connect(tmp_path / "ledger.sqlite")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(UsageError, match="newer version"):
        Ledger(tmp_path).decisions()


def test_a_file_that_is_no_database_is_named_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_bytes(b"not a database " * 100)
    with pytest.raises(DcrError, match=r"ledger\.sqlite: file is not a database"):
        Ledger(tmp_path).decisions()


def test_an_error_inside_a_transaction_leaves_nothing(tmp_path: Path) -> None:
    kept = Database(tmp_path)
    with pytest.raises(ZeroDivisionError), kept.transaction() as connection:
        connection.execute("INSERT INTO answers VALUES ('a', 1, x'00', 1)")
        raise ZeroDivisionError
    assert kept.run("find_answer", answer_id="a") == []


def test_answers_are_kept_within_their_limits(tmp_path: Path) -> None:
    answers = Answers(tmp_path, most_answers=2)
    ids = [answers.keep({"rows": [n, "größe \ud800"]}) for n in range(4)]
    assert [answers.find(kept)["rows"][0] for kept in ids[2:]] == [2, 3]
    with pytest.raises(UsageError, match="no result"):
        answers.find(ids[0])


def test_the_newest_answer_stays_even_when_it_is_large(tmp_path: Path) -> None:
    answers = Answers(tmp_path, most_bytes=10)
    first, second = answers.keep({"a": list(range(500))}), answers.keep({"b": list(range(500))})
    assert answers.find(second)
    with pytest.raises(UsageError):
        answers.find(first)
