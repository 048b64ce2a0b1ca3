"""Conversations over MCP: several turns, a restart between them, and four errors told apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from conversation.telemetry import write_traces
from mcp_server.driver import ERAS, call, drive, error_line
from mcp_server.test_jobs import CALL
from specialists.stubs.gemini import fails, says
from specialists.stubs.server import stub as gemini_stub

START = {**CALL, "initial_question": "Where does the race window open?", "depth_level": 2}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    work = tmp_path / "work"
    work.mkdir()
    write_traces(work / "traces.json", ["cart", "payment"])
    return work


def reply(text: str) -> Any:
    return says(json.dumps({"narrative": text, "root_causes": [{"type": "code", "description": text}]}))


def with_key(url: str) -> dict[str, str]:
    return {"GEMINI_API_KEY": "test-key-0123456789", "DCR_GOOGLE_BASE_URL": url}


@pytest.mark.parametrize("era", ERAS)
def test_a_conversation_outlives_its_server(folder: Path, era: str) -> None:
    no_cache = fails(400, "Cached content is too small. total_token_count=290, min_total_token_count=4096", "INVALID")
    with gemini_stub(
        no_cache, reply("At line 142."), reply("Nothing holds it."), reply("Hold the lock until the end.")
    ) as stub:
        started = call(folder, "start_conversation", START, era=era, **with_key(stub.url)).structured_content
        session = started["session_id"]
        later = {"session_id": session, "message": "What happens between release and the next acquire? <code> {x}"}
        said = call(folder, "continue_conversation", later, era=era, **with_key(stub.url)).structured_content
        ended = call(
            folder, "finalize_conversation",
            {"sessionId": session, "summaryFormat": "actionable"}, era=era, **with_key(stub.url),
        ).structured_content  # fmt: skip
        status = call(folder, "get_conversation_status", {"session_id": session}, era=era).structured_content
    assert "At line 142." in started["narrative"]
    assert started["verdict"], "the diagnosis stands beside it"
    assert said["narrative"] == "Nothing holds it."
    assert said["turn"] == 2
    assert ended["session_id"] == session
    assert status["state"] == "finished"
    assert status["turns_count"] == 3
    sent = [seen.body for seen in stub.seen]
    assert "the next acquire?" in sent[2]
    assert sent[2].count("Where does the race window open?") == 1


def test_without_a_key(folder: Path) -> None:
    async def conversation(client: Client) -> tuple[Any, Any]:
        started = (await client.call_tool("start_conversation", START)).structured_content
        message = {"session_id": started["session_id"], "message": "What is known of the service cart?"}
        return started, (await client.call_tool("continue_conversation", message)).structured_content

    started, said = drive(folder, conversation)
    assert started["model"] == "local"
    assert said["narrative"]
    assert said["cost"]["dollars"] == 0


def test_four_errors(folder: Path) -> None:
    unknown = error_line(call(folder, "continue_conversation", {"session_id": "conv-nobody", "message": "?"}))
    assert "conv-nobody" in unknown
    started = call(folder, "start_conversation", START).structured_content
    of_it = {"session_id": started["session_id"]}
    empty = error_line(call(folder, "continue_conversation", {**of_it, "message": "  "}))
    assert "empty" in empty
    call(folder, "finalize_conversation", of_it)
    finished = error_line(call(folder, "continue_conversation", {**of_it, "message": "more"}))
    assert "finished" in finished or "finalized" in finished
    assert len({unknown, empty, finished}) == 3


def test_those_of_the_project_are_listed(folder: Path) -> None:
    started = call(folder, "start_conversation", START).structured_content
    listed = call(folder, "get_conversation_status", {}).structured_content
    assert [one["session_id"] for one in listed["conversations"]] == [started["session_id"]]
    elsewhere = folder.parent / "elsewhere"
    elsewhere.mkdir()
    assert call(elsewhere, "get_conversation_status", {}).structured_content["conversations_count"] == 0
