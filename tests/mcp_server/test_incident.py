"""The mission's first scenario through the server: without a key; with a specialist that answers, fails, dawdles."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

from conversation.test_request import MISSION_CALL
from deep_code_reasoning.conversation.ledger import Ledger
from deep_code_reasoning.demo import generate
from mcp_server.driver import call, drive
from specialists.stubs.gemini import fails, says
from specialists.stubs.server import Played
from specialists.stubs.server import stub as gemini_stub

ESCALATION = {**MISSION_CALL, "evidence": ["shop"], "question": "Why do payments fail under load?"}
REPLY = {
    "root_causes": [
        {"type": "resource", "description": "the lease runs out first", "confidence": 0.8, "fix": "chrony"}
    ],
    "hypotheses": [{"statement": "the clock is behind", "predictions": ["offset over 50 ms"]}],
    "recommendations": {"immediate_actions": ["resynchronise"], "next_steps": ["look at NTP"]},
    "narrative": "The lock's lease ran out before it was renewed.",
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A working directory with the generated incident in `shop/`, and the truth about it."""
    folder = tmp_path_factory.mktemp("incident") / "work"
    folder.mkdir()
    return folder, generate("lease-expiry", folder / "shop", size_bytes=4_000_000)


@pytest.fixture
def ledger(shop: tuple[Path, Any]) -> Callable[[], dict[str, Any]]:
    kept = Ledger(shop[0].parent / "state")
    return lambda: kept.escalation(kept.escalations(most=1)[0]["escalation_id"])


def key_for(url: str) -> dict[str, str]:
    return {"GEMINI_API_KEY": "test-key-0123456789", "DCR_GOOGLE_BASE_URL": url}


def test_without_a_key(shop: tuple[Path, Any], ledger: Callable[[], dict[str, Any]]) -> None:
    folder, truth = shop

    async def conversation(client: Client) -> tuple[dict[str, Any], list[Any]]:
        first = await client.call_tool("escalate_analysis", ESCALATION)
        assert not first.is_error, first.content
        page, findings = first.structured_content, []
        while page:
            assert len(json.dumps(page, ensure_ascii=False, separators=(",", ":"))) < 20_000
            findings += page.get("findings", [])
            cursor = page.get("next_cursor")
            page = (
                (await client.call_tool("escalate_analysis", {"cursor": cursor})).structured_content if cursor else None
            )
        return first.structured_content, findings

    result, findings = drive(folder, conversation)
    assert result["verdict"]["service"] == truth.culprit_service
    assert result["verdict"]["commit"] is None
    assert result["verdict"]["confidence"] > 0.5
    assert truth.culprit_host in result["narrative"]
    assert "local analyst" in result["narrative"]
    assert "services: 12, more than 3" in result["triggers"]
    assert result["recommendations"]["immediate_actions"]
    assert len(findings) == result["findings_count"]
    assert {"TIME001", "LOCK001"} <= {finding["code"] for finding in findings}
    kept = ledger()
    assert kept["escalation_id"] == result["escalation_id"]
    assert (kept["verdict_service"], kept["dollars"], kept["error"]) == (truth.culprit_service, 0.0, None)


def test_with_a_specialist(shop: tuple[Path, Any], ledger: Callable[[], dict[str, Any]]) -> None:
    with gemini_stub(says(json.dumps(REPLY), prompt=5_000, thinking=70)) as stub:
        answered = call(shop[0], "escalate_analysis", ESCALATION, **key_for(stub.url))
    assert not answered.is_error, answered.content
    result = answered.structured_content or {}
    assert "The lock's lease ran out before it was renewed." in result["narrative"]
    assert result["root_causes"][0]["description"] == "the lease runs out first"
    assert result["recommendations"]["investigation_next_steps"] == ["look at NTP"]
    assert result["specialist"]["provider"] == "google"
    assert result["cost"]["input_tokens"] == 5_000 * len(stub.seen)
    assert result["brief"]["items"] > 0
    kept = ledger()
    asked = len(stub.seen)  # for missing files, for the evidence alone, and with the caller's theory
    assert (kept["provider"], kept["input_tokens"], kept["thinking_tokens"]) == ("google", asked * 5_000, asked * 70)
    assert len(kept["brief_manifest"]["items"]) == result["brief"]["items"]


def test_a_specialist_that_fails_leaves_the_diagnosis(shop: tuple[Path, Any]) -> None:
    with gemini_stub(fails(403, "API key not valid", "PERMISSION_DENIED")) as stub:
        answered = call(shop[0], "escalate_analysis", ESCALATION, **key_for(stub.url))
    assert not answered.is_error, answered.content
    result = answered.structured_content or {}
    assert "API key not valid" in result["specialist_error"]
    assert result["verdict"]["service"] == shop[1].culprit_service
    assert "test-key-0123456789" not in json.dumps(result)


def test_local_sends_nothing_out_even_with_a_key(shop: tuple[Path, Any]) -> None:
    with gemini_stub(says(json.dumps(REPLY))) as stub:
        answered = call(shop[0], "escalate_analysis", {**ESCALATION, "model": "local"}, **key_for(stub.url))
    assert not answered.is_error
    assert stub.seen == []


def test_a_specialist_too_slow_for_its_client(shop: tuple[Path, Any], ledger: Callable[[], dict[str, Any]]) -> None:
    async def conversation(client: Client) -> tuple[bool, Any]:
        await client.call_tool("load_evidence", {"evidence": ["shop"]})
        with anyio.move_on_after(20) as waiting:
            async with anyio.create_task_group() as group:
                group.start_soon(client.call_tool, "escalate_analysis", ESCALATION)
                while not stub.seen:
                    await anyio.sleep(0.05)
                group.cancel_scope.cancel()
        return waiting.cancelled_caught, await client.call_tool("query_evidence", {"sql": "SELECT count(*) FROM logs"})

    with gemini_stub(Played(seconds=60)) as stub:
        timed_out, after = drive(shop[0], conversation, **key_for(stub.url))
    assert not timed_out
    assert after.structured_content["rows"][0][0] > 0
    assert ledger()["error"].startswith("cancelled by the caller")
