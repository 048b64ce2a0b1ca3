"""Gemini, through pydantic-ai's Google model and the google-genai client."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from deep_code_reasoning.errors import RateLimitedError, SpecialistError
from deep_code_reasoning.specialists.port import Reply, Request, Usage

if TYPE_CHECKING:
    from pydantic_ai import ModelMessage, ModelResponse
    from pydantic_ai.exceptions import ModelAPIError
    from pydantic_ai.models import ModelRequestParameters

_ADVICE = {
    400: "the request was refused as it is; a smaller brief or another model may pass",
    401: "check the key (GEMINI_API_KEY or GOOGLE_API_KEY)",
    403: "the key may not use this model; check its project and restrictions",
    404: "no such model for this key; `dcr models` lists known ids",
    429: "the quota is used up for now; ask again later or name another model",
    500: "the provider failed; ask again later or name another model",
    503: "the provider is overloaded; ask again later or name another model",
}
_MOST_OF_A_MESSAGE = 500


@dataclass(frozen=True)
class Gemini:
    """`base_url` empty: Google's own."""

    api_key: str
    base_url: str = ""

    def __post_init__(self) -> None:
        """Loads the SDK now: on a busy machine that takes seconds, which are not the time budget's."""
        import pydantic_ai.direct
        import pydantic_ai.models.google  # noqa: F401

    async def ask(self, request: Request) -> Reply:
        from pydantic_ai.direct import model_request
        from pydantic_ai.models.google import GoogleModel
        from pydantic_ai.providers.google import GoogleProvider
        from pydantic_ai.settings import ModelSettings

        provider = GoogleProvider(api_key=self.api_key, base_url=self.base_url or None)
        model = GoogleModel(request.model, provider=provider)
        settings = ModelSettings(max_tokens=request.max_output_tokens, thinking=request.effort)
        with _provider_errors(request.model, self.api_key):
            async with model:
                response = await model_request(
                    model, _messages(request), model_settings=settings, model_request_parameters=_parameters(request)
                )
        return _reply(response)

    async def count(self, request: Request) -> int:
        from pydantic_ai.models import ModelRequestParameters
        from pydantic_ai.models.google import GoogleModel
        from pydantic_ai.providers.google import GoogleProvider

        provider = GoogleProvider(api_key=self.api_key, base_url=self.base_url or None)
        model = GoogleModel(request.model, provider=provider)
        # The service counts no system instruction, so it is counted as part of the first message.
        first, *more = request.messages
        whole = replace(request, system="", messages=(replace(first, text=f"{request.system}\n{first.text}"), *more))
        with _provider_errors(request.model, self.api_key):
            async with model:
                counted = await model.count_tokens(_messages(whole), None, ModelRequestParameters())
        return counted.input_tokens


def _parameters(request: Request) -> ModelRequestParameters:
    from pydantic_ai.models import ModelRequestParameters
    from pydantic_ai.output import OutputObjectDefinition

    output = OutputObjectDefinition(json_schema=dict(request.schema or {}), name=request.schema_name)
    return ModelRequestParameters(output_mode="native", output_object=output, allow_text_output=True)


def _messages(request: Request) -> list[ModelMessage]:
    from pydantic_ai import ModelRequest, ModelResponse, SystemPromptPart, TextPart, UserPromptPart

    messages: list[ModelMessage] = []
    for number, message in enumerate(request.messages):
        if message.author == "model":
            messages.append(ModelResponse(parts=[TextPart(message.text)]))
        else:
            system = [SystemPromptPart(request.system)] if number == 0 else []
            messages.append(ModelRequest(parts=[*system, UserPromptPart(message.text)]))
    return messages


def _reply(response: ModelResponse) -> Reply:
    if response.finish_reason == "content_filter":
        details = (response.provider_details or {}).get("finish_reason") or "safety filter"
        raise SpecialistError(
            f"{response.model_name} refused to answer ({details}); rephrase the question, or name another model"
        )
    counted = response.usage
    usage = Usage(
        input_tokens=counted.input_tokens,
        output_tokens=counted.output_tokens,
        cached_tokens=counted.cache_read_tokens,
        thinking_tokens=int(counted.details.get("thoughts_tokens", 0)),
    )
    return Reply(response.text or "", usage, is_cut=response.finish_reason == "length")


@contextlib.contextmanager
def _provider_errors(model: str, api_key: str) -> Generator[None]:
    """Turns the library's exceptions into ours; what the provider said is kept, the key never is."""
    from pydantic_ai.exceptions import AgentRunError, ModelAPIError, ModelHTTPError, UserError

    try:
        yield
    except ModelHTTPError as error:
        said = _said(error).replace(api_key, "«key»")
        advice = _ADVICE.get(error.status_code, _ADVICE[500] if error.status_code >= 500 else _ADVICE[400])
        message = f"{model}: HTTP {error.status_code}: {said}; {advice}"
        if error.status_code == 429:
            raise RateLimitedError(message, error.retry_after) from None
        raise SpecialistError(message) from None
    except (ModelAPIError, AgentRunError, UserError) as error:
        said = _said(error) if isinstance(error, ModelAPIError) else str(error)
        said = " ".join(said.split())[:_MOST_OF_A_MESSAGE].replace(api_key, "«key»")
        raise SpecialistError(f"{model}: no usable answer: {said}; check the base URL and the network") from None


def _said(error: ModelAPIError) -> str:
    """The provider's own words: `error.message` of its JSON body where there is one."""
    body = error.body
    if isinstance(body, dict):
        inner = body.get("error", body)
        if isinstance(inner, dict) and isinstance(inner.get("message"), str):
            return " ".join(inner["message"].split())[:_MOST_OF_A_MESSAGE]
    return " ".join(str(body or error).split())[:_MOST_OF_A_MESSAGE]
