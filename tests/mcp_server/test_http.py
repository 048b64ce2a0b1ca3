"""The HTTP transport: a real client over loopback, and what must not get in."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from conversation.telemetry import write_traces
from deep_code_reasoning.errors import SettingsError, UsageError
from deep_code_reasoning.mcp_server import access_token
from deep_code_reasoning.mcp_server.http_transport import Address
from mcp_server.driver import ERAS, environment

CLOSED = 0
DISCOVER = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
}


class Served:
    def __init__(self, port: int, state: Path) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}/mcp"
        self.token = (state / access_token.FILE_NAME).read_text("ascii").strip()

    def post(self, body: Any = None, **headers: str) -> int:
        """The status of a request by hand."""
        sent = {
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            "Authorization": f"Bearer {self.token}",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        request = urllib.request.Request(self.url, json.dumps(body or DISCOVER).encode(), sent)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except urllib.error.URLError:
            return CLOSED  # while we were still sending

    def drive(self, conversation: Any, era: str) -> Any:
        async def session() -> Any:
            headers = {"Authorization": f"Bearer {self.token}"}
            with anyio.fail_after(60):
                async with httpx2.AsyncClient(headers=headers, timeout=30) as http:
                    transport = streamable_http_client(self.url, http_client=http)
                    async with Client(transport, mode=era) as client:
                        return await conversation(client)

        return anyio.run(session)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """`dcr serve --http` as its user starts it."""
    folder = tmp_path_factory.mktemp("http") / "work"
    folder.mkdir()
    write_traces(folder / "traces.json", ["cart"])
    port, state = free_port(), folder.parent / "state"
    command = [sys.executable, "-m", "deep_code_reasoning.cli", "serve", "--http", "--port", str(port)]
    process = subprocess.Popen(command, cwd=folder, env=environment(state), stderr=subprocess.PIPE)
    try:
        wait_for(port, process)
        yield Served(port, state)
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=20)
    assert f"serving http://127.0.0.1:{port}/mcp".encode() in said
    assert process.returncode in (0, -signal.SIGTERM)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(port: int, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError(f"the server did not come up: {process.poll()}")


@pytest.mark.parametrize("era", ERAS)
def test_a_client_loads_and_reads(served: Served, era: str) -> None:
    async def conversation(client: Client) -> Any:
        loaded = await client.call_tool("load_evidence", {"evidence": ["traces.json"]})
        assert not loaded.is_error, loaded.content
        return (await client.call_tool("query_evidence", {"sql": "SELECT count(*) AS n FROM spans"})).structured_content

    assert served.drive(conversation, era)["rows"] == [[2]]


def test_several_clients_at_once(served: Served) -> None:
    async def conversation(client: Client) -> Any:
        async with anyio.create_task_group() as group:
            for _ in range(8):
                group.start_soon(client.list_tools)
        return len((await client.list_tools()).tools)

    assert served.drive(conversation, "2026-07-28") >= 4


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer wrong", "Basic dXNlcjpwYXNz"])
def test_without_the_token_nothing_is_served(served: Served, authorization: str) -> None:
    assert served.post(Authorization=authorization) == 401


def test_with_it_the_handshake_is(served: Served) -> None:
    assert served.post() == 200


def test_a_page_in_a_browser_cannot_reach_it(served: Served) -> None:
    assert served.post(Origin="https://evil.example") == 403
    assert served.post(Host=f"evil.example:{served.port}") == 421
    assert served.post(Origin=f"http://localhost:{served.port}") == 200


def test_a_body_that_is_too_large(served: Served) -> None:
    assert served.post({**DISCOVER, "padding": "x" * 9_000_000}) in (413, CLOSED)
    assert served.post() == 200, "and the server goes on"


def test_the_token_is_the_owners(tmp_path: Path) -> None:
    token = access_token.token_of(tmp_path)
    file = tmp_path / access_token.FILE_NAME
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert access_token.token_of(tmp_path) == token
    assert access_token.matches(f"Bearer {token}", token)
    assert not access_token.matches(f"Bearer {token}x", token)
    assert not access_token.matches(None, token)
    file.chmod(0o644)
    with pytest.raises(SettingsError, match="mode 0644 lets others read"):
        access_token.token_of(tmp_path)


def test_a_token_file_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("known-to-somebody-else\n")
    os.chmod(tmp_path / "theirs", 0o600)
    (tmp_path / access_token.FILE_NAME).symlink_to(tmp_path / "theirs")
    with pytest.raises(OSError):
        access_token.token_of(tmp_path)


def test_a_short_token_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="at least 16"):
        access_token.token_of(tmp_path, "secret")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (Address("0.0.0.0"), "--allow-host"),
        (Address("::"), "--allow-host"),
        (Address("0.0.0.0", names=("dcr.internal",)), "--tls-certificate"),
    ],
)
def test_another_address_needs_a_name_and_tls(address: Address, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        address.check()


def test_loopback_needs_neither() -> None:
    for host in ("127.0.0.1", "localhost", "::1"):
        Address(host).check()
