"""The models that can be asked: catalogue.toml, and what the user's own models.toml overrides and adds.

Unknown ids pass through as `provider:id` with nothing assumed.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from deep_code_reasoning.errors import SettingsError, UsageError
from deep_code_reasoning.specialists.providers.endpoints import (
    CLIENT,
    KEY_HINTS,
    LOCAL,
    PROVIDERS,
    endpoint_of,
    provider_names,
    why_not,
)

if TYPE_CHECKING:
    from deep_code_reasoning.settings import Settings

__all__ = ["CLIENT", "KEY_HINTS", "LOCAL", "PROVIDERS", "Model", "Price", "close_names", "find_model", "models"]

_CAUTIOUS_OUTPUT = 8_192
Capability = Literal[
    "long_context", "thinking", "structured_output", "code_execution", "tools", "background", "explicit_cache"
]


@dataclass(frozen=True)
class Price:
    """Dollars per million tokens, for a model that no price list has. Cached input costs as input where not said."""

    input: float
    output: float
    cached_input: float | None = None
    cache_write: float | None = None


@dataclass(frozen=True)
class Model:
    """`context_window` 0: unknown. `max_output_tokens`: the most that is asked for.

    `price_as`: the id that genai-prices has it under (empty: its own); `price` goes before that. `data_policy`: "local"
    (nothing leaves this machine), "no_training" (its provider does not train on what its API is sent), other words of
    the user's, or "unknown": nobody here has read that up.
    """

    id: str
    provider: str
    context_window: int = 0
    max_output_tokens: int = _CAUTIOUS_OUTPUT
    capabilities: tuple[Capability, ...] = ()
    strengths: tuple[str, ...] = ()
    default_for: tuple[str, ...] = ()
    notes: str = ""
    size: Literal["large", "small"] = "large"
    price_as: str = ""
    price: Price | None = None
    data_policy: str = "unknown"

    @property
    def name(self) -> str:
        """As it may be asked for, whatever else has the same id."""
        return f"{self.provider}:{self.id}"


def models(settings: Settings | None = None) -> tuple[Model, ...]:
    """In the catalogue's order, the user's own after; an entry of the user's with the same provider and id overrides
    the fields that it names. Raises SettingsError for an entry that cannot be read."""
    merged = {(entry["provider"], entry["id"]): entry for entry in _shipped()}
    place = "catalogue.toml"
    own = settings.own_models.model if settings else []
    for entry in own:
        place = str(settings.models_file) if settings else place
        key = (entry.get("provider"), entry.get("id"))
        if not all(isinstance(part, str) and part for part in key):
            raise SettingsError(f"{place}: a [[model]] needs id and provider; found {entry!r}")
        if settings and entry["provider"] not in provider_names(settings):
            raise SettingsError(
                f"{place}: model {entry['id']!r} is of provider {entry['provider']!r}, which is not known; known are "
                f"{', '.join(provider_names(settings))}; another is a [[provider]] with id and base_url"
            )
        merged[key] = merged.get(key, {}) | entry
    return tuple(_with_policy(_model(entry, place), settings) for entry in merged.values())


@cache
def _shipped() -> tuple[dict[str, Any], ...]:
    return tuple(tomllib.loads((Path(__file__).parent / "catalogue.toml").read_text("utf-8"))["model"])


def _model(entry: Mapping[str, Any], place: str) -> Model:
    known = {field.name for field in fields(Model)}
    if unknown := sorted(entry.keys() - known):
        raise SettingsError(
            f"{place}: model {entry['id']!r}: unknown field {unknown[0]!r}; known are {', '.join(sorted(known))}"
        )
    try:
        return msgspec.convert(entry, Model)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{place}: model {entry['id']!r}: {error}") from None


def _with_policy(model: Model, settings: Settings | None) -> Model:
    """What its server says, where the entry says nothing. Ollama runs ids that end in cloud on machines of its own."""
    if settings is None or model.data_policy != "unknown" or model.id.endswith("cloud"):
        return model
    return replace(model, data_policy=endpoint_of(model.provider, settings).data_policy)


def usable_models(settings: Settings) -> list[dict[str, Any]]:
    """The local analyst and every model of the catalogue: can it be asked with the keys at hand, and why (not)?"""
    rows = (
        Model(LOCAL, LOCAL, notes="the diagnosis itself, always there; nothing leaves this machine"),
        *models(settings),
        Model(CLIENT, CLIENT, data_policy="as the client has it"),
    )
    described = []
    for model in rows:
        why = why_not(model.provider, settings)
        described.append({**asdict(model), "usable": why is None, "why": model.notes if why is None else why})
    return described


def find_model(name: str, settings: Settings | None = None) -> Model:
    """`gemini-4-argon`, `google:gemini-4-argon` or `google:anything`. Raises UsageError for a name without provider.

    An id may have colons of its own (`ollama:qwen3:8b`): what stands before the first is the provider if it is one.
    """
    for one in (LOCAL, CLIENT):
        if name in (one, f"{one}:{one}"):
            return Model(one, one)
    known = models(settings)
    providers = provider_names(settings) if settings else PROVIDERS
    for model in known:
        if name in (model.id, model.name):
            return model
    provider, _, rest = name.partition(":")
    if provider in providers and rest.strip():
        return _with_policy(Model(rest, provider), settings)
    close = close_names(name, [m.id for m in known] + [m.name for m in known])
    raise UsageError(
        f"model {name!r} is not in the catalogue; "
        + (f"did you mean {' or '.join(close)}? " if close else "")
        + f"known are {LOCAL}, {', '.join(model.id for model in known)}; "
        f"another id of a provider is written PROVIDER:ID, with PROVIDER one of {', '.join(providers)}"
    )


def close_names(name: str, known: list[str]) -> list[str]:
    """At most three of `known` that `name` may have been meant for, the closest first."""
    bare = {one.casefold(): one for one in known}
    return [bare[one] for one in difflib.get_close_matches(name.casefold(), bare, n=3, cutoff=0.6)]
