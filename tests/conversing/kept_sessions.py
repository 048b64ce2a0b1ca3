"""Conversations without evidence or models, for tests of how they are kept."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from functools import cache
from pathlib import Path

from deep_code_reasoning.conversation.request import EscalationRequest
from deep_code_reasoning.conversation.sessions.records import Papers, Session, Shown
from deep_code_reasoning.conversation.sessions.sessions import Sessions
from deep_code_reasoning.finding import Diagnosis, Verdict
from deep_code_reasoning.incident import Incident
from deep_code_reasoning.specialists.analysis import Analysis
from deep_code_reasoning.specialists.port import Usage
from deep_code_reasoning.specialists.turn import TurnResult

DIAGNOSIS = Diagnosis("inv-1", Verdict("resource", "the lock's lease expires", 0.9, service="payment"), Incident())
PAPERS = Papers("the brief", {"items": []}, DIAGNOSIS, Shown({"/a.py": ("1", "2")}, {"/traces": "f1"}))
RESULT = TurnResult(Analysis(narrative="The lock."), (), Usage(), 0.0, "gemini-4-argon", "google", 0.1, (), 0)


def kept_session(sessions: Sessions, project: str = "/srv/shop") -> Session:
    return sessions.create(
        project=project,
        investigation="inv-1",
        request=EscalationRequest(stuck_description="größe \ud800").as_json(),
        model="gemini-4-argon",
        provider="google",
        route="as asked",
        system="You are the specialist.",
        papers=PAPERS,
    )


@cache
def dead_process() -> int:
    """The id of a process that was, and is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def edit(state_dir: Path, statement: str, *values: object) -> None:
    """What only time or a crash can do to the database."""
    connection = sqlite3.connect(state_dir / "ledger.sqlite")
    with connection:
        connection.execute(statement, values)
    connection.close()
