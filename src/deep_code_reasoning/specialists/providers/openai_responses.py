"""OpenAI's Responses API, through pydantic-ai: strict schemas, cached prefixes, runs that outlive this process."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from deep_code_reasoning.specialists.port import Reply, Request
from deep_code_reasoning.specialists.providers.adapter import Adapter, Form, parameters_of
from deep_code_reasoning.specialists.providers.failures import our_errors
from deep_code_reasoning.specialists.providers.transport import BadBody, http_client
from deep_code_reasoning.specialists.providers.wording import messages_of

if TYPE_CHECKING:
    import httpx2
    from pydantic_ai import ModelMessage, ModelResponse
    from pydantic_ai.models import Model
    from pydantic_ai.models.openai import OpenAIResponsesModel
    from pydantic_ai.settings import ModelSettings

_LOST_POLLS = 3
"""Polls in a row that may fail: the run goes on, and is paid for, whether or not it is heard of."""
_LONGEST_WAIT = 30.0
_CANCEL_SECONDS = 3.0


@dataclass(repr=False)
class OpenAIResponses(Adapter):
    """A request with `on_pending` runs in the background: OpenAI keeps such a response for as long as it says, others
    are not stored. A cancelled one is cancelled there too."""

    forms: tuple[Form, ...] = ("strict", "native", "prompted")
    poll_seconds: float = 2.0

    default_provider: ClassVar[str] = "openai"
    default_base_url: ClassVar[str] = "https://api.openai.com/v1"

    @staticmethod
    def load() -> None:
        import pydantic_ai.direct
        import pydantic_ai.models.openai  # noqa: F401

    def model(self, name: str, http: httpx2.AsyncClient, form: Form | None) -> OpenAIResponsesModel:
        from pydantic_ai.models.openai import OpenAIResponsesModel
        from pydantic_ai.providers.openai import OpenAIProvider

        return OpenAIResponsesModel(
            name, provider=OpenAIProvider(api_key=self.api_key, base_url=self.base_url, http_client=http)
        )

    def settings(self, request: Request) -> ModelSettings:
        from pydantic_ai.models.openai import OpenAIResponsesModelSettings

        in_background = request.on_pending is not None
        made = OpenAIResponsesModelSettings(openai_store=in_background, openai_prompt_cache_diagnostics=False)
        if in_background:
            made["openai_background"] = True
        if request.code_execution:
            made["openai_include_code_execution_outputs"] = True
        if request.caching:
            made["openai_prompt_cache_key"] = request.caching.key
        return made

    async def exchange(
        self, model: Model, messages: list[ModelMessage], request: Request, form: Form | None
    ) -> ModelResponse:
        response = await super().exchange(model, messages, request, form)
        if response.state != "suspended":
            return response
        if request.on_pending and response.provider_response_id:
            request.on_pending(response.provider_response_id)
        return await self._finished(model, messages, response, request, form)

    async def resume(self, request: Request, pending: str) -> Reply:
        from pydantic_ai import ModelResponse

        suspended = ModelResponse(
            parts=[],
            model_name=request.model,
            provider_name="openai",
            provider_response_id=pending,
            provider_details={"background": True},
            state="suspended",
        )
        form = self.forms[0] if request.schema is not None else None
        with our_errors(self.asked(request.model)):
            async with self.connected(request.model, form) as model:
                messages = messages_of(request, self.provider)
                response = await self._finished(model, messages, suspended, request, form, wait=False)
        return self.reply(response, request)

    async def _finished(
        self,
        model: Model,
        messages: list[ModelMessage],
        response: ModelResponse,
        request: Request,
        form: Form | None,
        wait: bool = True,
    ) -> ModelResponse:
        from pydantic_ai.exceptions import ModelAPIError, ModelRequestRejectedError

        lost = 0
        try:
            while response.state == "suspended":
                if wait:
                    await asyncio.sleep(self.poll_seconds)
                wait = True
                try:
                    response = await model.request(
                        [*messages, response], self.all_settings(request), parameters_of(request, model, form)
                    )
                    lost = 0
                except ModelRequestRejectedError:
                    raise
                except (ModelAPIError, BadBody) as error:
                    lost += 1
                    if lost == _LOST_POLLS:
                        raise
                    if isinstance(error, ModelAPIError) and error.retry_after:
                        await asyncio.sleep(min(error.retry_after, _LONGEST_WAIT))
        except asyncio.CancelledError:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(_CANCEL_SECONDS):
                    await model.cancel_suspended_response(response)
            raise
        return response

    async def count(self, request: Request) -> int:
        return await self.counted(request)

    async def live_models(self) -> list[str]:
        from openai import AsyncOpenAI

        with our_errors(self.about_its_list()):
            async with http_client(self.base_url) as http:
                client = AsyncOpenAI(api_key=self.api_key, base_url=self.base_url, http_client=http, max_retries=0)
                return [model.id async for model in client.models.list()]
