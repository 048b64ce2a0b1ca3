"""The catalogue of semantic diff patterns. A module of `patterns/` that defines PATTERN is in it."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from functools import cache
from types import ModuleType

from deep_code_reasoning.changes.diffs import patterns
from deep_code_reasoning.changes.diffs.pattern import Pattern


@cache
def modules() -> tuple[ModuleType, ...]:
    """Every pattern's module, in the order of the codes."""
    found = (
        importlib.import_module(f"{patterns.__name__}.{one.name}") for one in pkgutil.iter_modules(patterns.__path__)
    )
    return tuple(sorted((one for one in found if hasattr(one, "PATTERN")), key=lambda one: one.PATTERN.code))


@cache
def all_patterns() -> dict[str, Pattern]:
    """By name."""
    return {module.PATTERN.name: module.PATTERN for module in modules()}


def page(code_or_name: str) -> str | None:
    """The pattern's page in Markdown: a header from PATTERN, then its module's docstring. None: no such pattern."""
    wanted = code_or_name.strip().casefold()
    for module in modules():
        pattern = module.PATTERN
        if wanted in (pattern.code.casefold(), pattern.name.casefold()):
            text = (inspect.getdoc(module) or "").strip()
            symptoms = ", ".join(sorted(pattern.symptoms))
            return (
                f"# {pattern.code} {pattern.name}\n\nA change that {pattern.words}.\n\nSymptoms: {symptoms}\n\n{text}\n"
            )
    return None
