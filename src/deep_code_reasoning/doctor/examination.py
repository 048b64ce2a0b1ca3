"""All checks in their order. Each is asked alone: one that breaks is a problem of its own, and the rest goes on."""

from __future__ import annotations

from collections.abc import Callable

from deep_code_reasoning.doctor import reach, server_start, surroundings
from deep_code_reasoning.doctor.check import Check
from deep_code_reasoning.settings import Settings

CHECKS: tuple[Callable[[Settings], Check], ...] = (
    surroundings.python,
    surroundings.libraries,
    surroundings.git,
    surroundings.state_directory,
    surroundings.ledger,
    surroundings.kernels,
    reach.roots,
    reach.keys,
    reach.known_to,
    server_start.answers,
)


def examine(settings: Settings) -> list[Check]:
    return [_asked(check, settings) for check in CHECKS]


def _asked(check: Callable[[Settings], Check], settings: Settings) -> Check:
    try:
        return check(settings)
    except Exception as error:
        name = getattr(check, "__name__", "check").replace("_", " ")
        return Check(name, "problem", f"{type(error).__name__}: {error}", "please report this")
