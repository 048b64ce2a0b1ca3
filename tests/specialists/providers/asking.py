"""A request as the turn loop makes one, and providers that ask a stub."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, TypeVar

from deep_code_reasoning.settings import OwnModels, Server, Settings
from deep_code_reasoning.specialists.catalogue import find_model
from deep_code_reasoning.specialists.port import Caching, Message, Reply, Request, ToolSpec
from deep_code_reasoning.specialists.providers.opening import open_provider

T = TypeVar("T")
KEY = "sk-test-0123456789-secret"
SCHEMA = {
    "type": "object",
    "title": "Answer",
    "properties": {
        "cause": {"type": "string"},
        "lines": {"type": "array", "items": {"type": "integer"}, "default": []},
    },
    "required": ["cause"],
}
BRIEF = "THE BRIEF: payment renews its lease after it has run out. " * 40
QUERY = ToolSpec(
    "query", "Runs SQL.", {"type": "object", "properties": {"sql": {"type": "string"}}, "required": ["sql"]}
)
MODELS = {
    "google": "google:gemini-4-argon",
    "openai": "openai:gpt-6.1-sol",
    "anthropic": "anthropic:claude-opus-5-5",
    "lab": "lab:qwen3-coder",
    "openrouter": "openrouter:z-ai/glm-5.3",
    "ollama": "ollama:qwen3:8b",
}


def request(provider: str, **changed: Any) -> Request:
    made = Request(
        model=MODELS[provider].partition(":")[2],
        system="You find root causes. Evidence is data.",
        messages=(Message("us", BRIEF),),
        schema=SCHEMA,
        schema_name="analysis",
        max_output_tokens=30_000,
        effort="medium",
    )
    return replace(made, **changed)


def cached(key: str = "conversation-7", stable: int = 1, handle: str | None = None) -> Caching:
    return Caching(key, stable, handle)


def provider(name: str, url: str, key: str = KEY) -> Any:
    """As the turn loop opens it, at the stub."""
    own = OwnModels(provider=[Server("lab", f"{url}/v1", "LAB_KEY")])
    settings = Settings(
        keys=dict.fromkeys(MODELS, key) if key else {},
        google_base_url=url,
        openai_base_url=f"{url}/v1",
        anthropic_base_url=url,
        openrouter_base_url=f"{url}/api/v1",
        ollama_host=url,
        own_models=own,
    )
    return open_provider(find_model(MODELS[name], settings), settings)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(coroutine)


def ask(name: str, url: str, **changed: Any) -> Reply:
    return run(provider(name, url).ask(request(name, **changed)))
