"""The catalogue of detectors. A module of a family folder that defines RULE is in it; nothing registers anything.

A family is a package beside this file (`locks/`, `errors/` ...) with a one-line docstring; `groundwork/` is no
family, it computes what several detectors read.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from types import ModuleType

from deep_code_reasoning import detectors
from deep_code_reasoning.detectors.contract import Rule
from deep_code_reasoning.errors import UsageError


@cache
def modules() -> tuple[ModuleType, ...]:
    """Every detector's module, in the order of the codes of their rules."""
    return tuple(sorted(_walk(), key=lambda module: module.RULE.code))


def all_rules() -> tuple[Rule, ...]:
    """All rules in the order of their codes."""
    return tuple(module.RULE for module in modules())


def rule(code_or_name: str) -> Rule:
    """The rule with this code (`LOCK001`) or name (`lease-overlap`), in any case. Raises UsageError."""
    wanted = code_or_name.strip().casefold()
    by_name = {key.casefold(): rule for rule in all_rules() for key in (rule.code, rule.name)}
    if wanted in by_name:
        return by_name[wanted]
    close = [by_name[key] for key in get_close_matches(wanted, by_name, n=3)] or all_rules()
    known = ", ".join(dict.fromkeys(f"{rule.code} {rule.name}" for rule in close))
    raise UsageError(f"no detector {code_or_name!r}; known are {known}")


def page(code_or_name: str) -> str:
    """The rule's page in Markdown: a header from RULE, then the docstring of its module. Raises UsageError."""
    found = rule(code_or_name)
    text = next(inspect.getdoc(module) or "" for module in modules() if module.RULE is found)
    reads = ", ".join(found.needs) or "whatever of it there is"
    facts = f"Severity: {found.severity} · role: {found.role} · reads: {reads}"
    return f"# {found.code} {found.name}\n\n{found.title}\n\n{facts}\n\n{text.strip()}\n"


def _walk() -> Iterator[ModuleType]:
    for family in pkgutil.iter_modules(detectors.__path__):
        if not family.ispkg:
            continue
        package = importlib.import_module(f"{detectors.__name__}.{family.name}")
        for entry in pkgutil.iter_modules(package.__path__):
            module = importlib.import_module(f"{package.__name__}.{entry.name}")
            if hasattr(module, "RULE"):
                yield module
