"""Tools of the suite that last, as jobs: a wait, a failure of each kind, and questions on the way."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import mcp_types as t
from mcp.shared.exceptions import MCPError

from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.mcp_server.job_running import Function, NeedsInput
from deep_code_reasoning.progress import Progress, Work

LONG = (
    "greet", "slow_compute", "failing_job", "protocol_error_job", "confirm_delete", "multi_input",
    "test_tool_with_task",
)  # fmt: skip
NEEDS_TASKS = ("failing_job", "test_tool_with_task")
QUESTIONS = {"confirm_delete": ("confirm",), "multi_input": ("first", "second")}


def said(text: str) -> t.CallToolResult:
    return t.CallToolResult(content=[t.TextContent(text=text)])


def function_of(name: str, arguments: Mapping[str, Any], answers: Mapping[str, Any]) -> Function:
    def run(work: Work, responses: Mapping[str, Any]) -> dict[str, Any]:
        if name in QUESTIONS and not responses:
            raise NeedsInput({key: question(key) for key in QUESTIONS[name]})
        if name in ("slow_compute", "failing_job", "protocol_error_job", "test_tool_with_task"):
            wait(work, float(arguments.get("seconds", 3)))
        if name == "failing_job":
            raise UsageError("this job always fails")
        if name == "protocol_error_job":
            raise MCPError(t.INTERNAL_ERROR, "this job always breaks")
        return {"text": f"{name} done: {dict(arguments)} {answers} {responses}"}

    return run


def wait(work: Work, seconds: float) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        work.report(Progress("compute", seconds - left, seconds, "s"))
        time.sleep(min(left, 0.05))


def question(key: str) -> t.ElicitRequest:
    schema = {"type": "object", "properties": {"confirm": {"type": "boolean"}}, "required": ["confirm"]}
    return t.ElicitRequest(params=t.ElicitRequestFormParams(message=f"{key}?", requested_schema=schema))
