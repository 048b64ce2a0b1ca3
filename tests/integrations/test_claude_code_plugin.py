"""The plugin for Claude Code is laid out as its documentation says, and its hook never stands in the agent's way."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from conversation.transcripts.sessions import sessions
from deep_code_reasoning.mcp_server import catalogue, prompting

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "integrations" / "claude-code"
SKILL = PLUGIN / "skills" / "deep-code-reasoning" / "SKILL.md"
EVENTS = ["PostToolUse", "PostToolUseFailure", "UserPromptSubmit"]


def test_the_manifest_names_the_plugin() -> None:
    manifest = json.loads((PLUGIN / ".claude-plugin" / "plugin.json").read_text())
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", manifest["name"])
    assert (PLUGIN / "skills" / manifest["name"]).is_dir()
    assert [path.name for path in (PLUGIN / ".claude-plugin").iterdir()] == ["plugin.json"]


def test_the_server_is_a_command_of_this_project() -> None:
    (server,) = json.loads((PLUGIN / ".mcp.json").read_text())["mcpServers"].values()
    assert f'{server["command"]} = "deep_code_reasoning.mcp_server:main"' in (ROOT / "pyproject.toml").read_text()


def test_the_skill_has_its_head_and_names_tools_there_are() -> None:
    _, head, body = SKILL.read_text().split("---\n", 2)
    fields = dict(line.split(": ", 1) for line in head.strip().splitlines())
    assert fields["name"] == SKILL.parent.name
    assert 50 < len(fields["description"]) <= 1024
    named = set(re.findall(r"`([a-z]+_[a-z]+)`", body)) & {*catalogue.tools(), "record_outcome", "query_evidence"}
    assert {"should_escalate", "load_evidence", "query_evidence", "escalate_analysis", "record_outcome"} <= named


def test_the_slash_commands_say_what_the_prompts_of_the_server_say() -> None:
    commands = {path.stem: path.read_text() for path in (PLUGIN / "commands").glob("*.md")}
    assert set(commands) == set(prompting.prompts())
    for name, text in commands.items():
        _, head, body = text.split("---\n", 2)
        assert {line.partition(":")[0] for line in head.splitlines()} == {"description", "argument-hint"}, name
        assert "$ARGUMENTS" in body
        assert set(re.findall(r"`([a-z]+_[a-z]+)`", body)) <= {*catalogue.tools()}, name


def test_the_marketplace_at_the_root_leads_to_the_plugin() -> None:
    marketplace = json.loads((ROOT / ".claude-plugin" / "marketplace.json").read_text())
    (entry,) = marketplace["plugins"]
    manifest = json.loads((ROOT / entry["source"] / ".claude-plugin" / "plugin.json").read_text())
    assert (ROOT / entry["source"]).resolve() == PLUGIN
    assert (entry["name"], entry["description"]) == (manifest["name"], manifest["description"])
    assert marketplace["owner"]["name"]


def hook_commands() -> dict[str, str]:
    hooks = json.loads((PLUGIN / "hooks" / "hooks.json").read_text())["hooks"]
    return {event: hook["command"] for event, (group,) in hooks.items() for hook in group["hooks"]}


def run(event: str, payload: bytes, folder: Path) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PATH": f"{folder}:/usr/bin:/bin", "DCR_STATE_DIR": str(folder / "state")}
    command = ["sh", "-c", hook_commands()[event]]
    return subprocess.run(command, input=payload, capture_output=True, env=environment, cwd=folder, timeout=60)


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder with `dcr` in it, and the transcript of a session that is stuck."""
    dcr = tmp_path / "dcr"
    dcr.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT / "src"} exec {sys.executable} -m deep_code_reasoning.cli "$@"\n')
    dcr.chmod(0o755)
    stuck = next(one for one in sessions() if one.name == "the same assertion, six theories")
    (tmp_path / "session.jsonl").write_bytes(b"\n".join(stuck.transcript()))
    return tmp_path


def payload(event: str, folder: Path, session: str = "s") -> bytes:
    told = {
        "hook_event_name": event,
        "session_id": session,
        "transcript_path": str(folder / "session.jsonl"),
        "cwd": str(folder),
    }
    failed = "FAILED tests/test_transfer.py::test_balance_after_transfer - AssertionError: assert 80 == 100"
    tool = {"tool_name": "Bash", "tool_input": {"command": "pytest -q tests/test_transfer.py"}, "tool_use_id": "new"}
    match event:
        case "PostToolUse":
            told |= tool | {"tool_response": {"stdout": failed, "stderr": "", "interrupted": False}}
        case "PostToolUseFailure":
            told |= tool | {"error": f"Exit code 1\n{failed}"}
        case "UserPromptSubmit":
            told |= {"prompt": f"still:\n{failed}"}
    return json.dumps(told).encode()


@pytest.mark.parametrize("event", EVENTS)
def test_a_stuck_session_is_told_once(event: str, installed: Path) -> None:
    first = run(event, payload(event, installed), installed)
    assert first.returncode == 0
    said = json.loads(first.stdout)
    assert said["hookSpecificOutput"]["hookEventName"] == event
    assert "test_balance_after_transfer" in said["hookSpecificOutput"]["additionalContext"]
    assert "in spite of" in said["systemMessage"]
    again = run(event, payload(event, installed), installed)
    assert (again.returncode, again.stdout) == (0, b"")


@pytest.mark.parametrize(
    "given",
    [
        b"",
        b"no json",
        b"[]",
        b'{"tool_name": 1, "tool_input": {"command": ["a"]}, "error": {"x": [1]}}',
        b'{"tool_name": "Bash", "tool_input": {"command": "pytest"}, "error": "Exit code 1\\nboom",'
        b' "transcript_path": "/nowhere\\u0000", "session_id": "\\ud800"}',
        b'{"tool_name": "Bash", "tool_input": {"command": "pytest"}, "error": "boom", "transcript_path": "/dev/zero"}',
    ],
)
def test_whatever_comes_in_the_agent_goes_on(given: bytes, installed: Path) -> None:
    done = run("PostToolUse", given, installed)
    assert (done.returncode, done.stdout) == (0, b"")


def test_without_dcr_the_agent_goes_on(tmp_path: Path) -> None:
    done = run("PostToolUse", b"{}", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
