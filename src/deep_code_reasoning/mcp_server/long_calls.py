"""A call that may last: waited for, handed over as a job or a task, and its questions put to the client.

Which way a client is asked follows from the protocol in force: a task says what it waits for; on 2026-07-28 the call is
answered with an input request and comes again with the answer; before, the client is asked while the call is open.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
from mcp_types import ElicitRequest, ElicitRequestFormParams, ElicitResult, InputRequiredResult

from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.mcp_server import job_running, tasks_extension
from deep_code_reasoning.mcp_server.calls import report_progress
from deep_code_reasoning.mcp_server.job_running import Function

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from deep_code_reasoning.conversation.jobs import Job, Jobs
    from deep_code_reasoning.mcp_server.sampling import Sampling


async def carried_out(
    context: Any,
    params: Any,
    jobs: Jobs,
    roots: tuple[str, ...],
    function: Function,
    function_of: Callable[[Job], Function],
    patience: float,
    sampling: Sampling | None = None,
) -> Job | InputRequiredResult:
    """The job of a call: ended, handed over after `patience` seconds (still working, or waiting for input as a task),
    or the question to the client that must come first. While the client's own model
    is asked, the call is kept open."""
    as_task = tasks_extension.is_declared(context)
    if params.request_state:
        job = await _answered(jobs, params.request_state, _plain(params.input_responses or {}), function_of)
    else:
        job = job_running.start(jobs, params.name, params.arguments or {}, roots, function).job
        function_of = partial(_the_same, function)
    deadline = time.monotonic() + patience
    while True:
        job = await _waited(context.session, jobs, job, deadline - time.monotonic())
        if job.state == "working" and sampling and sampling.is_asking:
            deadline = time.monotonic() + patience
            continue
        if job.state != "input_required" or as_task:
            return job
        _must_be_able(context, job)
        if not context.session.can_send_request:
            return InputRequiredResult.model_validate({"inputRequests": job.input_requests, "requestState": job.id})
        job = await _answered(jobs, job.id, await _asked(context, job.input_requests), function_of)
        deadline = time.monotonic() + patience


async def _waited(session: Any, jobs: Jobs, job: Job, seconds: float) -> Job:
    """Tells progress meanwhile. When the client takes the call back, the job is cancelled."""
    here = job_running.running_here(job.id)
    outcome: list[Job] = []
    async with anyio.create_task_group() as group:
        if here is not None:
            group.start_soon(report_progress, here.stages, session)
        try:
            outcome.append(
                await anyio.to_thread.run_sync(job_running.waited, jobs, job, seconds, abandon_on_cancel=True)
            )
        except anyio.get_cancelled_exc_class():
            if here is not None:
                here.cancel()
            raise
        group.cancel_scope.cancel()
    return outcome[0]


async def _answered(
    jobs: Jobs, job_id: str, responses: Mapping[str, Any], function_of: Callable[[Job], Function]
) -> Job:
    def answered() -> Job:
        return job_running.settled(jobs, jobs.respond(job_id, responses), function_of)

    return await anyio.to_thread.run_sync(answered)


def _the_same(function: Function, _job: Job) -> Function:
    return function


async def _asked(context: Any, requests: Mapping[str, Any]) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for key, request in requests.items():
        asked = ElicitRequest.model_validate(request)
        if not isinstance(asked.params, ElicitRequestFormParams):
            raise UsageError(f"{key}: only forms are asked for while a call is open")
        answer: ElicitResult = await context.session.elicit_form(
            asked.params.message, asked.params.requested_schema, context.request_id
        )
        answers[key] = answer.model_dump(mode="json", by_alias=True, exclude_none=True)
    return answers


def _must_be_able(context: Any, job: Job) -> None:
    capabilities = context.session.client_capabilities
    if capabilities is None or capabilities.elicitation is None:
        said = "; ".join(str(request["params"].get("message", key)) for key, request in job.input_requests.items())
        raise UsageError(f"{said} (the client cannot ask its user: say so in the call)")


def _plain(responses: Mapping[str, Any]) -> dict[str, Any]:
    return {key: one.model_dump(mode="json", by_alias=True, exclude_none=True) for key, one in responses.items()}
