"""Who may be sent what: the settings' privacy against what the catalogue says of a model.

What a model's `data_policy` may be is said in catalogue.py; any but "local" and "no_training" is accepted by
`privacy = "any"` alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deep_code_reasoning.specialists.catalogue import LOCAL, Model

if TYPE_CHECKING:
    from deep_code_reasoning.settings import Settings


def runs_here(entry: Model) -> bool:
    return entry.provider == LOCAL or entry.data_policy == "local"


def why_not_allowed(entry: Model, settings: Settings, *, private: bool = False) -> str | None:
    """Why this model may not be sent anything; None where it may. `private`: what would be sent may not leave."""
    if entry.provider == LOCAL:
        return None
    if entry.provider in settings.providers_denied:
        return f"{entry.provider} is in providers_denied"
    if settings.providers_allowed and entry.provider not in settings.providers_allowed:
        return f"{entry.provider} is not in providers_allowed ({', '.join(settings.providers_allowed)})"
    if runs_here(entry):
        return None
    if private:
        return "what is asked about may not leave this machine"
    if settings.privacy == "local_only":
        return "privacy = local_only: nothing leaves this machine"
    if settings.privacy == "no_training" and entry.data_policy != "no_training":
        return f"privacy = no_training, and the data policy of {entry.id} is {entry.data_policy!r}"
    return None
