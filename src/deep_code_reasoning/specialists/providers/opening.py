"""From an entry of the catalogue to the provider that answers for it. One SDK is loaded: the one that is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deep_code_reasoning.errors import NoKeyError, UsageError
from deep_code_reasoning.specialists.catalogue import Model, models
from deep_code_reasoning.specialists.providers.endpoints import CLIENT, LOCAL, Endpoint, endpoint_of, why_not

if TYPE_CHECKING:
    from deep_code_reasoning.settings import Settings
    from deep_code_reasoning.specialists.port import Provider
    from deep_code_reasoning.specialists.providers.adapter import Adapter
    from deep_code_reasoning.specialists.providers.sampling import CreateMessage


def open_provider(entry: Model, settings: Settings, create_message: CreateMessage | None = None) -> Provider:
    """Raises NoKeyError where it cannot be asked with the keys at hand, UsageError for the local analyst, which is no
    provider. `create_message`: the MCP client's sampling, where a session offers it."""
    if entry.provider == LOCAL:
        raise UsageError("the local analyst reads the diagnosis; nobody is asked")
    if entry.provider == CLIENT:
        if create_message is None:
            raise NoKeyError(f"{entry.id}: {why_not(CLIENT, settings)}")
        from deep_code_reasoning.specialists.providers.sampling import Sampling

        return Sampling(create_message)
    if why := why_not(entry.provider, settings):
        raise NoKeyError(f"{entry.id} cannot be asked: {why}, or ask without a model (the local analyst answers)")
    return open_endpoint(endpoint_of(entry.provider, settings), settings)


def open_endpoint(endpoint: Endpoint, settings: Settings) -> Adapter:
    known = tuple(model.id for model in models(settings) if model.provider == endpoint.provider)
    said: dict[str, Any] = {"provider": endpoint.provider, "key_hint": endpoint.key_hint, "known": known}
    key = settings.keys.get(endpoint.provider, "")
    match endpoint.protocol:
        case "gemini":
            from deep_code_reasoning.specialists.providers.gemini import Gemini

            return Gemini(key, endpoint.base_url, **said)
        case "responses":
            from deep_code_reasoning.specialists.providers.openai_responses import OpenAIResponses

            return OpenAIResponses(key, endpoint.base_url, **said)
        case "messages":
            from deep_code_reasoning.specialists.providers.anthropic_messages import AnthropicMessages

            return AnthropicMessages(key, endpoint.base_url, **said)
        case "chat_completions":
            from deep_code_reasoning.specialists.providers.chat_completions import ChatCompletions

            return ChatCompletions(key, endpoint.base_url, **said)
