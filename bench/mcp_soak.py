"""A day's worth of calls in minutes: memory, open files and threads of the MCP server, before, on the way and after.

    python bench/mcp_soak.py [CALLS] [KIND]      (default 1,000: a call every 86 seconds of a day)
    python bench/mcp_soak.py --http [SESSIONS]   (default 1,000 of either protocol, each of two calls)

The evidence is the demo's incident at its smallest size, loaded once. Calls in turn: should_escalate, query_evidence,
get_conversation_status, detector pages, the list of resources, escalate_analysis with the local analyst (every
fiftieth); with KIND (a key of KINDS) that one alone. The server is the product's in all but one thing: the limit of
calls a minute for each client is lifted, with it a day would take hours. Memory is the kernel's (Linux), its slope
fitted over the last half, when caches are filled. Garbage in cycles is collected now and then: a sawtooth of some MiB.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.response import addinfourl

SOURCES = Path(__file__).parents[1] / "src"
sys.path.insert(0, str(SOURCES))

from deep_code_reasoning.demo import generate  # noqa: E402

UNLIMITED = (
    "from deep_code_reasoning.mcp_server import rate_limit\n"
    "rate_limit.RateLimit.__call__ = lambda _, context, call_next: call_next(context)\n"
)
STDIO = f"{UNLIMITED}from deep_code_reasoning.mcp_server import main; main()"
HTTP = f"{UNLIMITED}from deep_code_reasoning.cli import main; main()"
CLIENT = {"name": "soak", "version": "1"}
MODERN = "2026-07-28"
ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientInfo": CLIENT,
    "io.modelcontextprotocol/clientCapabilities": {},
}
CONTEXT = {
    "attempted_approaches": ["read the code"],
    "partial_findings": [],
    "stuck_description": "payments fail under load",
    "code_scope": {"files": []},
}
SQL = "SELECT service_name, count(*) FROM spans GROUP BY ALL"
SAMPLES = 20


class Process:
    """A server with the environment of nobody in particular: no provider's key, a state directory of its own."""

    def __init__(self, folder: Path, code: str, *arguments: str, **more: str) -> None:
        environment = {**os.environ, "PYTHONPATH": str(SOURCES), "DCR_STATE_DIR": str(folder / "state"), **more}
        for key in ("GEMINI_API_KEY", "GOOGLE_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
            environment.pop(key, None)
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if code == STDIO else subprocess.DEVNULL,  # a line for each session refused
        )

    def state(self) -> tuple[float, int, int, int]:
        """Resident MiB, open files, threads, child processes."""
        proc = Path(f"/proc/{self.process.pid}")
        status = dict(line.split(":", 1) for line in (proc / "status").read_text().splitlines())
        resident = int(status["VmRSS"].split()[0]) / 1024
        return (
            resident,
            len(list((proc / "fd").iterdir())),
            int(status["Threads"]),
            sum(map(_children, (proc / "task").iterdir())),
        )


def _children(task: Path) -> int:
    try:
        return len((task / "children").read_text().split())
    except OSError:  # the thread has ended meanwhile
        return 0


class Server(Process):
    """On stdio, one client."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, STDIO)
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


KINDS: dict[str, Callable[[Server], dict]] = {
    "should_escalate": lambda server: server.call("should_escalate", claude_context=CONTEXT),
    "query_evidence": lambda server: server.call("query_evidence", sql=SQL),
    "get_conversation_status": lambda server: server.call("get_conversation_status"),
    "detector": lambda server: server.ask("resources/read", uri="detector://LOCK001"),
    "resources": lambda server: server.ask("resources/list"),
    "escalate_analysis": lambda server: server.call(
        "escalate_analysis", claude_context=CONTEXT, analysis_type="cross_system", model="local"
    ),
}


def one(server: Server, number: int, kind: str | None = None) -> dict:
    *quick, _escalate = KINDS
    return KINDS[kind or ("escalate_analysis" if number % 50 == 0 else quick[number % len(quick)])](server)


class Table:
    """A line now and then; at the end the slope of memory over the last half of them."""

    def __init__(self, what: str, count: int, server: Process) -> None:
        self._server, self._every = server, max(1, count // SAMPLES)
        self._samples: list[tuple[int, float]] = []
        print(f"{what:>9} {'MiB':>8} {'files':>6} {'threads':>8} {'children':>9}")

    def look(self, number: int) -> None:
        if number % self._every:
            return
        resident, files, threads, children = self._server.state()
        self._samples.append((number, resident))
        print(f"{number:9} {resident:8.1f} {files:6} {threads:8} {children:9}", flush=True)

    def slope(self) -> float:
        """MiB for a thousand more."""
        half = self._samples[len(self._samples) // 2 :]
        if len(half) < 2:
            raise SystemExit("too few for a slope")
        return statistics.linear_regression(*zip(*half, strict=True)).slope * 1000


def over_stdio(folder: Path, calls: int, kind: str | None) -> None:
    server = Server(folder)
    server.ask("initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo=CLIENT)
    print(f"idle: {server.state()[0]:.1f} MiB")
    server.call("load_evidence", evidence=["shop"])
    table, failures, started = Table("calls", calls, server), 0, time.monotonic()
    table.look(0)
    for number in range(1, calls + 1):
        answer = one(server, number, kind)
        failures += bool(answer.get("isError") or answer.get("error"))
        table.look(number)
    seconds = time.monotonic() - started
    print(f"{calls} calls in {seconds:.0f} s, {failures} failed, last half {table.slope():+.1f} MiB/1,000")
    assert server.process.stdin
    server.process.stdin.close()
    print(f"exit status {server.process.wait(20)}; left behind: {sorted(p.name for p in folder.rglob('*.tmp'))}")


class Http(Process):
    """`dcr serve --http`, for any number of sessions."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
        self._token = secrets.token_urlsafe(32)
        super().__init__(folder, HTTP, "serve", "--http", "--port", str(port), DCR_HTTP_TOKEN=self._token)
        self._url, self._number = f"http://127.0.0.1:{port}/mcp", 0
        self._wait(port)

    def _wait(self, port: int) -> None:
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit("the server did not come up")

    def ask(self, method: str, params: dict, **headers: str) -> tuple[dict, str]:
        """The answer (of a notification: nothing), and the id of the session it opened, if any."""
        self._number += 1
        body = {"jsonrpc": "2.0", "method": method, "params": params}
        if not method.startswith("notifications/"):
            body["id"] = self._number
        with self._sent("POST", json.dumps(body).encode(), headers) as reply:
            text, session = reply.read().decode(), reply.headers.get("mcp-session-id", "")
        told = [json.loads(line.removeprefix("data:")) for line in text.splitlines() if line.startswith(("data:", "{"))]
        return (next(one for one in told if "id" in one) if told else {}), session

    def end(self, session: str) -> None:
        self._sent("DELETE", None, {"mcp-session-id": session}).close()

    def _sent(self, verb: str, body: bytes | None, headers: dict[str, str]) -> addinfourl:
        sent = {
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            "Authorization": f"Bearer {self._token}",
            **headers,
        }
        return urllib.request.urlopen(urllib.request.Request(self._url, body, sent, method=verb), timeout=60)


def session_of_2025(server: Http, *, is_ended: bool) -> list[dict]:
    opening = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": CLIENT}
    _, session = server.ask("initialize", opening)
    headers = {"mcp-session-id": session, "mcp-protocol-version": "2025-11-25"}
    server.ask("notifications/initialized", {}, **headers)
    told = [
        server.ask("tools/list", {}, **headers)[0],
        server.ask("tools/call", {"name": "get_conversation_status", "arguments": {}}, **headers)[0],
    ]
    if is_ended:
        server.end(session)
    return told


def calls_of_2026(server: Http) -> list[dict]:
    name, headers = "get_conversation_status", {"mcp-protocol-version": MODERN}
    listed, _ = server.ask("tools/list", {"_meta": ENVELOPE}, **headers, **{"mcp-method": "tools/list"})
    params = {"name": name, "arguments": {}, "_meta": ENVELOPE}
    called, _ = server.ask("tools/call", params, **headers, **{"mcp-method": "tools/call", "mcp-name": name})
    return [listed, called]


def over_http(folder: Path, sessions: int) -> None:
    """First sessions that their clients end, then calls without a session, then sessions that nobody ends."""
    server = Http(folder)
    phases: dict[str, Callable[[], list[dict]]] = {
        "2025-11-25, ended": lambda: session_of_2025(server, is_ended=True),
        MODERN: lambda: calls_of_2026(server),
        "2025-11-25, not ended": lambda: session_of_2025(server, is_ended=False),
    }
    for name, session in phases.items():
        print(name)
        table, failures, refused, started = Table("sessions", sessions, server), 0, 0, time.monotonic()
        for number in range(sessions + 1):
            try:
                failures += any("error" in one or one["result"].get("isError") for one in session())
            except urllib.error.HTTPError as error:
                refused += error.code == 503
                failures += error.code != 503
            table.look(number)
        seconds = time.monotonic() - started
        print(f"{seconds:.0f} s, {failures} failed, {refused} refused, last half {table.slope():+.1f} MiB/1,000")
    server.process.terminate()
    print(f"exit status {server.process.wait(20)}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("count", nargs="?", type=int, default=1_000)
    parser.add_argument("kind", nargs="?", choices=list(KINDS))
    parser.add_argument("--http", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        generate("lease-expiry", folder / "shop", size_bytes=2_000_000)
        if given.http:
            over_http(folder, given.count)
        else:
            over_stdio(folder, given.count, given.kind)


if __name__ == "__main__":
    main()
