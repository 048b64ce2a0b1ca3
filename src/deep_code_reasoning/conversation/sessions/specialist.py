"""Who is asked in a conversation, and how its provider is opened: the one place where sessions meet the router."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.errors import NoKeyError
from deep_code_reasoning.specialists.catalogue import KEY_HINTS, LOCAL, models
from deep_code_reasoning.specialists.router import choose

if TYPE_CHECKING:
    from deep_code_reasoning.conversation.sessions.records import Session
    from deep_code_reasoning.finding import Diagnosis
    from deep_code_reasoning.settings import Settings
    from deep_code_reasoning.specialists.port import Provider
    from deep_code_reasoning.specialists.router import Route
    from deep_code_reasoning.specialists.tools.toolbox import Toolbox
    from deep_code_reasoning.store.tables import Tables


def route_for(settings: Settings, model: str | None, analysis_type: str) -> Route:
    """Raises NoKeyError where a model is named whose provider has no key, UsageError for an unknown name."""
    return choose(settings, model, analysis_type)


def route_again(settings: Settings, session: Session) -> Route:
    """To the model that a conversation is held with."""
    return choose(settings, name_of(session.provider, session.model), session.asked.analysis_type)


def name_of(provider: str, model: str) -> str:
    """By which a model is found again, also one that the catalogue does not have."""
    return model if provider == LOCAL or any(one.id == model for one in models()) else f"{provider}:{model}"


def provider_for(route: Route, settings: Settings, on_switch: Callable[[str], None]) -> Provider:
    """Raises NoKeyError, UsageError."""
    return provider_named(settings, route.provider, route.model)


def provider_named(settings: Settings, provider: str, model: str) -> Provider:
    """Just this one. Raises NoKeyError, UsageError."""
    from deep_code_reasoning.specialists.analyse import _provider

    if provider not in settings.keys:
        raise NoKeyError(f"{model} needs a key of {provider}: {KEY_HINTS.get(provider, 'it has none here')}")
    return _provider(provider, settings)


def toolbox_of(
    tables: Tables | None, diagnosis: Diagnosis, roots: Sequence[Path], settings: Settings
) -> Toolbox | None:
    """What the specialist may call; nothing where the evidence is not there any more."""
    return None
