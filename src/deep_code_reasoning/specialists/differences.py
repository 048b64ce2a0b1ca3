"""What a second analysis says otherwise than the first: the effect of having been told the caller's theory."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deep_code_reasoning.specialists.analysis import Analysis, RootCause

_MOST = 120
_WORTH_TELLING = 0.05


def differences(before: Analysis, after: Analysis) -> tuple[str, ...]:
    """The leading cause, its confidence, and causes that came or went. Causes are the same where their words are."""
    told = []
    first, second = _leading(before), _leading(after)
    if (first and _key(first)) != (second and _key(second)):
        told.append(f"leading cause: was {_name(first)}, now {_name(second)}")
    elif first and second and abs(first.confidence - second.confidence) >= _WORTH_TELLING:
        told.append(f"confidence in {_name(first)}: was {first.confidence:.2f}, now {second.confidence:.2f}")
    was = {_key(cause): cause for cause in before.root_causes}
    now = {_key(cause): cause for cause in after.root_causes}
    told += [f"new: {_name(cause)}" for key, cause in now.items() if key not in was and cause != second]
    told += [f"no longer held: {_name(cause)}" for key, cause in was.items() if key not in now and cause != first]
    return tuple(told)


def _leading(analysis: Analysis) -> RootCause | None:
    return max(analysis.root_causes, key=lambda cause: cause.confidence, default=None)


def _key(cause: RootCause) -> str:
    return " ".join(cause.description.lower().split())


def _name(cause: RootCause | None) -> str:
    if cause is None:
        return "none"
    return f'"{cause.description[:_MOST]}" ({cause.confidence:.2f})'
