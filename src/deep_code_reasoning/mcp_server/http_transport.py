"""Streamable HTTP: the same server for several clients at once, each with the roots that it announces.

Loopback is the default, and there a page in a browser must not reach it: Host and Origin are checked (DNS rebinding),
and a bearer token is asked for. Another address is served only with the host names that clients will use, and behind
TLS; the roots are then the operator's alone, since a remote client has no say in what is on this machine. The same
holds for loopback under another name, which is what a proxy in front needs.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.mcp_server import access_token, calls, job_running
from deep_code_reasoning.mcp_server.handlers import Handlers
from deep_code_reasoning.mcp_server.server import build_server
from deep_code_reasoning.settings import Settings, load_settings

if TYPE_CHECKING:
    import uvicorn
    from mcp.server.lowlevel.server import Server
    from mcp.server.transport_security import TransportSecuritySettings

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]]

PATH = "/mcp"
LARGEST_BODY = 8 * 1024 * 1024  # bytes; what is larger is evidence, and belongs in a file
IDLE_SECONDS = 1_800.0
MOST_SESSIONS = 1_000  # of about 20 KiB; those that no client ends last for IDLE_SECONDS
SHUTDOWN_SECONDS = 3
_LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Address:
    """`names`: the host names that clients may use, beside the loopback ones where `host` is loopback."""

    host: str = "127.0.0.1"
    port: int = 8137
    names: tuple[str, ...] = ()
    certificate: str | None = None
    key: str | None = None

    @property
    def is_loopback(self) -> bool:
        return self.host == "localhost" or _is_loopback(self.host)

    @property
    def is_for_others(self) -> bool:
        """Clients may run on other machines: they come to this address, or to a proxy that hands on a name of its."""
        return not self.is_loopback or bool(self.names)

    @property
    def url(self) -> str:
        scheme = "https" if self.certificate else "http"
        name = self.names[0] if self.names else f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{name}:{self.port}{PATH}"

    def check(self) -> None:
        """Raises UsageError for an address that would hand the server to whoever finds it."""
        if not self.is_loopback and not self.names:
            raise UsageError(
                f"--host {self.host}: not loopback; name the host that clients will use with --allow-host NAME"
            )
        if not self.is_loopback and not self.certificate:
            raise UsageError(
                f"--host {self.host}: not loopback, so the token would travel in the clear; give --tls-certificate and "
                "--tls-key, or serve loopback behind a proxy that ends TLS"
            )
        if self.key and not self.certificate:
            raise UsageError("--tls-key without --tls-certificate")
        if self.certificate:
            _check_tls(self.certificate, self.key)


def application(server: Server[Any], address: Address, token: str | None) -> App:
    """The ASGI application; without a token anybody who reaches the port is served (for tests of conformance)."""
    app = server.streamable_http_app(
        streamable_http_path=PATH,
        max_request_body_size=LARGEST_BODY,
        session_idle_timeout=IDLE_SECONDS,
        max_sessions=MOST_SESSIONS,
        transport_security=_security(address),
        host=address.host,
    )
    return _guarded(app, token) if token else app


def serve_http(address: Address, roots: Sequence[Path], said: Callable[[str], None]) -> int:
    """Serves until it is told to stop (SIGINT, SIGTERM). `roots` are added to those of the settings.

    `said` is told, line by line, where the server is and where its token lies. Raises UsageError, SettingsError.
    """
    address.check()
    settings = load_settings()
    token = access_token.token_of(settings.state_dir, settings.http_token)

    def in_force() -> Settings:
        fresh = load_settings()
        return replace(fresh, allowed_roots=(*fresh.allowed_roots, *roots))

    handlers = Handlers(in_force, trust_client_roots=not address.is_for_others)
    app = application(build_server(handlers, state_dir=settings.state_dir), address, token)
    said(f"serving {address.url}")
    if settings.http_token:
        said("clients send the token of DCR_HTTP_TOKEN: Authorization: Bearer ...")
    else:
        said(f"clients send `Authorization: Bearer` and the token of {settings.state_dir / access_token.FILE_NAME}")
    web_server(app, address).run()
    job_running.stop_all(SHUTDOWN_SECONDS)
    calls.wait_until_idle(SHUTDOWN_SECONDS)
    return 0


def web_server(app: App, address: Address) -> uvicorn.Server:
    import uvicorn

    config = uvicorn.Config(
        app,
        host=address.host,
        port=address.port,
        ssl_certfile=address.certificate,
        ssl_keyfile=address.key,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # they would be believed from loopback, where every client is
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    return uvicorn.Server(config)


def _security(address: Address) -> TransportSecuritySettings:
    from mcp.server.transport_security import TransportSecuritySettings

    names: Sequence[str] = (*address.names, *(_LOOPBACK_NAMES if address.is_loopback else ()))
    hosts = [form for name in names for form in (name, f"{name}:*")]
    schemes = ("https",) if address.certificate else ("http", "https")
    origins = [f"{scheme}://{host}" for scheme in schemes for host in hosts]
    return TransportSecuritySettings(enable_dns_rebinding_protection=True, allowed_hosts=hosts, allowed_origins=origins)


def _guarded(app: App, token: str) -> App:
    async def checked(scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        header = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"), None)
        if access_token.matches(header, token):
            await app(scope, receive, send)
            return
        log.warning("refused a request without the token, from %s", (scope.get("client") or ("?",))[0])
        challenge = [(b"www-authenticate", b'Bearer realm="deep-code-reasoning"'), (b"content-type", b"text/plain")]
        await send({"type": "http.response.start", "status": 401, "headers": challenge})
        await send({"type": "http.response.body", "body": b"a bearer token is needed: dcr serve --http tells where\n"})

    return checked


def _check_tls(certificate: str, key: str | None) -> None:
    """Raises UsageError here, where uvicorn has a traceback, or asks the terminal for a password."""
    import ssl

    def password() -> str:
        raise UsageError(f"{key or certificate}: the key has a password, which nobody could type in; give one without")

    for file in filter(None, (certificate, key)):
        try:
            Path(file).open("rb").close()
        except OSError as error:
            raise UsageError(f"{file}: {error.strerror}") from None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password)
    except ssl.SSLError as error:
        raise UsageError(
            f"--tls-certificate {certificate}, --tls-key {key}: no certificate with its key in PEM ({error.reason})"
        ) from None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
