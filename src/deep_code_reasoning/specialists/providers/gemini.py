"""Gemini in its native API, through pydantic-ai's Google model; its explicit caches through google-genai itself."""

from __future__ import annotations

import math
import re
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, cast

from deep_code_reasoning.errors import SpecialistError
from deep_code_reasoning.specialists.port import CacheHandle, Reply, Request
from deep_code_reasoning.specialists.providers.adapter import Adapter, Form, parameters_of
from deep_code_reasoning.specialists.providers.failures import our_errors
from deep_code_reasoning.specialists.providers.wording import messages_of

if TYPE_CHECKING:
    import httpx2
    from google.genai.client import AsyncClient
    from google.genai.types import CachedContent
    from pydantic_ai import ModelMessage, ModelResponse
    from pydantic_ai.models import Model
    from pydantic_ai.models.google import GoogleModel
    from pydantic_ai.settings import ModelSettings

_TOO_SHORT = re.compile(r"too small|min_total_token_count|minimum token", re.IGNORECASE)
_CACHE_IS_GONE = re.compile(r"cached ?content", re.IGNORECASE)


@dataclass(repr=False)
class Gemini(Adapter):
    """Counts tokens, and keeps caches of a prefix that live as long as they are told to.

    Implicit caching needs nothing but a prefix that stays the same, which `parameters_of` sees to.
    """

    default_provider: ClassVar[str] = "google"
    default_base_url: ClassVar[str] = "https://generativelanguage.googleapis.com/"

    @staticmethod
    def load() -> None:
        import logging

        import pydantic_ai.direct
        import pydantic_ai.models.google  # noqa: F401

        # It warns with each request that our tools are not Python functions which it could call by itself.
        logging.getLogger("google_genai.models").setLevel(logging.ERROR)

    def model(self, name: str, http: httpx2.AsyncClient, form: Form | None) -> GoogleModel:
        from pydantic_ai.models.google import GoogleModel
        from pydantic_ai.providers.google import GoogleProvider

        return GoogleModel(
            name, provider=GoogleProvider(api_key=self.api_key, base_url=self.base_url, http_client=http)
        )

    def settings(self, request: Request) -> ModelSettings:
        from pydantic_ai.models.google import GoogleModelSettings

        if request.caching and request.caching.handle:
            return GoogleModelSettings(google_cached_content=request.caching.handle)
        return GoogleModelSettings()

    async def ask(self, request: Request) -> Reply:
        if not (request.caching and request.caching.handle):
            return await super().ask(request)
        try:
            return await super().ask(_after_the_prefix(request))
        except SpecialistError as error:
            # An expired cache is 403 or 404 and costs nothing; the whole conversation then goes as it is.
            if not _CACHE_IS_GONE.search(str(error)):
                raise
            return await super().ask(replace(request, caching=replace(request.caching, handle=None)))

    async def exchange(
        self, model: Model, messages: list[ModelMessage], request: Request, form: Form | None
    ) -> ModelResponse:
        combines = model.profile.get("google_supports_tool_combination", False)
        if not combines and request.code_execution and (request.tools or request.schema is not None):
            request = replace(request, code_execution=False)  # before Gemini 3, one kind of tool at a time
        if not combines and request.tools and form in ("strict", "native"):
            form = "prompted"
        return await super().exchange(model, messages, request, form)

    async def count(self, request: Request) -> int:
        from pydantic_ai.models import ModelRequestParameters

        # The service counts no system instruction, so it is counted as part of the first message.
        first, *more = request.messages
        whole = replace(request, messages=(replace(first, text=f"{request.system}\n{first.text}"), *more), caching=None)
        with our_errors(self.asked(request.model)):
            async with self.connected(request.model) as model:
                counted = await model.count_tokens(
                    messages_of(whole, self.provider), {"max_retries": 0}, ModelRequestParameters()
                )
        return counted.input_tokens

    async def open_cache(self, request: Request, seconds: float) -> CacheHandle | None:
        from google.genai.errors import ClientError

        stable = request.caching.stable_messages if request.caching else 1
        prefix = replace(request, messages=request.messages[:stable], caching=None, schema=None)
        with our_errors(self.asked(request.model)):
            async with self.connected(request.model) as model:
                config: Any = await self._cache_of(cast("GoogleModel", model), prefix)
                try:
                    made = await _client(model).caches.create(
                        model=request.model,
                        config=config | {"ttl": _duration(seconds), "display_name": "deep-code-reasoning"},
                    )
                except ClientError as error:
                    if error.code == 400 and _TOO_SHORT.search(str(error.message)):
                        return None
                    raise
        return _handle(made, seconds)

    async def extend_cache(self, name: str, seconds: float) -> CacheHandle:
        with our_errors(self.asked(name)):
            async with self.connected("gemini") as model:
                made = await _client(model).caches.update(name=name, config={"ttl": _duration(seconds)})
        return _handle(made, seconds)

    async def close_cache(self, name: str) -> None:
        from google.genai.errors import ClientError

        with our_errors(self.asked(name)):
            async with self.connected("gemini") as model:
                try:
                    await _client(model).caches.delete(name=name)
                except ClientError as error:
                    if error.code not in (403, 404):  # of a cache that is gone, Google says either
                        raise

    async def live_models(self) -> list[str]:
        with our_errors(self.about_its_list()):
            async with self.connected("gemini") as model:
                listed = await _client(model).models.list(config={"page_size": 1_000})
                return [
                    (found.name or "").removeprefix("models/")
                    async for found in listed
                    if not found.supported_actions or "generateContent" in found.supported_actions
                ]

    async def _cache_of(self, model: GoogleModel, prefix: Request) -> dict[str, Any]:
        """The prefix in Google's own form, by the code that forms requests: a cache must hold just what they would."""
        settings, parameters = model.prepare_request(self.all_settings(prefix), parameters_of(prefix, model, None))
        contents, config = await model._build_content_and_config(
            messages_of(prefix, self.provider), cast("Any", settings or {}), parameters
        )
        kept = {name: config.get(name) for name in ("system_instruction", "tools", "tool_config")}
        return {"contents": contents, **{name: value for name, value in kept.items() if value}}


def _after_the_prefix(request: Request) -> Request:
    """What a cache does not hold. System text and tools are in it, and a request that brings its own is refused."""
    assert request.caching is not None
    rest = request.messages[request.caching.stable_messages :]
    return replace(request, system="", tools=(), code_execution=False, messages=rest)


def _client(model: Model) -> AsyncClient:
    return cast("GoogleModel", model).client.aio


def _duration(seconds: float) -> str:
    return f"{max(1, math.ceil(seconds))}s"


def _handle(made: CachedContent, seconds: float) -> CacheHandle:
    tokens = made.usage_metadata.total_token_count if made.usage_metadata else None
    expires = made.expire_time.timestamp() if made.expire_time else time.time() + seconds
    return CacheHandle(made.name or "", tokens or 0, expires)
