"""`dcr serve`: the MCP server, for one client on standard input and output or for several over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def serve(
    http: Annotated[bool, typer.Option("--http", help="Serve several clients over streamable HTTP.")] = False,
    host: Annotated[str, typer.Option(help="Address to listen on; loopback unless others are to be served.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port to listen on.")] = 8137,
    root: Annotated[list[Path] | None, typer.Option(help="A folder that clients may read; once for each.")] = None,
    allow_host: Annotated[list[str] | None, typer.Option(help="A host name that clients use; once for each.")] = None,
    tls_certificate: Annotated[Path | None, typer.Option(help="PEM file of the certificate chain.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM file of the certificate's key.")] = None,
) -> int:
    """Serve MCP on standard input and output (the same as deep-code-reasoning-mcp), or with --http over HTTP."""
    if not http:
        from deep_code_reasoning.mcp_server import main

        main()
        return 0
    from deep_code_reasoning.mcp_server.http_transport import Address, serve_http

    address = Address(
        host,
        port,
        tuple(allow_host or ()),
        str(tls_certificate) if tls_certificate else None,
        str(tls_key) if tls_key else None,
    )
    return serve_http(address, tuple(root or ()), lambda line: typer.echo(line, err=True))
