"""`record_outcome` keeps what is said, and says what it cannot keep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deep_code_reasoning.conversation.ledger import Ledger
from deep_code_reasoning.conversation.measure import Measured
from deep_code_reasoning.conversation.policy import decide
from deep_code_reasoning.conversation.request import EscalationRequest
from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.investigation import Investigations
from deep_code_reasoning.mcp_server.tools import record_outcome, should_escalate
from deep_code_reasoning.progress import Work
from deep_code_reasoning.settings import EscalationThresholds, Settings


def desk(tmp_path: Path) -> Investigations:
    return Investigations(Settings(state_dir=tmp_path / "state", allowed_roots=(tmp_path,)), trust_arguments=False)


@pytest.fixture
def escalation(tmp_path: Path) -> str:
    decision = decide(Measured(60, 0, (), None, 0), EscalationThresholds())
    request = EscalationRequest.from_call(
        {"claude_context": {"attempted_approaches": [{"approach": "a", "minutes": 30}, "b"]}}, required=False
    )
    ledger = Ledger(tmp_path / "state")
    id = ledger.begin_escalation(request, decision)
    ledger.finish_escalation(id, seconds=60.0)
    return id


def test_an_outcome_is_kept_with_the_estimate_apart(tmp_path: Path, escalation: str) -> None:
    given = {"id": escalation, "outcome": "solved", "causeRight": True, "minutesSaved": 25, "note": "größe \ud800"}
    said = record_outcome.call(desk(tmp_path), given, Work()).facts
    assert said["narrative"] == f"Kept: {escalation} solved."
    kept = said["outcome"]
    assert (kept["minutes_saved"], kept["minutes_estimated"], kept["cause_right"]) == (25, 3 * 30 - 1.0, 1)
    assert kept["verified"] is None
    assert Ledger(tmp_path / "state").outcomes_of(escalation)[0]["note"] == "größe ?"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "id: missing"),
        ({"id": "esc-none", "outcome": "solved"}, "no escalation or conversation"),
        ({"id": "\ud800", "outcome": "solved"}, "no escalation or conversation"),
        ({"id": None, "outcome": "great"}, "id: missing"),
        ({"id": "esc-1", "outcome": "great"}, "solved, partly, wrong"),
        ({"id": "esc-1", "outcome": "solved", "minutes_saved": "many"}, "minutes_saved"),
        ({"id": "esc-1", "outcome": "solved", "verified": "yes"}, "verified: expected true or false"),
    ],
)
def test_what_cannot_be_kept_is_named(tmp_path: Path, given: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        record_outcome.call(desk(tmp_path), given, Work())


def test_should_escalate_takes_what_the_agent_did(tmp_path: Path) -> None:
    red = {
        "tool": "Bash",
        "input": {"command": "pytest tests/test_a.py"},
        "output": "FAILED tests/test_a.py::test_x - no",
    }
    edits = [
        {"tool": "Edit", "input": {"file_path": "a.py", "old_string": "a", "new_string": str(n)}} for n in range(4)
    ]
    events = [red, *(step for edit in edits for step in (edit, red))]
    said = should_escalate.call(desk(tmp_path), {"recent_events": events}, Work()).facts
    assert said["escalate"] is True
    assert "the same failure 4 times again in spite of 4 edits" in said["narrative"]
    assert should_escalate.paths({"transcript": "s.jsonl"}) == ["s.jsonl"]
