"""The environment in a name that puts it beside the service: `cart-production`, `staging/cart`, `shop-prod`."""

from __future__ import annotations

import re

_WORD = (
    "production|prod|prd|staging|stage|stg|preprod|pre-prod|preproduction|development|dev|test|testing|qa|uat"
    "|sandbox|canary"
)
_LONGEST = 253  # characters, as Kubernetes' names
_ALONE = re.compile(rf"(?:{_WORD})(?:[-_]?\d+)?", re.IGNORECASE)
_BEHIND = re.compile(rf"(.+?)(?:\s*[/:@.]\s*|[-_ ])((?:{_WORD}))", re.IGNORECASE)
_BEFORE = re.compile(rf"((?:{_WORD}))(?:\s*[/:@.]\s*|[-_ ])(.+)", re.IGNORECASE)


def split_environment(name: str | None) -> tuple[str | None, str | None]:
    """(what is left of the name, the environment); a name without one is all name."""
    if not name:
        return None, None
    if len(name) > _LONGEST:
        return name, None
    if _ALONE.fullmatch(name):
        return None, name
    if found := _BEHIND.fullmatch(name):
        return found[1].strip(), found[2]
    if found := _BEFORE.fullmatch(name):
        return found[2].strip(), found[1]
    return name, None


def environment_in(name: str | None) -> str | None:
    """The environment that a namespace or project is called by; None where it is called by something else."""
    return split_environment(name)[1]
