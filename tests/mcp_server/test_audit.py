"""The audit log says who called what and how it ended, and nothing of what was said."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

from mcp import Client

from mcp_server.driver import drive


def test_a_line_a_call(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    secret = "hunter2-is-the-password"

    async def conversation(client: Client) -> Any:
        await client.call_tool("query_evidence", {"sql": f"SELECT '{secret}'"})
        await client.get_prompt("investigate", {"evidence": secret})
        return await client.list_tools()

    drive(folder, conversation)
    log = tmp_path / "state" / "audit.jsonl"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    text = log.read_text("utf-8")
    assert secret not in text
    called, prompted = (json.loads(line) for line in text.splitlines())
    assert (called["method"], called["name"], called["arguments"]) == ("tools/call", "query_evidence", ["sql"])
    assert called["outcome"] == "error", "there is no investigation to query"
    assert called["transport"] == "stdio"
    assert (prompted["method"], prompted["outcome"]) == ("prompts/get", "ok")


def test_a_log_that_cannot_be_written_stops_no_call(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "audit.jsonl").mkdir()
    result = drive(folder, lambda client: client.call_tool("should_escalate", {}))
    assert not result.is_error
