"""What is kept of a conversation comes back as it was; who holds a turn is told from who does not."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from conversing.kept_sessions import DIAGNOSIS, PAPERS, dead_process, edit, kept_session
from deep_code_reasoning.conversation.request import CodeScope, EntryPoint, EscalationRequest
from deep_code_reasoning.conversation.sessions.claims import Claims
from deep_code_reasoning.conversation.sessions.diagnosis_record import pack_diagnosis, unpack_diagnosis
from deep_code_reasoning.conversation.sessions.process_identity import OTHER_HOST_SECONDS, is_alive, this_process
from deep_code_reasoning.conversation.sessions.sessions import Sessions
from deep_code_reasoning.errors import BusyConversationError
from deep_code_reasoning.finding import Evidence, Finding, Location, Subject, Suspect
from deep_code_reasoning.incident import TimeWindow
from deep_code_reasoning.unread import Unread


def test_papers_and_request_come_back(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path, days=30)
    session = kept_session(sessions)
    assert sessions.papers(session.id) == PAPERS
    assert session.asked.stuck_description == "größe \ud800"


@pytest.mark.parametrize(
    "request_",
    [
        EscalationRequest(),
        EscalationRequest(
            attempted_approaches=("a", "b"),
            attempt_minutes=(None, 20.0),
            partial_findings=({"type": "race", "location": "a.go:1"}, "text"),
            code_scope=CodeScope(("a [b]@.py",), (EntryPoint("a.py", 3, "f"), EntryPoint("b.py")), ("cart",)),
            analysis_type="performance",
            depth_level=5,
            time_budget_seconds=7.5,
            evidence=("traces",),
            model="google:x",
            question="<why>?",
            incident=TimeWindow(1_760_346_000 * 10**9, 1_760_346_100 * 10**9),
        ),
    ],
)
def test_a_request_can_be_made_again(tmp_path: Path, request_: EscalationRequest) -> None:
    session = kept_session(Sessions(tmp_path, days=30))
    assert replace(session, request=request_.as_json()).asked == request_


def test_a_diagnosis_comes_back_with_what_numpy_left_in_it() -> None:
    import numpy as np

    finding = Finding(
        "LOCK001", "größe \ud800", "critical", "cause", Subject("payment", location=Location("a.py", 3)),
        TimeWindow(1, 2), {"offset_ms": 1.5, "count": 3, "name": "x"}, (Evidence("log:1", "n"),), id="LOCK001-1",
    )  # fmt: skip
    diagnosis = replace(
        DIAGNOSIS, findings=(finding,), suspects=(Suspect(1, "resource", 0.9, "s"),), unread=(Unread("a:1", "b", 2),)
    )
    measured = replace(finding, numbers={"offset_ms": np.float64(1.5), "count": np.int64(3), "name": "x"})
    assert unpack_diagnosis(pack_diagnosis(replace(diagnosis, findings=(measured,)))) == diagnosis


def test_a_process_is_known_by_its_start_and_not_by_its_number_alone() -> None:
    pid, identity = this_process()
    assert is_alive(pid, identity, time.time_ns())
    assert not is_alive(pid, identity[:-1] + ("0" if identity[-1] != "0" else "1"), time.time_ns())
    assert not is_alive(dead_process(), identity, time.time_ns())


def test_what_is_left_of_a_killed_process_until_its_parent_asks_is_not_alive() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = Path(f"/proc/{process.pid}/stat")
    if not started.exists():
        process.kill()
        pytest.skip("no /proc here")
    identity = this_process()[1].rpartition("/")[0] + "/" + started.read_text().rpartition(")")[2].split()[19]
    assert is_alive(process.pid, identity, time.time_ns())
    process.kill()
    deadline = time.monotonic() + 10
    while is_alive(process.pid, identity, time.time_ns()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_alive(process.pid, identity, time.time_ns())
    process.wait()


def test_a_claim_of_another_host_holds_for_an_hour() -> None:
    now = time.time_ns()
    assert is_alive(1, "another-host/boot/1", now)
    assert not is_alive(1, "another-host/boot/1", now - round((OTHER_HOST_SECONDS + 1) * 1e9))


def test_a_claim_that_its_own_process_has_forgotten_is_broken(tmp_path: Path) -> None:
    """As where a disk was full when the turn ended: the process lives on, and must not block the conversation."""
    claims = Claims(Sessions(tmp_path, days=30))
    session = kept_session(claims.sessions)
    turn = claims.ask(session.id, "why?")
    with pytest.raises(BusyConversationError, match=str(os.getpid())):
        claims.ask(session.id, "me too")
    claims.end(session.id, turn.number, "cancelled", None)
    edit(tmp_path, "UPDATE turns SET state = 'running', finished_at_unix_nano = NULL")
    assert claims.ask(session.id, "and now?").state == "running"
    assert [one.state for one in claims.settle(session.id)] == ["interrupted", "running"]
