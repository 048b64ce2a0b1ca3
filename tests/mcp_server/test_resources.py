"""Resources, prompts and completion, asked for by a real client in both protocol eras."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mcp_types as types
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError

from conversation.telemetry import write_traces
from mcp_server.driver import ERAS, drive


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    work = tmp_path / "work"
    work.mkdir()
    write_traces(work / "traces.json", ["cart", "payment"])
    return work


@pytest.mark.parametrize("era", ERAS)
def test_what_was_loaded_here_is_listed_and_can_be_read(folder: Path, era: str) -> None:
    async def conversation(client: Client) -> Any:
        assert [str(one.uri) for one in (await client.list_resources()).resources] == ["ledger://project"]
        loaded = await client.call_tool("load_evidence", {"evidence": ["traces.json"]})
        listed = (await client.list_resources()).resources
        overview = await client.read_resource(str(listed[1].uri))
        return loaded.structured_content["investigation"], [str(one.uri) for one in listed], overview.contents[0].text

    investigation, uris, text = drive(folder, conversation, era=era)
    assert uris == ["ledger://project"] + [
        f"investigation://{investigation}{rest}" for rest in ("", "/diagnosis", "/findings", "/traces")
    ]
    overview = json.loads(text)
    assert overview["evidence"][0]["path"] == "traces.json"
    assert overview["rows"]["spans"] > 0
    assert overview["verdict"] is None


def test_another_directorys_investigation_is_not_listed(folder: Path) -> None:
    elsewhere = folder.parent / "elsewhere"
    elsewhere.mkdir()
    drive(folder, lambda client: client.call_tool("load_evidence", {"evidence": ["traces.json"]}))
    listed = drive(elsewhere, lambda client: client.list_resources()).resources
    assert [str(one.uri) for one in listed] == ["ledger://project"]


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("detector://NOPE999", "NOPE999"),
        ("investigation://nobody", "no investigation"),
        ("investigation://../../etc", "there are"),
        ("investigation://..%2F..%2Fetc", "expected letters"),
        ("file:///etc/passwd", "there are"),
    ],
)
def test_what_is_not_there(folder: Path, uri: str, said: str) -> None:
    async def conversation(client: Client) -> str:
        with pytest.raises(MCPError) as raised:
            await client.read_resource(uri)
        return str(raised.value)

    assert said in drive(folder, conversation)


@pytest.mark.parametrize("era", ERAS)
def test_detectors_are_completed_and_read(folder: Path, era: str) -> None:
    async def conversation(client: Client) -> tuple[list[str], str]:
        reference = types.ResourceTemplateReference(uri="detector://{code}")
        found = await client.complete(reference, {"name": "code", "value": "lock"})
        page = await client.read_resource(f"detector://{found.completion.values[0]}")
        return found.completion.values, page.contents[0].text

    codes, page = drive(folder, conversation, era=era)
    assert codes[0] == "LOCK001"
    assert codes == sorted(codes)
    assert page.startswith("#")


@pytest.mark.parametrize("era", ERAS)
def test_prompts(folder: Path, era: str) -> None:
    async def conversation(client: Client) -> tuple[list[str], str]:
        listed = await client.list_prompts()
        filled = await client.get_prompt("investigate", {"evidence": 'a "quoted" {{ folder }}'})
        return [prompt.name for prompt in listed.prompts], filled.messages[0].content.text

    names, text = drive(folder, conversation, era=era)
    assert names == ["escalate", "investigate", "post-mortem"]
    assert json.dumps('a "quoted" {{ folder }}') in text, (
        "an argument is data: it cannot be a template, nor end a quote"
    )


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("nope", {}, "there are escalate, investigate, post-mortem"),
        ("investigate", {}, "needs 'evidence'"),
        ("investigate", {"evidence": "x", "colour": "red"}, "no argument 'colour'"),
        ("investigate", {"evidence": "x" * 5_000}, "at most 4,000"),
    ],
)
def test_prompts_that_cannot_be_filled(folder: Path, name: str, arguments: dict[str, str], said: str) -> None:
    async def conversation(client: Client) -> str:
        with pytest.raises(MCPError) as raised:
            await client.get_prompt(name, arguments)
        return str(raised.value)

    assert said in drive(folder, conversation)


@pytest.mark.parametrize("era", ERAS)
def test_what_an_escalation_leaves_can_be_read(folder: Path, era: str) -> None:
    call = {
        "claude_context": {
            "attempted_approaches": [], "stuck_description": "why?", "code_scope": {"files": []},
        },
        "analysis_type": "cross_system",
        "evidence": ["traces.json"],
    }  # fmt: skip

    async def conversation(client: Client) -> list[str]:
        done = (await client.call_tool("escalate_analysis", call)).structured_content
        uris = [
            f"investigation://{done['investigation']}/diagnosis", f"investigation://{done['investigation']}/findings",
            f"conversation://{done['session_id']}", f"ledger://{done['escalation_id']}", "ledger://project",
        ]  # fmt: skip
        return [(await client.read_resource(uri)).contents[0].text for uri in uris]

    diagnosis, findings, session, entry, ledger = drive(folder, conversation, era=era)
    assert json.loads(diagnosis)["verdict"]["kind"] == "none"
    assert "items" in json.loads(findings)
    assert "why?" in session
    assert json.loads(entry)["escalation_id"] in ledger
