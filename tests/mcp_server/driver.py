"""The server as a process, driven by the SDK's own client over stdio, or by hand."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import anyio
import mcp_types as types
from mcp import Client, StdioServerParameters

SOURCES = Path(__file__).parents[2] / "src"
COMMAND = [sys.executable, "-m", "deep_code_reasoning.mcp_server"]
ERAS = ("legacy", "2026-07-28")


def environment(state: Path, **more: str) -> dict[str, str]:
    """No provider key: what is tested is the server as it starts for everybody, with its bytecode compiled."""
    without = ("GEMINI_API_KEY", "GOOGLE_API_KEY", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if name not in without and not name.startswith("DCR_")}
    bytecode = str(Path(tempfile.gettempdir()) / "dcr-bytecode")
    return {
        **kept,
        "PYTHONPATH": str(SOURCES),
        "PYTHONPYCACHEPREFIX": bytecode,
        "DCR_STATE_DIR": str(state),
        **more,
    }


def drive(
    folder: Path,
    conversation: Callable[[Client], Awaitable[Any]],
    *,
    era: str = "2026-07-28",
    roots: Sequence[Path | str] | None = None,
    elicitation: Callable[..., Awaitable[types.ElicitResult]] | None = None,
    sampling: Callable[..., Awaitable[types.CreateMessageResult | types.ErrorData]] | None = None,
    **settings: str,
) -> Any:
    """Starts the server in `folder`, connects in the era given and returns what `conversation` returns.

    `legacy` is the initialize handshake (2025-11-25); `roots` are what the client announces (folders, or URIs), None:
    it cannot.
    """

    async def announced(_context: Any) -> types.ListRootsResult:
        uris = [root if isinstance(root, str) else root.as_uri() for root in roots or ()]
        return types.ListRootsResult(roots=[types.Root.model_validate({"uri": uri}) for uri in uris])

    async def session() -> Any:
        parameters = StdioServerParameters(
            command=COMMAND[0], args=COMMAND[1:], cwd=folder, env=environment(folder.parent / "state", **settings)
        )
        with anyio.fail_after(120):
            async with Client(
                parameters,
                mode=era,
                list_roots_callback=announced if roots is not None else None,
                elicitation_callback=elicitation,
                sampling_callback=sampling,
            ) as client:
                return await conversation(client)

    return anyio.run(session)


def python(code: str, folder: Path) -> str:
    """What a fresh interpreter prints."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, env=environment(folder), check=True).stdout.strip()


def call(folder: Path, tool: str, arguments: dict[str, Any], **how: Any) -> types.CallToolResult:
    return drive(folder, lambda client: client.call_tool(tool, arguments), **how)


def error_line(result: types.CallToolResult) -> str:
    """The one line of a tool's error."""
    assert result.is_error
    (content,) = result.content
    assert isinstance(content, types.TextContent)
    assert "\n" not in content.text
    return content.text


class ByHand:
    """Newline-delimited JSON-RPC, as any client could write it; every line of standard output must be a message."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.process = subprocess.Popen(
            COMMAND,
            cwd=folder,
            env=environment(folder.parent / "state", **settings),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def send(self, **message: Any) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        self.process.stdin.flush()

    def answer(self, request: int) -> dict[str, Any]:
        assert self.process.stdout
        for line in self.process.stdout:
            message = json.loads(line)
            assert message["jsonrpc"] == "2.0"
            if message.get("id") == request:
                return message
        raise AssertionError(f"no answer to {request}: {self.process.stderr and self.process.stderr.read().decode()}")

    def call(self, request: int, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """The result of a tool call."""
        self.send(id=request, method="tools/call", params={"name": tool, "arguments": arguments})
        return self.answer(request)["result"]

    def shake_hands(self, version: str) -> dict[str, Any]:
        client = {"name": "by hand", "version": "1"}
        parameters = {"protocolVersion": version, "capabilities": {}, "clientInfo": client}
        self.send(id=1, method="initialize", params=parameters)
        result = self.answer(1)["result"]
        self.send(method="notifications/initialized")
        return result

    def leave(self, seconds: float = 10) -> int:
        """Closes the server's input; its exit status. Raises TimeoutExpired where it stays."""
        assert self.process.stdin
        self.process.stdin.close()
        return self.process.wait(seconds)
