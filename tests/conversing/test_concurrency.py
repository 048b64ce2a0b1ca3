"""Fifty conversations at once, on threads and on processes: none lost, each with its own messages."""

from __future__ import annotations

import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest

from conversing.conftest import Desk
from conversing.counting_gemini import CountingGemini, narrative
from conversing.test_kill import caller
from deep_code_reasoning.conversation.request import EscalationRequest
from deep_code_reasoning.errors import BusyConversationError
from deep_code_reasoning.progress import Work

AT_ONCE = 50


def echo(messages: list[str]) -> str:
    return narrative("echo " + " ".join(re.findall(r"question-\d+-of-\S+", messages[-1])))


def check_integrity(state: Path) -> None:
    connection = sqlite3.connect(state / "ledger.sqlite")
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


@pytest.mark.slow
def test_fifty_conversations_on_threads_and_processes(
    desk: Desk, gemini: CountingGemini, request_: EscalationRequest, tmp_path: Path
) -> None:
    first = desk(gemini).start(request_, work=Work()).session
    sessions = [desk(gemini).fork(first.id, work=Work()).id for _ in range(AT_ONCE)]
    gemini.answer = echo
    turns = 2

    def talk(session: str) -> None:
        for number in range(turns):
            desk(gemini).say(session, f"question-{number}-of-{session}", work=Work())

    others = [
        caller(gemini, tmp_path / "state", "say", session, *(f"question-{n}-of-{session}" for n in range(turns)))
        for session in sessions[:4]
    ]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(talk, sessions[4:]))
    for process in others:
        assert '"done", "done"' in process.communicate(timeout=120)[0]
    for session in sessions:
        transcript = desk(gemini).transcript(session)
        assert [turn.state for turn in transcript.turns] == ["done"] * (turns + 1)
        for number, turn in enumerate(transcript.turns[1:]):
            assert turn.analysis and turn.analysis["narrative"] == f"echo question-{number}-of-{session}"
        said = [one.message for one in transcript.messages]
        assert [message.author for message in said] == ["us", *["us", "model"] * (turns + 1)]
    assert len(desk(gemini).listed(most=100)) == AT_ONCE + 1
    check_integrity(tmp_path / "state")


def test_one_conversation_that_many_want_is_had_by_one_at_a_time(
    desk: Desk, gemini: CountingGemini, request_: EscalationRequest, tmp_path: Path
) -> None:
    """Eight callers at once, none of whom waits: each is answered, queued or refused, and no turn overlaps another."""
    session = desk(gemini).start(request_, work=Work()).session.id
    gemini.answer = echo

    def ask(number: int) -> str:
        try:
            said = f"question-{number}-of-all"
            return desk(gemini).say(session, said, queue=number % 2 == 0, work=Work()).turn.state
        except BusyConversationError:
            return "refused"

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(ask, range(8)))
    desk(gemini).say(session, "question-9-of-all", work=Work())
    turns = desk(gemini).status(session).turns
    assert "refused" not in outcomes[::2]
    assert len(turns) == 2 + 8 - outcomes.count("refused")
    assert all(turn.state == "done" for turn in turns)
    spans = sorted((turn.started or 0, turn.finished or 0) for turn in turns)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    for turn in turns[1:]:
        assert turn.analysis and turn.analysis["narrative"] == f"echo {turn.question}"
    check_integrity(tmp_path / "state")
