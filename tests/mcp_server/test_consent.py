"""Above a sum the user is asked, in the way of the protocol in force; nothing is sent before the answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mcp_types as types
import pytest
from mcp import Client

from conversation.telemetry import write_traces
from deep_code_reasoning.mcp_server import questions
from deep_code_reasoning.mcp_server.job_running import NeedsInput
from mcp_server.driver import ERAS, drive
from mcp_server.test_jobs import CALL, REPLY
from specialists.stubs.gemini import says
from specialists.stubs.server import stub as gemini_stub


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    work = tmp_path / "work"
    work.mkdir()
    write_traces(work / "traces.json", ["cart", "payment"])
    return work


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("agree", [True, False])
def test_the_user_is_asked_and_obeyed(folder: Path, era: str, agree: bool) -> None:
    asked: list[str] = []

    async def fill_in(_context: Any, params: types.ElicitRequestParams) -> types.ElicitResult:
        asked.append(params.message)
        return types.ElicitResult(action="accept", content={"agree": agree})

    async def conversation(client: Client) -> Any:
        return await client.call_tool("escalate_analysis", {**CALL, "model": "gemini-4-argon"})

    with gemini_stub(says(json.dumps(REPLY))) as stub:
        result = drive(
            folder, conversation, era=era, elicitation=fill_in, GEMINI_API_KEY="test-key-0123456789",
            DCR_GOOGLE_BASE_URL=stub.url, DCR_ASK_ABOVE_DOLLARS="0.0001",
        )  # fmt: skip
    assert not result.is_error, result.content
    assert len(asked) == 1
    assert "may come to cost $" in asked[0]
    assert bool(stub.seen) is agree, "nothing is sent that was not agreed to"
    told = result.structured_content
    assert ("It was the cart." in told["narrative"]) is agree
    assert told["verdict"], "the local diagnosis is there either way"


def test_nobody_to_ask(folder: Path) -> None:
    async def conversation(client: Client) -> Any:
        return await client.call_tool("escalate_analysis", {**CALL, "model": "gemini-4-argon"})

    with gemini_stub(says(json.dumps(REPLY))) as stub:
        result = drive(
            folder, conversation, GEMINI_API_KEY="test-key-0123456789", DCR_GOOGLE_BASE_URL=stub.url,
            DCR_ASK_ABOVE_DOLLARS="0.0001",
        )  # fmt: skip
    assert stub.seen == []
    assert "ask_above_dollars" in result.structured_content["specialist_error"]


def test_an_answer_holds_for_about_the_sum_it_was_given_to() -> None:
    answers = {"consent-2.0000": {"action": "accept", "content": {"agree": True}}}
    agreed = questions.consent_in(answers)
    assert agreed("?", 1.5)
    assert agreed("?", 2.1)
    with pytest.raises(NeedsInput):
        agreed("?", 3.0)
    for action, content in (
        ("decline", None),
        ("decline", {"agree": True}),
        ("cancel", {"agree": True}),
        ("accept", {}),
    ):
        refused = questions.consent_in({"consent-2.0000": {"action": action, "content": content}})
        assert not refused("?", 2.0), (action, content)


@pytest.mark.parametrize("era", ERAS)
def test_evidence_that_nobody_named_is_asked_for(folder: Path, era: str) -> None:
    asked: list[str] = []

    async def fill_in(_context: Any, params: types.ElicitRequestParams) -> types.ElicitResult:
        asked.append(params.message)
        return types.ElicitResult(action="accept", content={"paths": "traces.json"})

    async def conversation(client: Client) -> Any:
        return await client.call_tool("escalate_analysis", {**CALL, "evidence": [], "model": "local"})

    result = drive(folder, conversation, era=era, elicitation=fill_in)
    assert not result.is_error, result.content
    assert len(asked) == 1
    assert "Where are the traces" in asked[0]
    assert result.structured_content["verdict"]


def test_where_the_user_will_not_say_the_error_is_as_before(folder: Path) -> None:
    async def decline(_context: Any, _params: types.ElicitRequestParams) -> types.ElicitResult:
        return types.ElicitResult(action="decline")

    async def conversation(client: Client) -> Any:
        return await client.call_tool("escalate_analysis", {**CALL, "evidence": [], "model": "local"})

    asked = drive(folder, conversation, elicitation=decline)
    assert asked.is_error
    assert asked.content == drive(folder, conversation).content, "nor where nobody can be asked"


def test_what_the_user_names_is_held_against_the_roots(folder: Path) -> None:
    async def fill_in(_context: Any, _params: types.ElicitRequestParams) -> types.ElicitResult:
        return types.ElicitResult(action="accept", content={"paths": "/etc"})

    async def conversation(client: Client) -> Any:
        return await client.call_tool("escalate_analysis", {**CALL, "evidence": [], "model": "local"})

    result = drive(folder, conversation, elicitation=fill_in)
    assert result.is_error
    assert "resolves outside the allowed roots" in result.content[0].text
