"""What a call leaves behind in the server's process: nothing that grows with the number of calls.

bench/mcp_soak.py looks at the memory of a day's calls; here what is alive is counted, in a process of its own.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from conversation.telemetry import write_traces
from mcp_server.driver import ERAS, python

ROUNDS = 3
SOAK = """
import collections, gc, json, os, sys, threading
import anyio
from mcp import Client
from deep_code_reasoning.mcp_server.rate_limit import RateLimit
from deep_code_reasoning.mcp_server.server import build_server
from deep_code_reasoning.settings import load_settings

CONTEXT = {"attempted_approaches": [], "partial_findings": [], "stuck_description": "slow", "code_scope": {"files": []}}
TOOLS = {
    "load_evidence": {"evidence": ["traces.json"]},
    "should_escalate": {"claude_context": CONTEXT},
    "query_evidence": {"sql": "SELECT count(*) FROM spans"},
    "escalate_analysis": {"claude_context": CONTEXT, "analysis_type": "performance", "model": "local"},
    "get_conversation_status": {},
    "get_job": {},
}

async def a_round(client):
    for name, arguments in TOOLS.items():
        result = await client.call_tool(name, arguments)
        assert not result.is_error, (name, result.content)
    refused = await client.call_tool("query_evidence", {"sql": "SELECT nothing FROM nowhere"})
    assert refused.is_error
    await client.read_resource("detector://LOCK001")
    await client.list_resources()
    await client.list_tools()

def alive():
    for _ in range(3):
        gc.collect()
    types = collections.Counter(f"{type(o).__module__}.{type(o).__qualname__}" for o in gc.get_objects())
    return {**types, "open files": len(os.listdir("/proc/self/fd")), "threads": threading.active_count()}

async def main():
    server = build_server(state_dir=load_settings().state_dir)
    server.middleware[:] = [one for one in server.middleware if not isinstance(one, RateLimit)]
    async with Client(server, mode=ERA) as client:
        await a_round(client)
        counted = [alive()]
        for _ in range(3):
            for _ in range(ROUNDS):
                await a_round(client)
            counted.append(alive())
    _, first, second, third = counted  # what is made once, late, is in one of them only
    print(json.dumps({
        name: min(third[name] - second.get(name, 0), second.get(name, 0) - first.get(name, 0)) for name in third
    }))

os.chdir(FOLDER)
anyio.run(main)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="open files are counted in /proc")
@pytest.mark.parametrize("era", ERAS)
def test_no_kind_of_object_file_or_thread_grows_with_the_calls(tmp_path: Path, era: str) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    write_traces(folder / "traces.json", ["cart", "checkout"])
    given = f"ERA, ROUNDS, FOLDER = {era!r}, {ROUNDS}, {str(folder)!r}\n"
    *_, last = python(given + SOAK, tmp_path / "state").splitlines()  # on a busy machine DuckDB draws a bar before
    grown = json.loads(last)
    assert {name: more for name, more in grown.items() if more >= ROUNDS} == {}
