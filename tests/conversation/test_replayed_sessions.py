"""The hook, replayed over whole sessions: every stuck agent is told, nobody else is."""

from __future__ import annotations

import json

import pytest

from conversation.transcripts.sessions import PARTS, Session, sessions
from deep_code_reasoning.conversation.agent_hook import decision_of
from deep_code_reasoning.conversation.stuck.repetition import repetition_of
from deep_code_reasoning.conversation.stuck.transcript import recorded
from deep_code_reasoning.settings import EscalationThresholds


def first_alarm(session: Session, seed: int) -> int | None:
    """After how many events the agent is told first; None: never."""
    events = [one.event for one in recorded(session.transcript(seed))]
    for count in range(1, len(events) + 1):
        if decision_of(repetition_of(events[:count]), EscalationThresholds()).escalate:
            return count
    return None


@pytest.mark.parametrize("session", sessions(), ids=lambda one: one.name)
@pytest.mark.parametrize("seed", [0, 1])
def test_who_is_stuck_is_told_and_nobody_else(session: Session, seed: int) -> None:
    expected = session.alarm and not session.missed
    assert (first_alarm(session, seed) is not None) is expected, session.why


def test_there_are_enough_of_both_kinds_in_each_part() -> None:
    for part in PARTS:
        chosen = [one for one in sessions() if one.part == part]
        assert len(chosen) >= 9
        assert 4 <= sum(one.alarm for one in chosen) <= len(chosen) / 2
    assert len({one.name for one in sessions()}) == len(sessions())


def test_a_session_looks_as_claude_code_writes_it() -> None:
    entries = [json.loads(line) for line in sessions()[0].transcript()]
    calls = [b for e in entries if e["type"] == "assistant" for b in e["message"]["content"] if b["type"] == "tool_use"]
    results = [
        block
        for entry in entries
        if entry["type"] == "user" and isinstance(entry["message"]["content"], list)
        for block in entry["message"]["content"]
    ]
    assert [call["id"] for call in calls] == [result["tool_use_id"] for result in results]
    times = [entry["timestamp"] for entry in entries if "timestamp" in entry]
    assert times == sorted(times)
