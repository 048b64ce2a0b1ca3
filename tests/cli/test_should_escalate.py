"""`dcr should-escalate --transcript`: what an agent did is a reason, too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.conftest import Dcr
from conversation.transcripts.sessions import sessions


@pytest.mark.parametrize("name", ["back and forth", "red and green, all morning"])
def test_a_transcript_is_measured(dcr: Dcr, tmp_path: Path, name: str) -> None:
    session = next(one for one in sessions() if one.name == name)
    path = tmp_path / "session.jsonl"
    path.write_bytes(b"\n".join(session.transcript()))
    decision = json.loads(dcr("should-escalate", "--transcript", path, "--json").stdout)
    assert decision["escalate"] is session.alarm
    text = dcr("should-escalate", "--transcript", path).stdout
    assert ("in spite of 6 edits" in text) is session.alarm


def test_a_transcript_that_is_not_there_is_named(dcr: Dcr, tmp_path: Path) -> None:
    run = dcr("should-escalate", "--transcript", tmp_path / "gone.jsonl")
    assert run.returncode == 2
    assert "gone.jsonl' is no file" in run.stderr
