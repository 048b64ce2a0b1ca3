"""`dcr converse` and `dcr replay`, as a person and a program use them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli.conftest import Dcr
from conversation.telemetry import write_traces
from conversing.counting_gemini import counting_gemini, narrative

KEY = "nonsense-0123456789"


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("evidence") / "traces.jsonl"
    write_traces(path, ["cart", "payment"])
    return path


def test_a_conversation_from_its_start_to_its_summary(dcr: Dcr, traces: Path) -> None:
    cause = {"type": "code", "description": "the lock in pay.py", "confidence": 0.8, "claims": []}
    with counting_gemini() as service:
        service.answer = lambda messages: narrative("The lock.", root_causes=[cause])
        asked = {"GEMINI_API_KEY": KEY, "DCR_GOOGLE_BASE_URL": service.url}
        started = dcr("converse", "start", traces, "--question", "Why?", "--model", "gemini-4-argon", "--json", **asked)
        assert started.returncode == 0, started.stderr
        first = json.loads(started.stdout)
        assert first["diagnosis"]["verdict"] and first["analysis"]["narrative"] == "The lock."
        session = first["session_id"]
        said = dcr("converse", "say", session, "And under load?", **asked)
        assert said.returncode == 0, said.stderr
        assert said.stdout.startswith("The lock.\n- 0.40 code: the lock in pay.py\n")
        assert f"{session} · turn 2 · " in said.stdout
        replayed = dcr("replay", session, "--model", "gemini-3.8-flash", "--json", **asked)
        found = json.loads(replayed.stdout)
        assert [turn["same_first"] for turn in found["turns"]] == [True, True]
        summed = dcr("converse", "finalize", session, "--format", "concise", **asked)
        assert summed.stdout.startswith("The lock.\n")
    shown = dcr("converse", "show", session)
    assert "And under load?" in shown.stdout and "Summary (concise)" in shown.stdout
    refused = dcr("converse", "say", session, "More?")
    assert refused.returncode == 2 and "finished" in refused.stderr
    listed = json.loads(dcr("converse", "list", "--json").stdout)["sessions"]
    assert [one["state"] for one in listed if one["session_id"] == session] == ["finished"]


def test_a_prompt_goes_on_after_an_error_and_ends_with_its_input(traces: Path, tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}

    def converse(*arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "deep_code_reasoning.cli", "converse", *arguments],
            input=said, capture_output=True, text=True, timeout=120, cwd=tmp_path,
            env=kept | {"DCR_STATE_DIR": str(tmp_path / "state")},
        )  # fmt: skip

    session = json.loads(converse("start", str(traces), "--model", "local", "--json").stdout)["session_id"]
    talk = converse(session, said="What of payment?\n\n" + "x" * 1_000_001 + "\nAnd of cart?\n")
    assert talk.returncode == 0, talk.stderr
    assert "turn 2" in talk.stdout and "turn 3" in talk.stdout
    assert "at most 1,000,000" in talk.stderr


def test_ctrl_c_leaves_a_turn_that_can_be_taken_up(traces: Path, tmp_path: Path) -> None:
    with counting_gemini() as service:
        environment = {
            **os.environ, "DCR_STATE_DIR": str(tmp_path / "state"), "GEMINI_API_KEY": KEY,
            "DCR_GOOGLE_BASE_URL": service.url,
        }  # fmt: skip

        def converse(*arguments: str) -> subprocess.Popen[str]:
            return subprocess.Popen(
                [sys.executable, "-m", "deep_code_reasoning.cli", "converse", *arguments],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=environment,
            )  # fmt: skip

        told = converse("start", str(traces), "--model", "gemini-4-argon", "--json").communicate(timeout=120)[0]
        session = json.loads(told)["session_id"]
        while service.arrived.acquire(blocking=False):
            pass
        service.hold.clear()
        said = converse("say", session, "the one that takes long")
        assert service.arrived.acquire(timeout=60)
        said.send_signal(signal.SIGINT)
        _, error = said.communicate(timeout=60)
        assert said.returncode == 130
        assert f"dcr converse resume {session}" in error
        service.hold.set()
        resumed = converse("resume", session, "--json")
        turn = json.loads(resumed.communicate(timeout=120)[0])
        assert (turn["turn"], turn["state"]) == (2, "done")
        assert service.seen[-1].text.count("the one that takes long") == 1
