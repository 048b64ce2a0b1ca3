"""The models that can be asked, from catalogue.toml. Unknown ids pass through with nothing assumed."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.errors import UsageError

if TYPE_CHECKING:
    from deep_code_reasoning.settings import Settings

LOCAL = "local"
KEY_HINTS = {"google": "set GEMINI_API_KEY or GOOGLE_API_KEY"}
PROVIDERS = tuple(KEY_HINTS)
_CAUTIOUS_OUTPUT = 8_192


@dataclass(frozen=True)
class Model:
    """`context_window` 0: unknown."""

    id: str
    provider: str
    context_window: int = 0
    max_output_tokens: int = _CAUTIOUS_OUTPUT
    capabilities: tuple[str, ...] = ()
    strengths: tuple[str, ...] = ()
    default_for: tuple[str, ...] = ()
    notes: str = ""


@cache
def models() -> tuple[Model, ...]:
    data = tomllib.loads((Path(__file__).parent / "catalogue.toml").read_text("utf-8"))
    return tuple(_model(entry) for entry in data["model"])


def _model(entry: dict[str, Any]) -> Model:
    values: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in entry.items()}
    return Model(**values)


def usable_models(settings: Settings) -> list[dict[str, Any]]:
    """The local analyst and every model of the catalogue: can it be asked with the keys at hand, and why (not)?"""
    rows = [Model(LOCAL, LOCAL, notes="the diagnosis itself, always there; nothing leaves this machine")]
    described = []
    for model in (*rows, *models()):
        usable = model.provider == LOCAL or bool(settings.keys.get(model.provider))
        why = model.notes if usable else f"no key: {KEY_HINTS[model.provider]}"
        described.append({**asdict(model), "usable": usable, "why": why})
    return described


def find_model(name: str) -> Model:
    """`gemini-4-argon`, `google:gemini-4-argon` or `google:anything`. Raises UsageError for a name without provider."""
    provider, _, rest = name.rpartition(":")
    for model in models():
        if model.id == rest and provider in ("", model.provider):
            return model
    if provider in PROVIDERS and rest:
        return Model(rest, provider)
    known = ", ".join(model.id for model in models())
    raise UsageError(
        f"model {name!r} is not in the catalogue; known are {LOCAL}, {known}; "
        f"another id of a provider is written PROVIDER:ID, with PROVIDER one of {', '.join(PROVIDERS)}"
    )
