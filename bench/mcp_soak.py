"""A day's worth of calls in minutes: memory, open files and processes of the MCP server, before, on the way and after.

    python bench/mcp_soak.py [CALLS]      (default 1,000: a call every 86 seconds of a day)

The evidence is the demo's incident at its smallest size, loaded once. Calls in turn: should_escalate, query_evidence,
get_conversation_status, trace resources, detector pages, escalate_analysis with the local analyst (every fiftieth).
A client may make 120 tool calls a minute: the soak waits where it is told to. Resident memory is the kernel's (Linux);
its slope is fitted over the last half, when caches are filled.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SOURCES = Path(__file__).parents[1] / "src"
sys.path.insert(0, str(SOURCES))

from deep_code_reasoning.demo import generate  # noqa: E402

CONTEXT = {
    "attempted_approaches": ["read the code"],
    "partial_findings": [],
    "stuck_description": "payments fail under load",
    "code_scope": {"files": []},
}
SAMPLE_EVERY = 50


class Server:
    def __init__(self, folder: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": str(SOURCES), "DCR_STATE_DIR": str(folder / "state")}
        for key in ("GEMINI_API_KEY", "GOOGLE_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
            environment.pop(key, None)
        command = [sys.executable, "-m", "deep_code_reasoning.mcp_server"]
        self.process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._number = 0

    def ask(self, method: str, **params: object) -> dict:
        assert self.process.stdin and self.process.stdout
        self._number += 1
        message = {"jsonrpc": "2.0", "id": self._number, "method": method, "params": params}
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            answer = json.loads(line)
            if answer.get("id") == self._number:
                return answer.get("result", answer)
        raise SystemExit("the server is gone")

    def call(self, tool: str, **arguments: object) -> dict:
        return self.ask("tools/call", name=tool, arguments=arguments)

    def state(self) -> tuple[float, int, int]:
        """Resident MiB, open files, threads."""
        proc = Path(f"/proc/{self.process.pid}")
        status = dict(line.split(":", 1) for line in (proc / "status").read_text().splitlines())
        resident = int(status["VmRSS"].split()[0]) / 1024
        return resident, len(list((proc / "fd").iterdir())), int(status["Threads"])


def one(server: Server, number: int) -> dict:
    if number % 50 == 0:
        return server.call("escalate_analysis", claude_context=CONTEXT, analysis_type="cross_system", model="local")
    match number % 5:
        case 0:
            return server.call("should_escalate", claude_context=CONTEXT)
        case 1:
            return server.call("query_evidence", sql="SELECT service_name, count(*) FROM spans GROUP BY ALL")
        case 2:
            return server.call("get_conversation_status")
        case 3:
            return server.ask("resources/read", uri="detector://LOCK001")
        case _:
            return server.ask("resources/list")


def main(calls: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        generate("lease-expiry", folder / "shop", size_bytes=2_000_000)
        server = Server(folder)
        client = {"name": "soak", "version": "1"}
        server.ask("initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo=client)
        print(f"{'calls':>7} {'MiB':>8} {'files':>6} {'threads':>8}")
        print(f"{'idle':>7} {server.state()[0]:8.1f} {server.state()[1]:6} {server.state()[2]:8}")
        server.call("load_evidence", evidence=["shop"])
        samples, failures, started = [], 0, time.monotonic()
        for number in range(1, calls + 1):
            answer = one(server, number)
            while wait := re.search(r"too many calls.*wait ([\d.]+) s", json.dumps(answer)):
                time.sleep(float(wait[1]))
                answer = one(server, number)
            failures += bool(answer.get("isError") or answer.get("error"))
            if number % SAMPLE_EVERY == 0:
                samples.append((number, *server.state()))
                print(f"{number:7} {samples[-1][1]:8.1f} {samples[-1][2]:6} {samples[-1][3]:8}")
        half = samples[len(samples) // 2 :]
        if len(half) < 2:
            raise SystemExit("too few calls for a slope")
        slope = statistics.linear_regression([s[0] for s in half], [s[1] for s in half]).slope * 1000
        seconds = time.monotonic() - started
        print(f"{calls} calls in {seconds:.0f} s, {failures} failed, last half {slope:+.1f} MiB/1,000")
        assert server.process.stdin
        server.process.stdin.close()
        print(f"exit status {server.process.wait(20)}; left behind: {sorted(p.name for p in folder.rglob('*.tmp'))}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000)
