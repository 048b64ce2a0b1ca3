"""The protocol server: what it offers, what every request passes on its way, and the life of a stdio connection."""

from __future__ import annotations

import base64
import logging
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
from mcp_types import CallToolRequestParams, Icon

from deep_code_reasoning import __version__
from deep_code_reasoning.errors import DcrError
from deep_code_reasoning.mcp_server import tasks_extension
from deep_code_reasoning.mcp_server.handlers import Handlers
from deep_code_reasoning.mcp_server.sdk import Server, stdio_server

log = logging.getLogger(__name__)

INSTRUCTIONS = (
    "For bugs that are bigger than your context: traces, logs, metrics, deploys and git history of many services. "
    "Search for its tools when you are stuck after several attempts, are handed telemetry, or must know which commit, "
    "service or lock did it. should_escalate tells whether it is worth it; escalate_analysis does it, "
    "continue_conversation asks on. load_evidence and query_evidence read the evidence in SQL. A long call returns "
    "a job_id for get_job; after a timeout get_job lists the jobs. Long results carry next_cursor: pass it as `cursor` "
    "to the same tool. Paths must lie under the working directory or your announced roots."
)


def build_server(handlers: Handlers | None = None, *, state_dir: Path | None = None) -> Server[Any]:
    """With `state_dir`, calls are put on record there, and each client has so many a minute."""
    on = handlers or Handlers()
    server = Server(
        "deep-code-reasoning",
        version=__version__,
        title="Deep Code Reasoning",
        instructions=INSTRUCTIONS,
        icons=[_icon()],
        on_list_tools=on.list_tools,
        on_list_resources=on.list_resources,
        on_list_resource_templates=on.list_resource_templates,
        on_read_resource=on.read_resource,
        on_list_prompts=on.list_prompts,
        on_get_prompt=on.get_prompt,
        on_completion=on.complete,
    )
    server.add_request_handler("tools/call", CallToolRequestParams, on.call_tool)  # may answer with a task
    tasks_extension.offer(server, on)
    if state_dir is not None:
        from deep_code_reasoning.mcp_server.audit import Audit
        from deep_code_reasoning.mcp_server.rate_limit import RateLimit

        guards: list[Any] = [Audit(state_dir), RateLimit()]
        server.middleware.extend(guards)
    return server


def _icon() -> Icon:
    drawn = base64.b64encode((Path(__file__).parent / "icon.svg").read_bytes()).decode("ascii")
    return Icon(src=f"data:image/svg+xml;base64,{drawn}", mime_type="image/svg+xml", sizes=["any"])


def serve() -> int:
    """Serves one client on standard input and output until it leaves. Returns the exit status."""
    status = 0
    try:
        anyio.run(_serve)
    except* (BrokenPipeError, ConnectionResetError):
        pass  # the client left without closing our input: an end like any other
    except* Exception:
        log.exception("the transport failed")
        status = 1
    return status


async def _serve() -> None:
    server = build_server(state_dir=_state_dir())
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


def _state_dir() -> Path | None:
    """None where the settings cannot be read: the server starts all the same, and each call says what is wrong."""
    with suppress(DcrError):
        from deep_code_reasoning.settings import load_settings

        return load_settings().state_dir
    return None
