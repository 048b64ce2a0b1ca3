"""How a request reaches its tool, resource or prompt, and how an error becomes one line for the caller."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
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

from deep_code_reasoning.errors import DcrError
from deep_code_reasoning.mcp_server import calls, catalogue, pages, roots
from deep_code_reasoning.mcp_server.sdk import MCPError
from deep_code_reasoning.mcp_server.wording import one_line

if TYPE_CHECKING:
    from deep_code_reasoning.settings import Settings

log = logging.getLogger(__name__)


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

    async def list_tools(self, _context: Any, _params: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=list(catalogue.tools().values()))

    async def call_tool(self, context: Any, params: CallToolRequestParams) -> CallToolResult | InputRequiredResult:
        if params.name not in catalogue.tools():
            known = ", ".join(catalogue.tools())
            raise MCPError(code=INVALID_PARAMS, message=f"unknown tool {params.name[:80]!r}; there are {known}")
        arguments = params.arguments or {}
        try:
            settings = self.settings()
            if cursor := arguments.get("cursor"):
                return _result(await calls.run_blocking(partial(pages.page_at, settings, cursor), context.session))
            tool = catalogue.implementation(params.name)
            if self.trust_client_roots:
                allowed = await roots.allowed(settings, tool.paths(arguments), context.session, params.input_responses)
            else:
                allowed = settings
            if isinstance(allowed, InputRequiredResult):
                return allowed
            return _result(await calls.run_blocking(partial(calls.answer, tool, arguments, allowed), context.session))
        except DcrError as error:
            return _failure(one_line(error, arguments))
        except Exception as error:
            log.exception("%s failed", params.name)
            return _failure(f"{params.name}: internal error ({type(error).__name__}); the server's log has the details")

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


def _failure(message: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(text=message)], is_error=True)
