"""Anthropic's Messages API, through pydantic-ai: streamed, with cache breakpoints on what stays the same."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from deep_code_reasoning.specialists.port import Request
from deep_code_reasoning.specialists.providers.adapter import Adapter, Form, parameters_of
from deep_code_reasoning.specialists.providers.failures import cut_short, our_errors
from deep_code_reasoning.specialists.providers.transport import http_client

if TYPE_CHECKING:
    import httpx2
    from pydantic_ai import ModelMessage, ModelResponse
    from pydantic_ai.models import Model
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.settings import ModelSettings


_MOST_PAUSES = 10


@dataclass(repr=False)
class AnthropicMessages(Adapter):
    """With `Request.caching`, breakpoints stand after the tools, the system text, the stable messages and the last
    message: all four that the API allows."""

    forms: tuple[Form, ...] = ("strict", "prompted")

    default_provider: ClassVar[str] = "anthropic"
    default_base_url: ClassVar[str] = "https://api.anthropic.com"

    @staticmethod
    def load() -> None:
        import pydantic_ai.direct
        import pydantic_ai.models.anthropic  # noqa: F401

    def model(self, name: str, http: httpx2.AsyncClient, form: Form | None) -> AnthropicModel:
        from anthropic import AsyncAnthropic
        from pydantic_ai.models.anthropic import AnthropicModel
        from pydantic_ai.providers.anthropic import AnthropicProvider

        client = AsyncAnthropic(api_key=self.api_key, base_url=self.base_url, http_client=http, max_retries=0)
        return AnthropicModel(name, provider=AnthropicProvider(anthropic_client=client))

    def settings(self, request: Request) -> ModelSettings:
        from pydantic_ai.models.anthropic import AnthropicModelSettings

        if request.caching is None:
            return AnthropicModelSettings()
        return AnthropicModelSettings(
            anthropic_cache_instructions=True, anthropic_cache_tool_definitions=True, anthropic_cache=True
        )

    async def exchange(
        self, model: Model, messages: list[ModelMessage], request: Request, form: Form | None
    ) -> ModelResponse:
        """Also through the pauses of the API in a long run of code: what came so far is sent back, and it goes on."""
        response = await self._streamed(model, messages, request, form)
        for _ in range(_MOST_PAUSES):
            if response.state != "suspended":
                return response
            more = await self._streamed(model, [*messages, response], request, form)
            response = replace(more, parts=[*response.parts, *more.parts], usage=response.usage + more.usage)
        raise cut_short(self.asked(request.model))

    async def count(self, request: Request) -> int:
        return await self.counted(request)

    async def _streamed(
        self, model: Model, messages: list[ModelMessage], request: Request, form: Form | None
    ) -> ModelResponse:
        """A connection that is silent while a model thinks for minutes is cut on the way."""
        from pydantic_ai.direct import model_request_stream

        streaming = model_request_stream(
            model,
            messages,
            model_settings=self.all_settings(request),
            model_request_parameters=parameters_of(request, model, form),
        )
        async with streaming as stream:
            async for _ in stream:
                pass
            response = stream.get()
        if response.finish_reason is None and response.state != "suspended":
            raise cut_short(self.asked(request.model))
        return response

    async def live_models(self) -> list[str]:
        from anthropic import AsyncAnthropic

        with our_errors(self.about_its_list()):
            async with http_client(self.base_url) as http:
                client = AsyncAnthropic(api_key=self.api_key, base_url=self.base_url, http_client=http, max_retries=0)
                return [model.id async for model in client.models.list(limit=1_000)]
