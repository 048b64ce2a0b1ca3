"""How a request reaches its tool, resource or prompt, and how an error becomes one line for the caller."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio.to_thread
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    CompleteRequestParams,
    CompleteResult,
    Completion,
    GetPromptRequestParams,
    GetPromptResult,
    InputRequiredResult,
    ListPromptsResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    ResourceTemplateReference,
    TextContent,
)

from deep_code_reasoning.errors import DcrError, EvidenceError, MissingEvidenceError
from deep_code_reasoning.mcp_server import (
    calls,
    catalogue,
    pages,
    roots,
    tasks_extension,
)
from deep_code_reasoning.mcp_server.sampling import Sampling
from deep_code_reasoning.mcp_server.sdk import MCPError
from deep_code_reasoning.mcp_server.wording import one_line
from deep_code_reasoning.specialists.providers.client_model import NO_CLIENT, ClientModel

if TYPE_CHECKING:
    from mcp.server.context import HandlerResult

    from deep_code_reasoning.conversation.jobs import Job, Jobs
    from deep_code_reasoning.mcp_server.job_running import Function
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.settings import Settings

log = logging.getLogger(__name__)

GET_JOB = "get_job"
CANCEL_SECONDS = 2.0  # to leave things in order before the answer to a cancellation


def _settings_in_force() -> Settings:
    from deep_code_reasoning.settings import load_settings

    return load_settings()


@dataclass(frozen=True)
class Handlers:
    """`settings` are read anew for every call, so that a changed file or key holds from the next one.

    `trust_client_roots`: the roots that a client announces widen what it may name. True where the client runs on this
    machine for its user; False for a server that others reach over a network.
    """

    settings: Callable[[], Settings] = field(default=_settings_in_force)
    trust_client_roots: bool = True
    at_once_seconds: float = tasks_extension.AT_ONCE_SECONDS  # of waiting before a call becomes a task

    async def list_tools(self, _context: Any, _params: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=list(catalogue.tools().values()))

    async def call_tool(self, context: Any, params: CallToolRequestParams) -> HandlerResult:
        if params.name not in catalogue.tools():
            known = ", ".join(catalogue.tools())
            raise MCPError(code=INVALID_PARAMS, message=f"unknown tool {params.name[:80]!r}; there are {known}")
        arguments = params.arguments or {}
        try:
            settings = self.settings()
            if cursor := arguments.get("cursor"):
                return _result(await calls.run_blocking(partial(pages.page_at, settings, cursor), context.session))
            tool = catalogue.implementation(params.name)
            allowed = await self._allowed(settings, tool.paths(arguments), context, params)
            if isinstance(allowed, InputRequiredResult):
                return allowed
            if params.name == GET_JOB:
                return await self._get_job(arguments)
            if not getattr(tool, "LASTS", False):
                call = partial(calls.answer, tool, arguments, allowed)
                return _result(await calls.run_blocking(call, context.session))
            roots_then = tuple(map(str, allowed.allowed_roots))
            with Sampling(context) as sampling:
                can_ask = _can_ask(context)
                function = self._function(params.name, arguments, allowed, can_ask=can_ask, client=sampling.model)
                return await self.long_call(context, params, roots_then, function, sampling)
        except DcrError as error:
            return _failure(one_line(error, arguments))
        except Exception as error:
            if isinstance(error, MCPError):
                raise
            log.exception("%s failed", params.name)
            return _failure(f"{params.name}: internal error ({type(error).__name__}); the server's log has the details")

    async def long_call(
        self,
        context: Any,
        params: CallToolRequestParams,
        roots_then: tuple[str, ...],
        function: Function,
        sampling: Sampling | None = None,
    ) -> HandlerResult:
        """The result of a call that may last; a task or a job's id where it lasts longer than the client waits."""
        from deep_code_reasoning.mcp_server import long_calls

        as_task = tasks_extension.is_declared(context)
        patience = self.at_once_seconds if as_task else self.settings().call_patience_seconds
        outcome = await long_calls.carried_out(
            context, params, self.jobs, roots_then, function, self.function_of, patience, sampling
        )
        if isinstance(outcome, InputRequiredResult):
            return outcome
        if not outcome.has_ended and as_task:
            return tasks_extension.created(outcome)
        return _told(outcome)

    async def _get_job(self, arguments: Mapping[str, Any]) -> CallToolResult:
        from deep_code_reasoning.mcp_server import job_running
        from deep_code_reasoning.mcp_server.tools import get_job

        request = get_job.request_of(arguments)
        jobs = self.jobs
        if request.job_id is None:
            return _result(get_job.listed(jobs))
        if request.cancel:
            return _told(await anyio.to_thread.run_sync(self.cancel_job, request.job_id))
        job = await anyio.to_thread.run_sync(self.settled_job, request.job_id)
        wait = partial(job_running.waited, jobs, job, request.wait_seconds)
        return _told(await anyio.to_thread.run_sync(wait, abandon_on_cancel=True))

    async def _allowed(
        self, settings: Settings, paths: list[str], context: Any, params: CallToolRequestParams
    ) -> Settings | InputRequiredResult:
        if not self.trust_client_roots:
            return settings
        return await roots.allowed(settings, paths, context.session, params.input_responses)

    @property
    def jobs(self) -> Jobs:
        from deep_code_reasoning.conversation.jobs import Jobs

        return Jobs(self.settings().state_dir)

    def settled_job(self, job_id: str) -> Job:
        from deep_code_reasoning.mcp_server import job_running

        jobs = self.jobs
        return job_running.settled(jobs, jobs.find(job_id), self.function_of)

    def cancel_job(self, job_id: str) -> Job:
        from deep_code_reasoning.mcp_server import job_running

        jobs = self.jobs
        job = jobs.cancel(job_id)
        if here := job_running.running_here(job_id):
            here.cancel()
            here.done.wait(CANCEL_SECONDS)
        return job_running.settled(jobs, jobs.find(job.id), self.function_of)

    def function_of(self, job: Job) -> Function:
        """What carries out a job of another process, with the roots that it had."""
        allowed = replace(self.settings(), allowed_roots=tuple(map(Path, job.roots)))
        return self._function(job.tool, job.arguments, allowed, can_ask=bool(job.input_responses))

    def _function(
        self,
        name: str,
        arguments: Mapping[str, Any],
        allowed: Settings,
        *,
        can_ask: bool,
        client: ClientModel = NO_CLIENT,
    ) -> Function:
        tool = catalogue.implementation(name)

        def run(work: Work, responses: Mapping[str, Any]) -> dict[str, Any]:
            from deep_code_reasoning.mcp_server import questions

            ask = questions.consent_in(responses) if can_ask else None
            given = questions.with_evidence(arguments, responses)
            try:
                return calls.answer(tool, given, allowed, work, ask, client)
            except (EvidenceError, MissingEvidenceError) as error:
                if can_ask and questions.lacks_evidence(name, arguments, responses):
                    raise questions.ask_for_evidence(str(error)) from None
                raise

        return run

    async def list_resources(self, _context: Any, _params: PaginatedRequestParams | None) -> ListResourcesResult:
        from deep_code_reasoning.mcp_server import resources

        return ListResourcesResult(resources=resources.listed(self.settings()))

    async def list_resource_templates(
        self, _context: Any, _params: PaginatedRequestParams | None
    ) -> ListResourceTemplatesResult:
        from deep_code_reasoning.mcp_server import resources

        return ListResourceTemplatesResult(resource_templates=resources.templates())

    async def read_resource(self, _context: Any, params: ReadResourceRequestParams) -> ReadResourceResult:
        from deep_code_reasoning.mcp_server import resources

        read = partial(resources.contents, self.settings(), str(params.uri))
        return ReadResourceResult(contents=[await anyio.to_thread.run_sync(read, abandon_on_cancel=True)])

    async def list_prompts(self, _context: Any, _params: PaginatedRequestParams | None) -> ListPromptsResult:
        from deep_code_reasoning.mcp_server import prompting

        return ListPromptsResult(prompts=list(prompting.prompts().values()))

    async def get_prompt(self, _context: Any, params: GetPromptRequestParams) -> GetPromptResult:
        from deep_code_reasoning.mcp_server import prompting

        return prompting.filled(params)

    async def complete(self, _context: Any, params: CompleteRequestParams) -> CompleteResult:
        from deep_code_reasoning.mcp_server import resources

        argument, values = params.argument, []
        if isinstance(params.ref, ResourceTemplateReference):
            values = resources.completions(self.settings(), params.ref.uri, argument.name, argument.value)
        elif argument.name == "investigation":
            values = resources.completions(self.settings(), "investigation://{id}", "id", argument.value)
        return CompleteResult(completion=Completion(values=values, total=len(values), has_more=False))


def _result(page: dict[str, Any]) -> CallToolResult:
    text, structured = pages.encoded(page)
    return CallToolResult(content=[TextContent(text=text)], structured_content=structured)


def _can_ask(context: Any) -> bool:
    capabilities = context.session.client_capabilities
    return bool(capabilities and capabilities.elicitation)


def _told(job: Job) -> CallToolResult:
    if job.state == "completed" and job.result is not None:
        return _result(job.result)
    if job.state == "failed":
        return _failure(job.error or "failed")
    from deep_code_reasoning.mcp_server.tools import get_job

    return _result(get_job.page_of(job))


def _failure(message: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(text=message)], is_error=True)
