"""A server for a team: TLS of its own on every interface, and loopback behind something that ends TLS."""

from __future__ import annotations

import datetime
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx2
import mcp_types as types
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from conversation.telemetry import write_traces
from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.mcp_server import access_token
from deep_code_reasoning.mcp_server.http_transport import Address
from mcp_server.driver import ERAS, environment, error_line
from mcp_server.test_http import DISCOVER, free_port, wait_for

PEM, TEAM = serialization.Encoding.PEM, "dcr.internal.example"


@dataclass(frozen=True)
class Certificate:
    chain: Path
    key: Path
    locked: Path

    @property
    def trusted(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.chain))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Of localhost, signed by itself; its key also behind a password."""
    folder, key = tmp_path_factory.mktemp("tls"), ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([]), datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=True)
        .sign(key, hashes.SHA256())
    )
    kept = Certificate(folder / "chain.pem", folder / "key.pem", folder / "locked.pem")
    kept.chain.write_bytes(signed.public_bytes(PEM))
    form, password = serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"secret")
    kept.key.write_bytes(key.private_bytes(PEM, form, serialization.NoEncryption()))
    kept.locked.write_bytes(key.private_bytes(PEM, form, password))
    return kept


@dataclass(frozen=True)
class Reached:
    """A server at `url`, and what a client must trust."""

    url: str
    token: str
    trusted: ssl.SSLContext
    host: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} | ({"Host": self.host} if self.host else {})

    def post(self, **headers: str) -> int:
        accepted = {"Accept": "application/json, text/event-stream"}
        sent = {**self.headers, **accepted, **headers}
        return httpx2.post(self.url, json=DISCOVER, headers=sent, verify=self.trusted, timeout=20).status_code

    def call(self, era: str, tool: str, arguments: dict[str, Any], root: Path) -> types.CallToolResult:
        async def announced(_context: Any) -> types.ListRootsResult:
            return types.ListRootsResult(roots=[types.Root(uri=root.as_uri())])

        async def session() -> types.CallToolResult:
            with anyio.fail_after(60):
                async with httpx2.AsyncClient(headers=self.headers, verify=self.trusted, timeout=30) as http:
                    transport = streamable_http_client(self.url, http_client=http)
                    async with Client(transport, mode=era, list_roots_callback=announced) as client:
                        return await client.call_tool(tool, arguments)

        return anyio.run(session)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The operator's root `work`, and `elsewhere`, which a client would like to add."""
    base = tmp_path_factory.mktemp("team")
    for name in ("work", "elsewhere"):
        (base / name).mkdir()
        write_traces(base / name / "traces.json", ["cart"])
    return base


def started(folder: Path, state: str, *options: str) -> Iterator[tuple[int, str]]:
    """Its port and its token."""
    port = free_port()
    command = [sys.executable, "-m", "deep_code_reasoning.cli", "serve", "--http", "--port", str(port), *options]
    ours = environment(folder / state)
    process = subprocess.Popen(command, cwd=folder / "work", env=ours, stderr=subprocess.DEVNULL)
    try:
        wait_for(port, process)
        yield port, (folder / state / access_token.FILE_NAME).read_text("ascii").strip()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)


@pytest.fixture(scope="module")
def direct(folder: Path, certificate: Certificate) -> Iterator[Reached]:
    """The server with the options that docs/http-server.md gives."""
    files = ("--tls-certificate", str(certificate.chain), "--tls-key", str(certificate.key))
    options = ("--host", "0.0.0.0", "--allow-host", "localhost", "--root", str(folder / "work"), *files)
    for port, token in started(folder, "direct", *options):
        yield Reached(f"https://localhost:{port}/mcp", token, certificate.trusted)


@pytest.fixture(scope="module")
def behind(folder: Path, certificate: Certificate) -> Iterator[Reached]:
    """On loopback, behind a proxy that ends TLS and hands on the Host that its clients send."""
    for port, token in started(folder, "behind", "--allow-host", TEAM):
        listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=proxied, args=(listener, certificate, port), daemon=True).start()
        with closing(listener):
            url = f"https://localhost:{listener.getsockname()[1]}/mcp"
            yield Reached(url, token, certificate.trusted, TEAM)
            listener.shutdown(socket.SHUT_RDWR)


def proxied(listener: socket.socket, certificate: Certificate, port: int) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.chain, certificate.key)
    with suppress(OSError):
        while True:
            plain, _ = listener.accept()
            threading.Thread(target=relayed, args=(context, plain, port), daemon=True).start()


def relayed(context: ssl.SSLContext, plain: socket.socket, port: int) -> None:
    with (
        suppress(OSError),
        context.wrap_socket(plain, server_side=True) as client,
        socket.create_connection(("127.0.0.1", port)) as server,
    ):
        back = threading.Thread(target=copied, args=(server, client), daemon=True)
        back.start()
        copied(client, server)
        back.join()


def copied(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65_536):
            target.sendall(piece)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("way", ["direct", "behind"])
def test_a_client_reads(way: str, era: str, folder: Path, request: pytest.FixtureRequest) -> None:
    reached = request.getfixturevalue(way)
    loaded = reached.call(era, "load_evidence", {"evidence": [str(folder / "work" / "traces.json")]}, folder / "work")
    assert not loaded.is_error, loaded.content
    assert loaded.structured_content["rows"]["spans"] == 2


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("way", ["direct", "behind"])
def test_a_client_from_elsewhere_adds_no_roots(
    way: str, era: str, folder: Path, request: pytest.FixtureRequest
) -> None:
    reached, elsewhere = request.getfixturevalue(way), folder / "elsewhere"
    refused = reached.call(era, "load_evidence", {"evidence": [str(elsewhere / "traces.json")]}, elsewhere)
    assert "outside the allowed roots" in error_line(refused)


def test_nothing_is_served_in_the_clear(direct: Reached) -> None:
    with pytest.raises(httpx2.TransportError):
        httpx2.post(direct.url.replace("https", "http"), json=DISCOVER, headers=direct.headers, timeout=20)


def test_host_and_origin_are_those_of_the_server(direct: Reached) -> None:
    assert direct.post() == 200
    assert direct.post(Authorization="") == 401
    assert direct.post(Host="127.0.0.1") == 421, "a name that was not allowed"
    assert direct.post(Origin="https://localhost") == 200
    assert direct.post(Origin="http://localhost") == 403, "a page that came in the clear"
    assert direct.post(Origin="https://evil.example") == 403


def test_behind_a_proxy_host_and_origin_are_those_of_the_team(behind: Reached) -> None:
    assert behind.post() == 200
    assert behind.post(Host=f"{TEAM}:443") == 200
    assert behind.post(Host="127.0.0.1:8137") == 200, "a proxy that writes the address it asks"
    assert behind.post(Host="evil.example") == 421
    assert behind.post(Origin=f"https://{TEAM}") == 200
    assert behind.post(Origin="https://evil.example") == 403
    assert behind.post(Authorization="") == 401


def test_files_that_make_no_certificate_are_named(certificate: Certificate, tmp_path: Path) -> None:
    chain, key, locked, gone = (*map(str, (certificate.chain, certificate.key, certificate.locked)), "gone.pem")
    wrong = [
        ((gone, key), "gone.pem: No such file"),
        ((chain, gone), "gone.pem: No such file"),
        ((chain, None), "--tls-key"),
        ((None, key), "--tls-key without --tls-certificate"),
        ((key, chain), "no certificate with its key"),
        ((chain, locked), "locked.pem: the key has a password"),
    ]
    for (first, second), said in wrong:
        with pytest.raises(UsageError, match=said):
            Address(certificate=first, key=second).check()
    Address(certificate=chain, key=key).check()
