"""A call that outlives its client's patience, its client, and its server."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from conversation.telemetry import write_traces
from mcp_server.driver import ERAS, ByHand, drive
from specialists.stubs.gemini import says
from specialists.stubs.server import Stub
from specialists.stubs.server import stub as gemini_stub

REPLY = {"root_causes": [{"type": "code", "description": "found"}], "narrative": "It was the cart."}
CALL = {
    "claude_context": {
        "attempted_approaches": [],
        "partial_findings": [],
        "stuck_description": "why?",
        "code_scope": {"files": []},
    },
    "analysis_type": "cross_system",
    "evidence": ["traces.json"],
}
IMPATIENT = "0.5"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    work = tmp_path / "work"
    work.mkdir()
    write_traces(work / "traces.json", ["cart", "payment"])
    return work


@pytest.fixture
def slow() -> Iterator[Stub]:
    """A specialist that takes four seconds over its answer."""
    played = says(json.dumps(REPLY))
    played.seconds = 4
    with gemini_stub(played) as stub:
        yield stub


def specialist(stub: Stub) -> dict[str, str]:
    return {"GEMINI_API_KEY": "test-key-0123456789", "DCR_GOOGLE_BASE_URL": stub.url}


@pytest.mark.parametrize("era", ERAS)
def test_the_job_is_handed_over_and_its_result_is_not_lost(folder: Path, slow: Stub, era: str) -> None:
    async def conversation(client: Client) -> tuple[Any, Any]:
        first = (await client.call_tool("escalate_analysis", CALL)).structured_content
        return first, await client.call_tool("get_job", {"job_id": first["job_id"], "wait_seconds": 30})

    first, later = drive(folder, conversation, era=era, DCR_CALL_PATIENCE_SECONDS=IMPATIENT, **specialist(slow))
    assert first["status"] == "working"
    assert "get_job" in first["narrative"]
    assert not later.is_error
    assert "It was the cart." in later.structured_content["narrative"]
    assert later.structured_content["cost"]["input_tokens"] > 0


def test_a_job_is_cancelled_and_the_connection_to_the_model_with_it(folder: Path, slow: Stub) -> None:
    async def conversation(client: Client) -> tuple[Any, float]:
        first = (await client.call_tool("escalate_analysis", CALL)).structured_content
        slow.arrived.wait(30)
        started = time.monotonic()
        ended = await client.call_tool("get_job", {"job_id": first["job_id"], "cancel": True})
        return ended.structured_content, time.monotonic() - started

    ended, seconds = drive(folder, conversation, DCR_CALL_PATIENCE_SECONDS=IMPATIENT, **specialist(slow))
    assert ended["status"] == "cancelled"
    assert seconds < 3


def test_killed_in_the_middle_it_is_taken_over(folder: Path, slow: Stub) -> None:
    server = ByHand(folder, DCR_CALL_PATIENCE_SECONDS=IMPATIENT, **specialist(slow))
    server.shake_hands("2025-11-25")
    job = server.call(2, "escalate_analysis", CALL)["structuredContent"]["job_id"]
    assert slow.arrived.wait(30)
    server.process.kill()
    server.process.wait()

    async def conversation(client: Client) -> tuple[Any, Any]:
        listed = await client.call_tool("get_job", {})
        return listed.structured_content, await client.call_tool("get_job", {"job_id": job, "wait_seconds": 40})

    listed, later = drive(folder, conversation, **specialist(slow))
    assert [(one["job_id"], one["state"]) for one in listed["jobs"]] == [(job, "interrupted")]
    assert not later.is_error, later.content
    assert "It was the cart." in later.structured_content["narrative"]


def test_a_job_that_kills_its_server_again_and_again_is_given_up(folder: Path, slow: Stub) -> None:
    job = None
    for _ in range(3):
        slow.arrived.clear()
        server = ByHand(folder, DCR_CALL_PATIENCE_SECONDS=IMPATIENT, **specialist(slow))
        server.shake_hands("2025-11-25")
        if job is None:
            job = server.call(2, "escalate_analysis", CALL)["structuredContent"]["job_id"]
        else:
            server.send(id=2, method="tools/call", params={"name": "get_job", "arguments": {"job_id": job}})
        assert slow.arrived.wait(30)
        server.process.kill()
        server.process.wait()
    said = drive(folder, lambda client: client.call_tool("get_job", {"job_id": job}))
    assert said.is_error
    assert "its process ended 3 times" in said.content[0].text


def test_two_servers_share_jobs(folder: Path, slow: Stub) -> None:
    server = ByHand(folder, DCR_CALL_PATIENCE_SECONDS=IMPATIENT, **specialist(slow))
    server.shake_hands("2025-11-25")
    job = server.call(2, "escalate_analysis", CALL)["structuredContent"]["job_id"]
    later = drive(folder, lambda client: client.call_tool("get_job", {"job_id": job, "wait_seconds": 30}))
    assert "It was the cart." in later.structured_content["narrative"], "run by the one, read by the other"
    assert server.leave() == 0


def test_cancelled_from_another_server(folder: Path, slow: Stub) -> None:
    server = ByHand(folder, DCR_CALL_PATIENCE_SECONDS=IMPATIENT, **specialist(slow))
    server.shake_hands("2025-11-25")
    job = server.call(2, "escalate_analysis", CALL)["structuredContent"]["job_id"]

    async def conversation(client: Client) -> Any:
        await client.call_tool("get_job", {"job_id": job, "cancel": True})
        return (await client.call_tool("get_job", {"job_id": job, "wait_seconds": 10})).structured_content

    assert drive(folder, conversation)["status"] == "cancelled"
    server.leave()


def test_the_server_leaves_with_its_client_and_the_job_stays(folder: Path, slow: Stub) -> None:
    server = ByHand(folder, DCR_CALL_PATIENCE_SECONDS=IMPATIENT, **specialist(slow))
    server.shake_hands("2025-11-25")
    job = server.call(2, "escalate_analysis", CALL)["structuredContent"]["job_id"]
    assert slow.arrived.wait(30)
    assert server.leave() == 0
    later = drive(folder, lambda client: client.call_tool("get_job", {"job_id": job}), **specialist(slow))
    assert "It was the cart." in later.structured_content["narrative"]


def test_a_job_of_nobody(folder: Path) -> None:
    said = drive(folder, lambda client: client.call_tool("get_job", {"job_id": "job-123"}))
    assert said.is_error
    assert "there is none of this id here" in said.content[0].text
