"""Seconds from the start of the MCP server's process to its answer to `tools/list`: median of N, in both protocol eras.

    python bench/mcp_start.py [N]      (default 5; bytecode is compiled by a first run that does not count)

Beside it, for comparison, a bare server of the same SDK with no tool: the floor under anything built on it.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SOURCES = Path(__file__).parents[1] / "src"
OURS = [sys.executable, "-m", "deep_code_reasoning.mcp_server"]
BARE = [
    sys.executable,
    "-c",
    "import anyio\n"
    "from mcp.server.lowlevel import Server\n"
    "from mcp.server.stdio import stdio_server\n"
    "from mcp_types import ListToolsResult\n"
    "async def tools(context, params): return ListToolsResult(tools=[])\n"
    "async def main():\n"
    "    server = Server('bare', on_list_tools=tools)\n"
    "    async with stdio_server() as (r, w): await server.run(r, w, server.create_initialization_options())\n"
    "anyio.run(main)\n",
]
CLIENT = {"name": "bench", "version": "1"}
HANDSHAKE = [
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": CLIENT},
    },
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
    {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
]
ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": CLIENT,
    "io.modelcontextprotocol/clientCapabilities": {},
}
MODERN = [{"jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": {"_meta": ENVELOPE}}]


def start(command: list[str], messages: list[dict]) -> tuple[float, float, int]:
    """Wall seconds to the answer, CPU seconds of the whole process, and characters of the tools listed."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment |= {
        "PYTHONPATH": str(SOURCES),
        "PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "dcr-bytecode"),
    }
    cpu_before = _children_cpu()
    started = time.perf_counter()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(b"".join(json.dumps(message).encode() + b"\n" for message in messages))
        process.stdin.flush()
        for line in process.stdout:
            answer = json.loads(line)
            if answer.get("id") == 2:
                seconds = time.perf_counter() - started
                break
        process.stdin.close()
        process.wait(10)
    return seconds, _children_cpu() - cpu_before, len(json.dumps(answer["result"]["tools"], separators=(",", ":")))


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    for name, command in (("deep-code-reasoning-mcp", OURS), ("bare server of the SDK", BARE)):
        for era, messages in (("2025-11-25", HANDSHAKE), ("2026-07-28", MODERN)):
            start(command, messages)
            runs = [start(command, messages) for _ in range(times)]
            wall, cpu = (statistics.median(run[i] for run in runs) for i in (0, 1))
            print(f"{name:24} {era}  {wall:.3f} s to tools/list, {cpu:.3f} s CPU, tools {runs[0][2]:,} characters")


if __name__ == "__main__":
    main()
