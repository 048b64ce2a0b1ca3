"""Chooses who is asked. A named model is asked or refused, never replaced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deep_code_reasoning.errors import NoKeyError
from deep_code_reasoning.specialists.catalogue import KEY_HINTS, LOCAL, Model, find_model, models

if TYPE_CHECKING:
    from deep_code_reasoning.settings import Settings


@dataclass(frozen=True)
class Route:
    """`provider` is "local" where no model is asked; then nothing leaves the machine."""

    entry: Model
    reason: str

    @property
    def model(self) -> str:
        return self.entry.id

    @property
    def provider(self) -> str:
        return self.entry.provider


def choose(settings: Settings, model: str | None, analysis_type: str) -> Route:
    """Raises NoKeyError where a model is named whose provider has no key, UsageError for an unknown name."""
    named = model or settings.model
    if named == LOCAL:
        return Route(Model(LOCAL, LOCAL), "local analyst, as asked: nothing leaves this machine")
    if named:
        found = find_model(named)
        if not settings.keys.get(found.provider):
            raise NoKeyError(
                f"{found.id} needs a key of {found.provider}: {KEY_HINTS[found.provider]}, or ask without a model "
                "(the local analyst answers)"
            )
        return Route(found, f"{found.id}, as {'asked' if model else 'set in the settings'}")
    for candidate in models():
        if analysis_type in candidate.default_for and settings.keys.get(candidate.provider):
            return Route(candidate, f"{candidate.id}: the catalogue's first choice for {analysis_type} with a key here")
    hint = " or ".join(KEY_HINTS.values())
    return Route(Model(LOCAL, LOCAL), f"local analyst: no provider has a key here ({hint})")
