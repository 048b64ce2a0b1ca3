"""The model `client`: the client's own, asked through sampling while a call is open."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anyio
import mcp_types as types
import pytest
from mcp import Client

from conversation.telemetry import write_traces
from mcp_server.driver import call, drive
from mcp_server.test_jobs import CALL, REPLY

ASKED = {**CALL, "model": "client"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    work = tmp_path / "work"
    work.mkdir()
    write_traces(work / "traces.json", ["cart", "payment"])
    return work


def said(text: str) -> types.CreateMessageResult:
    return types.CreateMessageResult(
        role="assistant", content=types.TextContent(text=text), model="the model of the client"
    )


def test_the_model_of_the_client_answers(folder: Path) -> None:
    asked: list[types.CreateMessageRequestParams] = []

    async def answer(_context: Any, params: types.CreateMessageRequestParams) -> types.CreateMessageResult:
        asked.append(params)
        return said(json.dumps(REPLY))

    told = call(folder, "escalate_analysis", ASKED, era="legacy", sampling=answer).structured_content
    assert told["specialist"]["provider"] == "client"
    assert "It was the cart." in told["narrative"]
    assert told.get("specialist_error") is None
    (request,) = asked
    assert "root_causes" in (request.system_prompt or ""), "the schema is asked for in words"
    assert {message.role for message in request.messages} == {"user"}
    assert "why?" in str(request.messages)


def test_a_conversation_with_the_client_goes_on_in_its_next_call(folder: Path) -> None:
    turns: list[list[str]] = []

    async def answer(_context: Any, params: types.CreateMessageRequestParams) -> types.CreateMessageResult:
        turns.append([message.role for message in params.messages])
        return said(json.dumps(REPLY))

    async def conversation(client: Client) -> Any:
        started = (await client.call_tool("start_conversation", ASKED)).structured_content
        message = {"session_id": started["session_id"], "message": "And the payment?"}
        return started, (await client.call_tool("continue_conversation", message)).structured_content

    started, later = drive(folder, conversation, era="legacy", sampling=answer)
    assert started["model"] == later["model"] == "client"
    assert later["provider"] == "client"
    first, second = turns
    assert second == [*first, "assistant", "user"]


def test_a_client_that_offers_none_is_told_so(folder: Path) -> None:
    told = call(folder, "escalate_analysis", ASKED, era="legacy").structured_content
    assert "does not offer sampling" in told["specialist_error"]
    assert told["verdict"], "the local diagnosis is there"


def test_where_the_protocol_has_no_way_back_the_reason_says_so(folder: Path) -> None:
    async def answer(_context: Any, _params: Any) -> types.CreateMessageResult:
        raise AssertionError("nobody can ask this client")

    told = call(folder, "escalate_analysis", ASKED, era="2026-07-28", sampling=answer).structured_content
    assert "2026-07-28" in told["specialist_error"]
    assert "sampling is deprecated" in told["specialist_error"]


def test_a_client_that_declines_is_not_asked_again(folder: Path) -> None:
    asked: list[Any] = []

    async def decline(_context: Any, params: Any) -> types.ErrorData:
        asked.append(params)
        return types.ErrorData(code=-1, message="User rejected sampling request")

    told = call(folder, "escalate_analysis", ASKED, era="legacy", sampling=decline).structured_content
    assert "User rejected" in told["specialist_error"]
    assert len(asked) == 1


@pytest.mark.slow
def test_the_call_stays_open_while_the_client_thinks(folder: Path) -> None:
    """Longer than a call is otherwise kept open: once it is handed over, nobody could be asked any more."""

    async def think(_context: Any, _params: Any) -> types.CreateMessageResult:
        await anyio.sleep(16)
        return said(json.dumps(REPLY))

    how = {"DCR_CALL_PATIENCE_SECONDS": "15"}
    told = call(folder, "escalate_analysis", ASKED, era="legacy", sampling=think, **how).structured_content
    assert told["specialist"]["provider"] == "client", told


def test_what_was_handed_over_cannot_ask(folder: Path) -> None:
    """A job that outlives its call has nobody to ask: the reason, not a wait."""

    async def never(_context: Any, _params: Any) -> types.CreateMessageResult:
        raise AssertionError("the call is over")

    async def conversation(client: Client) -> Any:
        first = (await client.call_tool("escalate_analysis", ASKED)).structured_content
        assert first["status"] == "working", first
        return await client.call_tool("get_job", {"job_id": first["job_id"], "wait_seconds": 40})

    told = drive(folder, conversation, era="legacy", sampling=never, DCR_CALL_PATIENCE_SECONDS="0.01")
    assert not told.is_error, told.content
    assert "only while the call is open" in told.structured_content["specialist_error"], told


def test_a_client_whose_call_is_cancelled_is_asked_no_more(folder: Path) -> None:
    asked, taken_back = anyio.Event(), anyio.Event()

    async def think(_context: Any, _params: Any) -> types.CreateMessageResult:
        asked.set()
        try:
            await anyio.sleep(60)
        except anyio.get_cancelled_exc_class():
            taken_back.set()
            raise
        return said("too late")

    async def conversation(client: Client) -> Any:
        async with anyio.create_task_group() as group:
            group.start_soon(client.call_tool, "escalate_analysis", ASKED)
            await asked.wait()
            (job,) = (await client.call_tool("get_job", {})).structured_content["jobs"]
            await client.call_tool("get_job", {"job_id": job["job_id"], "cancel": True})
            with anyio.fail_after(50):
                await taken_back.wait()
        await client.call_tool("get_job", {"job_id": job["job_id"], "wait_seconds": 20})
        return (await client.call_tool("get_job", {})).structured_content["jobs"]

    jobs = drive(folder, conversation, era="legacy", sampling=think)
    assert [job["state"] for job in jobs] == ["cancelled"]
