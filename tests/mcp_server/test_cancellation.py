"""A call that is taken back stops working, and the server goes on."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

from conversation.telemetry import write_traces
from mcp_server.driver import ERAS, ByHand, drive

ENDLESS = """
    SELECT count(*) FROM spans a, spans b, spans c, spans d
    WHERE a.span_number * b.span_number + c.span_number = d.span_number % 7
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    write_traces(tmp_path / "work" / "traces.json", ["cart"], lines=2_000)
    return tmp_path / "work"


def loaded(folder: Path) -> ByHand:
    server = ByHand(folder)
    server.shake_hands("2025-11-25")
    server.send(id=2, method="tools/call", params={"name": "load_evidence", "arguments": {"evidence": ["traces.json"]}})
    assert not server.answer(2)["result"].get("isError")
    return server


def start_endless_query(server: ByHand, request: int) -> None:
    arguments = {"sql": ENDLESS, "seconds": 60}
    server.send(id=request, method="tools/call", params={"name": "query_evidence", "arguments": arguments})
    time.sleep(0.7)


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
    return False


def burnt_in(server: ByHand, seconds: float) -> float:
    """CPU seconds the server uses within so many seconds."""

    def used() -> float:
        fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    before = used()
    time.sleep(seconds)
    return used() - before


@pytest.mark.parametrize("era", ERAS)
def test_the_next_call_works(folder: Path, era: str) -> None:
    async def conversation(client: Client) -> tuple[bool, Any]:
        await client.call_tool("load_evidence", {"evidence": ["traces.json"]})
        with anyio.move_on_after(1) as waiting:
            await client.call_tool("query_evidence", {"sql": ENDLESS, "seconds": 60})
        return waiting.cancelled_caught, await client.call_tool("query_evidence", {"sql": "SELECT 41 + 1"})

    cancelled, after = drive(folder, conversation, era=era)
    assert cancelled
    assert after.structured_content["rows"] == [[42]]


def test_a_cancelled_query_burns_no_more_time(folder: Path) -> None:
    server = loaded(folder)
    start_endless_query(server, 3)
    assert within(20, lambda: burnt_in(server, 0.5) >= 0.05), "the query runs"
    server.send(method="notifications/cancelled", params={"requestId": 3, "reason": "not needed"})
    assert within(20, lambda: burnt_in(server, 1) <= 0.02), "the query has stopped"
    assert server.leave() == 0


def test_pings_are_answered_while_a_query_runs(folder: Path) -> None:
    server = loaded(folder)
    start_endless_query(server, 3)
    started = time.monotonic()
    server.send(id=4, method="ping")
    assert server.answer(4)["result"] == {}
    assert time.monotonic() - started < 5, "long before the query's time limit"
    assert server.leave() == 0


def test_the_client_leaves_while_a_query_runs(folder: Path) -> None:
    server = loaded(folder)
    start_endless_query(server, 3)
    assert server.leave() == 0
