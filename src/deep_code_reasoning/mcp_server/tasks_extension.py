"""The extension io.modelcontextprotocol/tasks (SEP-2663): jobs as tasks, for the clients that declare it.

Such a client gets a task instead of waiting, where a call takes longer than a moment, and asks how it is by tasks/get.
Everybody else is served by the tool get_job over the same jobs. A tool that ran and said that it failed is `completed`,
with the error in its result; `failed` is kept for what is the server's fault.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio.to_thread
from mcp_types import (
    HEADER_MISMATCH,
    INTERNAL_ERROR,
    INVALID_PARAMS,
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    CallToolResult,
    RequestParams,
    TextContent,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import Field

from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.incident import iso
from deep_code_reasoning.mcp_server import pages
from deep_code_reasoning.mcp_server.sdk import MCPError

if TYPE_CHECKING:
    from deep_code_reasoning.conversation.jobs import Job
    from deep_code_reasoning.mcp_server.handlers import Handlers
    from deep_code_reasoning.mcp_server.sdk import Server

EXTENSION = "io.modelcontextprotocol/tasks"
POLL_MILLISECONDS = 1_000
AT_ONCE_SECONDS = 2.0  # a call that is done by then is answered as any other


class TaskParams(RequestParams):
    task_id: str


class UpdateTaskParams(TaskParams):
    input_responses: dict[str, Any] = Field(default_factory=dict)  # of any shape: what was not asked for is ignored


def offer(server: Server[Any], handlers: Handlers) -> None:
    """Advertises the extension and serves its three methods."""
    server.extensions[EXTENSION] = {}
    for method, params, handler in (
        ("tasks/get", TaskParams, _get),
        ("tasks/update", UpdateTaskParams, _update),
        ("tasks/cancel", TaskParams, _cancel),
    ):
        server.add_request_handler(method, params, partial(_gated, handler, handlers))


def is_declared(context: Any) -> bool:
    capabilities = context.session.client_capabilities
    return bool(capabilities and EXTENSION in (capabilities.extensions or {}))


def must_be_declared(context: Any) -> None:
    if not is_declared(context):
        needed = {"extensions": {EXTENSION: {}}}
        message = f"this needs the extension {EXTENSION}, which the client did not declare; get_job is there for all"
        raise MCPError(MISSING_REQUIRED_CLIENT_CAPABILITY, message, {"requiredCapabilities": needed})


def created(job: Job) -> dict[str, Any]:
    """The CreateTaskResult of a call that goes on."""
    return {"resultType": "task", **_task(job)}


async def _gated(handler: Callable[..., Any], handlers: Handlers, context: Any, params: TaskParams) -> dict[str, Any]:
    must_be_declared(context)
    _check_header(context, params.task_id)
    try:
        return await anyio.to_thread.run_sync(handler, handlers, params)
    except UsageError as error:
        raise MCPError(INVALID_PARAMS, str(error)) from None


def _check_header(context: Any, task_id: str) -> None:
    """Over HTTP, what intermediaries route by must be what the body says (SEP-2663, routing headers)."""
    if context.request is None or context.protocol_version not in MODERN_PROTOCOL_VERSIONS:
        return
    named = context.request.headers.get("mcp-name")
    if named != task_id:
        raise MCPError(HEADER_MISMATCH, f"Mcp-Name: {str(named)[:80]!r}; the body asks for {task_id[:80]!r}")


def _get(handlers: Handlers, params: TaskParams) -> dict[str, Any]:
    return detailed(handlers.settled_job(params.task_id))


def _update(handlers: Handlers, params: UpdateTaskParams) -> dict[str, Any]:
    handlers.jobs.respond(params.task_id, params.input_responses)
    handlers.settled_job(params.task_id)
    return {}


def _cancel(handlers: Handlers, params: TaskParams) -> dict[str, Any]:
    handlers.cancel_job(params.task_id)
    return {}


def detailed(job: Job) -> dict[str, Any]:
    """A DetailedTask: the result or the error stand in it once there is one."""
    told = _task(job)
    if job.state == "completed" and job.result is not None:
        told["result"] = _wire(*pages.encoded(job.result))
    elif job.state == "failed" and job.fault == "server":
        told["error"] = {"code": INTERNAL_ERROR, "message": job.error or "failed"}
    elif job.state == "failed":
        told |= {"status": "completed", "result": _wire(job.error or "failed", None)}
    elif job.state == "input_required":
        told["inputRequests"] = job.input_requests
    return told


def _task(job: Job) -> dict[str, Any]:
    from deep_code_reasoning.conversation.jobs import KEPT_SECONDS

    told: dict[str, Any] = {
        "taskId": job.id,
        "status": job.state,
        "createdAt": iso(job.created),
        "lastUpdatedAt": iso(job.updated),
        "ttlMs": round(KEPT_SECONDS * 1000),
        "pollIntervalMs": POLL_MILLISECONDS,
    }
    if job.message:
        told["statusMessage"] = job.message
    return told


def _wire(text: str, structured: dict[str, Any] | None) -> dict[str, Any]:
    result = CallToolResult(
        content=[TextContent(text=text)], structured_content=structured, is_error=structured is None
    )
    return result.model_dump(mode="json", by_alias=True, exclude_none=True)
