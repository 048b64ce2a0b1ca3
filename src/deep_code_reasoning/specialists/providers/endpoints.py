"""Where each provider is, what it speaks and which key it needs. Nothing is imported of it, and nobody is asked."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.settings import KEY_VARIABLES

if TYPE_CHECKING:
    from deep_code_reasoning.settings import Settings

LOCAL = "local"
CLIENT = "client"
"""The model of the MCP client, asked through sampling where the client offers that."""
NO_SESSION = "only an MCP client that offers sampling can be asked, from within its session"

Protocol = Literal["gemini", "responses", "messages", "chat_completions"]
_PROTOCOLS: dict[str, Protocol] = {
    "google": "gemini",
    "openai": "responses",
    "anthropic": "messages",
    "openrouter": "chat_completions",
    "ollama": "chat_completions",
}
_POLICIES = {
    # developers.openai.com/api/docs/guides/your-data: not used to train unless opted in; logs of abuse up to 30 days
    "openai": "no_training",
    # code.claude.com/docs/en/data-usage: commercial terms, which the API is under, train on nothing unless opted in
    "anthropic": "no_training",
    # ai.google.dev/gemini-api/terms: unpaid use is used for training and may be read by people, paid use is not
    "google": "trains on what keys without billing send",
}
"""What each says of the API at its own address, read in November 2026. A key does not tell whether it is paid for."""
_OPENROUTER = "https://openrouter.ai/api/v1"
_OLLAMA_PORT = 11_434
KEY_HINTS = {name: f"set {' or '.join(variables)}" for name, variables in KEY_VARIABLES.items() if name in _PROTOCOLS}
PROVIDERS = tuple(_PROTOCOLS)


@dataclass(frozen=True)
class Endpoint:
    """`base_url` empty: the provider's own. `needs_key`: nobody is asked without one."""

    provider: str
    protocol: Protocol
    base_url: str
    needs_key: bool
    key_hint: str
    data_policy: str = "unknown"


def endpoint_of(provider: str, settings: Settings) -> Endpoint:
    """Raises UsageError for a provider that nobody has described."""
    if provider in _PROTOCOLS:
        url, is_ollama = _base_url(provider, settings), provider == "ollama"
        policy = _POLICIES.get(provider, "unknown") if not url else "unknown"  # another address is another's word
        if is_ollama and is_loopback(url):
            policy = "local"
        return Endpoint(provider, _PROTOCOLS[provider], url, not is_ollama, KEY_HINTS[provider], policy)
    for server in settings.own_models.provider:
        if server.id == provider:
            hint = f"set {server.api_key_env}" if server.api_key_env else ""
            needs_key = bool(server.api_key_env)
            return Endpoint(provider, "chat_completions", server.base_url, needs_key, hint, server.data_policy)
    raise UsageError(
        f"provider {provider!r} is not known; known are {', '.join(provider_names(settings))}; "
        f"one of your own is a [[provider]] with id and base_url in {settings.models_file}"
    )


def provider_names(settings: Settings) -> tuple[str, ...]:
    return (*PROVIDERS, *(server.id for server in settings.own_models.provider))


def why_not(provider: str, settings: Settings, why_not_client: str | None = NO_SESSION) -> str | None:
    """Why this provider cannot be asked with the keys and settings at hand; None where it can. `why_not_client`: what
    the session says of its client's model."""
    if provider == LOCAL:
        return None
    if provider == CLIENT:
        return why_not_client
    endpoint = endpoint_of(provider, settings)
    if endpoint.needs_key and not settings.keys.get(provider):
        return f"no key: {endpoint.key_hint}"
    return None


def is_loopback(url: str) -> bool:
    """By the address alone: no name but localhost is looked up."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _base_url(provider: str, settings: Settings) -> str:
    match provider:
        case "google":
            return settings.google_base_url
        case "openai":
            return settings.openai_base_url
        case "anthropic":
            return settings.anthropic_base_url
        case "openrouter":
            return settings.openrouter_base_url or _OPENROUTER
        case _:
            return _ollama_url(settings.ollama_host)


def _ollama_url(host: str) -> str:
    """OLLAMA_HOST is also what Ollama's server binds to: a host, host:port or URL, 0.0.0.0 for every interface."""
    parts = urlsplit(host if "://" in host else f"http://{host}")
    name = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(parts.hostname or "", parts.hostname)
    default = {"https": 443}.get(parts.scheme, 80) if "://" in host else _OLLAMA_PORT
    name = f"[{name}]" if name and ":" in name else name
    return f"{parts.scheme}://{name}:{parts.port or default}{parts.path.rstrip('/').removesuffix('/v1')}/v1"
