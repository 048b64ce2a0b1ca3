"""Claude Code itself, driven offline. Run by hand: see docs/clients.md, which also says what was seen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conversation.telemetry import write_traces
from mcp_server.claude_code.model import Model, ToolUse, model
from mcp_server.claude_code.session import PREFIX, claude, outside, run
from mcp_server.driver import environment
from mcp_server.test_jobs import CALL, IMPATIENT, REPLY, slow, specialist
from specialists.stubs.gemini import says
from specialists.stubs.server import Stub
from specialists.stubs.server import stub as gemini_stub

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.environ.get("DCR_TEST_CLAUDE_CODE") != "1", reason="DCR_TEST_CLAUDE_CODE=1 runs it"),
]
__all__ = ["slow"]  # a fixture
ROOT = Path(__file__).parents[3]
PLUGIN = ROOT / "integrations" / "claude-code"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project that `dcr install claude` has been run in."""
    work = tmp_path / "work"
    work.mkdir()
    write_traces(work / "traces.json", ["cart", "payment"])
    command = [sys.executable, "-m", "deep_code_reasoning.cli", "install", "claude", "--yes"]
    subprocess.run(command, cwd=work, env=environment(tmp_path / "state"), check=True, capture_output=True)
    return work


def tool(name: str, **arguments: Any) -> ToolUse:
    return PREFIX + name, arguments


def job_of(seen: Model) -> str:
    return json.loads(seen.results()[-1])["job_id"]


def test_it_connects_and_lists_the_tools(folder: Path) -> None:
    listed = outside(folder, "mcp", "list")
    assert "deep-code-reasoning: " in listed and ("Connected" in listed or "Pending approval" in listed)
    with model("hello") as seen:
        said = run(folder, seen, "hello").first("system")
    assert {"name": "deep-code-reasoning", "status": "connected", "source": "project"} in said["mcp_servers"]
    assert {PREFIX + "should_escalate", PREFIX + "escalate_analysis", PREFIX + "get_job"} <= set(said["tools"])
    assert "For bugs that are bigger than your context" in seen.shown(), "the server's instructions reach the model"


def test_the_model_is_shown_the_structured_result(folder: Path) -> None:
    script = [
        tool("should_escalate", evidence=["traces.json"]),
        tool("load_evidence", evidence=["traces.json"]),
        tool("escalate_analysis", **CALL),
    ]
    with model(*script) as seen:
        run(folder, seen, "look", DCR_MODEL="local")
    measured, loaded, diagnosed = map(json.loads, seen.results())
    assert measured["escalate"] is False
    assert loaded["rows"]["spans"] == 4
    assert diagnosed["verdict"]["kind"] == "none"
    assert "narrative" in diagnosed


def test_a_call_beyond_patience_is_a_job_and_its_result_is_fetched(folder: Path, slow: Stub) -> None:
    def fetch(seen: Model) -> ToolUse:
        return tool("get_job", job_id=job_of(seen), wait_seconds=30)

    with model(tool("escalate_analysis", **CALL), fetch) as seen:
        run(folder, seen, "look", DCR_CALL_PATIENCE_SECONDS=IMPATIENT, **specialist(slow))
    handed_over, fetched = map(json.loads, seen.results())
    assert handed_over["status"] == "working"
    assert "It was the cart." in fetched["narrative"]


def test_a_call_that_the_client_moves_to_the_background_tells_its_result_later(folder: Path, slow: Stub) -> None:
    soon = {"CLAUDE_AUTO_BACKGROUND_TASKS": "1", "CLAUDE_CODE_MCP_AUTO_BACKGROUND_MS": "300"}
    with (
        model(tool("escalate_analysis", **CALL), "I wait", "thanks") as seen,
        claude(folder, seen, **soon, **specialist(slow)) as session,
    ):
        session.ask("look")
        session.first("result", 2)  # of the turn that began when the call had ended
    assert "moved to the background" in seen.results()[0]
    assert "It was the cart." in seen.shown()


def test_a_restarted_client_fetches_the_job_and_goes_on_with_the_conversation(folder: Path, slow: Stub) -> None:
    settings = {"DCR_CALL_PATIENCE_SECONDS": IMPATIENT, **specialist(slow)}
    with model(tool("escalate_analysis", **CALL)) as before, claude(folder, before, **settings) as session:
        session.ask("look")
        session.first("result")  # then it is killed: client and server are gone
    job = job_of(before)

    def more(seen: Model) -> ToolUse:
        session_id = json.loads(seen.results()[-1])["session_id"]
        return tool("continue_conversation", session_id=session_id, message="and before?")

    script = [tool("get_job", job_id=job, wait_seconds=40), more]
    with model(*script) as after:
        run(folder, after, "go on", "--continue", **{**settings, "DCR_CALL_PATIENCE_SECONDS": "30"})
    assert len(after.results()) == 3, "the old session's result is still shown"
    assert "It was the cart." in json.loads(after.results()[1])["narrative"]
    assert "It was the cart." in json.loads(after.results()[2])["narrative"]


def answering(action: dict[str, Any], folder: Path) -> str:
    """Settings with a hook that answers for the user what a server asks of them."""
    told = {"hookSpecificOutput": {"hookEventName": "Elicitation", **action}}
    (folder.parent / "answer.json").write_text(json.dumps(told))
    hook = {"type": "command", "command": f"tee {folder.parent}/asked.json >/dev/null; cat {folder.parent}/answer.json"}
    return json.dumps({"hooks": {"Elicitation": [{"hooks": [hook]}]}})


@pytest.mark.parametrize("agree", [True, False])
def test_the_user_is_asked_before_dollars_are_spent(folder: Path, agree: bool) -> None:
    settings = answering({"action": "accept", "content": {"agree": agree}}, folder)
    call = tool("escalate_analysis", **CALL, model="gemini-4-argon")
    with gemini_stub(says(json.dumps(REPLY))) as stub, model(call) as seen:
        run(folder, seen, "look", "--settings", settings, DCR_ASK_ABOVE_DOLLARS="0.0001", **specialist(stub))
    assert "may come to cost $" in (folder.parent / "asked.json").read_text()
    assert bool(stub.seen) is agree
    assert ("It was the cart." in seen.results()[0]) is agree


def test_with_nobody_to_ask_nothing_is_sent(folder: Path) -> None:
    call = tool("escalate_analysis", **CALL, model="gemini-4-argon")
    with gemini_stub(says(json.dumps(REPLY))) as stub, model(call) as seen:
        run(folder, seen, "look", DCR_ASK_ABOVE_DOLLARS="0.0001", **specialist(stub))
    assert stub.seen == []
    assert seen.results()


def test_interrupted_the_call_ends_and_the_specialist_is_left(folder: Path, slow: Stub) -> None:
    call = tool("escalate_analysis", **CALL)
    with model(call, "stopped") as seen, claude(folder, seen, **specialist(slow)) as session:
        session.ask("look")
        assert slow.arrived.wait(60)
        session.interrupt()
        assert slow.left.wait(3), "the connection to the model is closed before its answer came"
        session.ask("what now?")
        session.end()
    assert "It was the cart." not in seen.shown()


def test_the_plugin_brings_server_skill_commands_and_hook(folder: Path, tmp_path: Path) -> None:
    (folder / ".mcp.json").unlink()
    path = commands(tmp_path / "bin")
    with model("hello") as seen:
        said = run(folder, seen, "hello", "--plugin-dir", str(PLUGIN), PATH=path).first("system")
    assert [server["status"] for server in said["mcp_servers"]] == ["connected"]
    commands_there = {name.removeprefix("deep-code-reasoning:") for name in said["slash_commands"]}
    assert {"deep-code-reasoning", "escalate", "investigate", "post-mortem"} <= commands_there
    assert PREFIX.replace("mcp__", "mcp__plugin_deep-code-reasoning_") + "should_escalate" in said["tools"]


def test_a_slash_command_of_the_plugin_reaches_the_model(folder: Path, tmp_path: Path) -> None:
    with model("hello") as seen:
        run(
            folder, seen, "/deep-code-reasoning:investigate traces.json slow since noon",
            "--plugin-dir", str(PLUGIN), PATH=commands(tmp_path / "bin"),
        )  # fmt: skip
    assert "traces.json slow since noon" in seen.shown()
    assert "load_evidence" in seen.shown()


def test_the_hook_speaks_after_the_fourth_return_of_a_failure(folder: Path, tmp_path: Path) -> None:
    (folder / "test_it.py").write_text("raise SystemExit('FAILED test_it.py::test_total - AssertionError: 80 == 100')")
    attempts: list[ToolUse] = []
    for attempt in range(6):
        attempts.append(("Bash", {"command": f"{sys.executable} test_it.py", "description": "run the test"}))
        (folder / f"try{attempt}.py").write_text(f"total = {attempt}\n")
        change = f"sed -i 's/total = {attempt}/total = {attempt + 1}/' try{attempt}.py"
        attempts.append(("Bash", {"command": change, "description": "another theory"}))
    with model(*attempts) as seen:
        run(folder, seen, "fix it", "--plugin-dir", str(PLUGIN), PATH=commands(tmp_path / "bin"))
    assert "in spite of" in seen.shown()


def commands(folder: Path) -> str:
    """A PATH on which `dcr` and `deep-code-reasoning-mcp` are those of this project."""
    folder.mkdir()
    for name, module in (("dcr", "cli"), ("deep-code-reasoning-mcp", "mcp_server")):
        script = folder / name
        script.write_text(f'#!/bin/sh\nexec {sys.executable} -m deep_code_reasoning.{module} "$@"\n')
        script.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"
