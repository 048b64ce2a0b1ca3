"""Any server that speaks OpenAI's chat completions: Ollama, llama.cpp, vLLM, LM Studio, OpenRouter, a domain model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from deep_code_reasoning.specialists.port import Request
from deep_code_reasoning.specialists.providers.adapter import Adapter, Form
from deep_code_reasoning.specialists.providers.failures import our_errors
from deep_code_reasoning.specialists.providers.transport import http_client

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI
    from pydantic_ai import ModelMessage, ModelResponse, UserPromptPart
    from pydantic_ai.models import Model
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.settings import ModelSettings

_NO_KEY = "no-key"
"""The SDK wants one. A server without keys reads none; OPENAI_API_KEY never goes to a server that is not OpenAI's."""


@dataclass(repr=False)
class ChatCompletions(Adapter):
    """Servers differ in what they take of a schema, so each form is tried where the one before is refused."""

    forms: tuple[Form, ...] = ("native", "json", "prompted")

    default_provider: ClassVar[str] = "compatible"

    @staticmethod
    def load() -> None:
        import pydantic_ai.direct
        import pydantic_ai.models.openai  # noqa: F401

    def model(self, name: str, http: httpx2.AsyncClient, form: Form | None) -> OpenAIChatModel:
        from pydantic_ai.models.openai import OpenAIChatModel
        from pydantic_ai.models.openrouter import OpenRouterModel
        from pydantic_ai.profiles.openai import OpenAIModelProfile
        from pydantic_ai.providers.ollama import OllamaProvider
        from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider
        from pydantic_ai.providers.openrouter import OpenRouterProvider

        client = self._client(http)
        if self.provider == "openrouter":
            provider = OpenRouterProvider(openai_client=client)
        elif self.provider == "ollama":
            provider = OllamaProvider(openai_client=client)
        else:
            provider = OpenAICompatibleProvider(self.provider, openai_client=client)
        wanted = OpenAIModelProfile(
            **(provider.model_profile(name) or {}),
        )
        wanted["openai_chat_supports_max_completion_tokens"] = False  # max_tokens is what all of them know
        wanted["openai_supports_strict_tool_definition"] = False
        wanted["supports_json_schema_output"] = form == "native"
        wanted["supports_json_object_output"] = form == "json"
        if self.provider == "openrouter":
            return OpenRouterModel(name, provider=provider, profile=wanted)
        return OpenAIChatModel(name, provider=provider, profile=wanted)

    def settings(self, request: Request) -> ModelSettings:
        from pydantic_ai.settings import ModelSettings

        return ModelSettings(cache=True) if request.caching else ModelSettings()

    async def exchange(
        self, model: Model, messages: list[ModelMessage], request: Request, form: Form | None
    ) -> ModelResponse:
        if self.provider != "openrouter":
            messages = _plain(messages)
        return await super().exchange(model, messages, request, form)

    async def live_models(self) -> list[str]:
        with our_errors(self.about_its_list()):
            async with http_client(self.base_url) as http:
                return [model.id async for model in self._client(http).models.list()]

    def _client(self, http: httpx2.AsyncClient) -> AsyncOpenAI:
        from openai import AsyncOpenAI

        key = self.api_key or _NO_KEY
        return AsyncOpenAI(api_key=key, base_url=self.base_url, http_client=http, max_retries=0)


def _plain(messages: list[ModelMessage]) -> list[ModelMessage]:
    """Without points to cache at: with one, a text goes as a list of parts, which the smaller servers do not read."""
    from pydantic_ai import ModelRequest, UserPromptPart

    return [
        replace(message, parts=[_as_text(part) if isinstance(part, UserPromptPart) else part for part in message.parts])
        if isinstance(message, ModelRequest)
        else message
        for message in messages
    ]


def _as_text(part: UserPromptPart) -> UserPromptPart:
    if isinstance(part.content, str):
        return part
    return replace(part, content="".join(item for item in part.content if isinstance(item, str)))
