"""Real processes, killed in the middle of a turn: nothing that was received is lost, and another process goes on."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conversing import conversing_process
from conversing.conftest import KEY, Desk
from conversing.counting_gemini import CountingGemini, narrative
from deep_code_reasoning.conversation.request import EscalationRequest
from deep_code_reasoning.errors import BusyConversationError
from deep_code_reasoning.progress import Work

SOURCES = Path(__file__).parents[2] / "src"


def caller(service: CountingGemini, state: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = {
        **os.environ, "PYTHONPATH": str(SOURCES), "DCR_STATE_DIR": str(state), "GEMINI_API_KEY": KEY,
        "DCR_GOOGLE_BASE_URL": service.url,
    }  # fmt: skip
    return subprocess.Popen(
        [sys.executable, str(conversing_process.__file__), *arguments],
        stdout=subprocess.PIPE, text=True, env=environment, cwd=os.getcwd(),
    )  # fmt: skip


def test_a_turn_cut_off_by_a_kill_is_found_interrupted_and_taken_up_elsewhere(
    desk: Desk, gemini: CountingGemini, request_: EscalationRequest, tmp_path: Path
) -> None:
    session = desk(gemini).start(request_, work=Work()).session.id
    gemini.arrived.acquire()
    gemini.hold.clear()
    process = caller(gemini, tmp_path / "state", "say", session, "Why?")
    assert gemini.arrived.acquire(timeout=60)
    with pytest.raises(BusyConversationError, match=str(process.pid)):
        desk(gemini).say(session, "me too", work=Work())
    process.send_signal(signal.SIGKILL)  # not waited for: what is left of it until then must not count as alive
    time.sleep(0.2)
    turn = desk(gemini).status(session).turns[-1]
    assert (turn.state, turn.question) == ("interrupted", "Why?")
    assert turn.error and str(process.pid) in turn.error
    process.wait()
    gemini.hold.set()
    answer = desk(gemini).resume(session, work=Work())
    assert (answer.turn.number, answer.turn.state) == (2, "done")
    assert gemini.seen[-1].text.count("Why?") == 1
    messages = desk(gemini).transcript(session).as_json()["turns"][1]["messages"]
    assert [message["author"] for message in messages] == ["us", "model"]


def test_after_a_kill_say_goes_on_and_the_question_that_was_cut_off_is_not_lost(
    desk: Desk, gemini: CountingGemini, request_: EscalationRequest, tmp_path: Path
) -> None:
    session = desk(gemini).start(request_, work=Work()).session.id
    gemini.arrived.acquire()
    gemini.hold.clear()
    process = caller(gemini, tmp_path / "state", "say", session, "the one that was cut off")
    assert gemini.arrived.acquire(timeout=60)
    process.kill()
    process.wait()
    gemini.hold.set()
    assert desk(gemini).say(session, "the next one", work=Work()).turn.state == "done"
    sent = gemini.seen[-1].text
    assert sent.index("the one that was cut off") < sent.index("the next one")
    assert [turn.state for turn in desk(gemini).status(session).turns] == ["done", "interrupted", "done"]


def test_an_answer_that_was_paid_for_is_read_after_the_kill_and_not_asked_again(
    desk: Desk, gemini: CountingGemini, request_: EscalationRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies between the record of the reply and the end of the turn."""
    from deep_code_reasoning.conversation.sessions.claims import Claims

    session = desk(gemini).start(request_, work=Work()).session.id
    child = os.fork()
    if child == 0:
        Claims.answer = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[method-assign]
        desk(gemini).say(session, "the 25th question", work=Work())
        os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    asked = len(gemini.seen)
    turn = desk(gemini).resume(session, work=Work()).turn
    assert len(gemini.seen) == asked
    assert turn.state == "done" and turn.analysis and "the 25th question" in turn.analysis["narrative"]
    assert turn.calls == 1 and turn.input_tokens > 0


def test_a_process_that_is_killed_again_and_again_loses_nothing(
    desk: Desk, gemini: CountingGemini, request_: EscalationRequest, tmp_path: Path
) -> None:
    """Killed at any moment of many turns: every reply that was counted is a message that is kept."""
    session = desk(gemini).start(request_, work=Work()).session.id
    gemini.answer = lambda messages: narrative(f"answer {len(gemini.seen)}")
    for asked, delay in ((1, 0.05), (2, 0.3), (3, 0.7)):
        while gemini.arrived.acquire(blocking=False):
            pass  # those of the process before
        process = caller(gemini, tmp_path / "state", "say", session, *[f"question {n}" for n in range(200)])
        for _ in range(asked):  # a question is asked when the answer before was kept
            assert gemini.arrived.acquire(timeout=60)
        time.sleep(delay)
        process.kill()
        process.wait()
    assert desk(gemini).say(session, "the last one", work=Work()).turn.state == "done"
    transcript = desk(gemini).transcript(session)
    received = [one for one in transcript.messages if one.message.author == "model"]
    assert sum(turn.calls for turn in transcript.turns) == len(received) > 3
    for turn in transcript.turns:
        assert turn.state in ("done", "interrupted")
        assert turn.state != "done" or turn.analysis
    connection = sqlite3.connect(tmp_path / "state" / "ledger.sqlite")
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    json.dumps(transcript.as_json())
