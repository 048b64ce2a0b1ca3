"""The protocol server: what it lists, how a call reaches its tool, and how an error becomes one line for the caller."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

import anyio
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    InputRequiredResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
)

from deep_code_reasoning import __version__
from deep_code_reasoning.errors import DcrError
from deep_code_reasoning.mcp_server import calls, catalogue, pages, roots
from deep_code_reasoning.mcp_server.sdk import MCPError, Server, stdio_server
from deep_code_reasoning.mcp_server.wording import one_line

log = logging.getLogger(__name__)

INSTRUCTIONS = (
    "For bugs that are bigger than your context: traces, logs, metrics, deploys and git history of many services. "
    "Stuck after several attempts? should_escalate tells whether it is worth it; escalate_analysis does it. "
    "load_evidence and query_evidence read the evidence in SQL. Long results carry next_cursor: pass it as `cursor` to "
    "the same tool. Paths must lie under the working directory or your announced roots."
)


def build_server() -> Server[Any]:
    return Server(
        "deep-code-reasoning",
        version=__version__,
        title="Deep Code Reasoning",
        instructions=INSTRUCTIONS,
        on_list_tools=_list_tools,
        on_call_tool=_call_tool,
    )


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
    server = build_server()
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


async def _list_tools(context: Any, _params: PaginatedRequestParams | None) -> ListToolsResult:
    return ListToolsResult(tools=list(catalogue.tools().values()))


async def _call_tool(context: Any, params: CallToolRequestParams) -> CallToolResult | InputRequiredResult:
    if params.name not in catalogue.tools():
        known = ", ".join(catalogue.tools())
        raise MCPError(code=INVALID_PARAMS, message=f"unknown tool {params.name[:80]!r}; there are {known}")
    arguments = params.arguments or {}
    try:
        from deep_code_reasoning.settings import load_settings

        settings = load_settings()
        if cursor := arguments.get("cursor"):
            return _result(await calls.run_blocking(partial(pages.page_at, settings, cursor), context.session))
        tool = catalogue.implementation(params.name)
        allowed = await roots.allowed(settings, tool.paths(arguments), context.session, params.input_responses)
        if isinstance(allowed, InputRequiredResult):
            return allowed
        return _result(await calls.run_blocking(partial(calls.answer, tool, arguments, allowed), context.session))
    except DcrError as error:
        return _failure(one_line(error, arguments))
    except Exception as error:
        log.exception("%s failed", params.name)
        return _failure(f"{params.name}: internal error ({type(error).__name__}); the server's log has the details")


def _result(page: dict[str, Any]) -> CallToolResult:
    text, structured = pages.encoded(page)
    return CallToolResult(content=[TextContent(text=text)], structured_content=structured)


def _failure(message: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(text=message)], is_error=True)
