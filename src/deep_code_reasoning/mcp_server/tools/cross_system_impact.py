"""`cross_system_impact`: whom a change reaches, a row an impact, a function, an operation, a service."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.conversation.arguments import Arguments, Required, can_be_a_path
from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.mcp_server.pages import Result

if TYPE_CHECKING:
    from deep_code_reasoning.investigation import Investigations
    from deep_code_reasoning.progress import Work

LASTS = True

_EXPECTED = "{files, service_names?}"
_TYPES = ("breaking", "performance", "behavioral")


def paths(arguments: Mapping[str, Any]) -> list[str]:
    given = Arguments.of(arguments)
    root = _root(given)
    return [*([root] if root else _files(given)), *given.paths("evidence")]


def call(desk: Investigations, arguments: Mapping[str, Any], work: Work) -> Result:
    from deep_code_reasoning.running_code.impact.cross_system import ChangeScope, cross_system_impact

    given = Arguments.of(arguments)
    scope = given.object("change_scope", Required(_EXPECTED))
    root = _root(given)
    report = cross_system_impact(
        desk,
        ChangeScope(_files(given), scope.texts("service_names"), _types(given), given.text("revision", None)),
        root=Path(root) if root else None,
        roots=desk.settings.allowed_roots,
        evidence=given.paths("evidence"),
        investigation=given.text("investigation", None),
        work=work,
    )
    told = report.as_json()
    lists = {name: told.pop(name) for name in ("impacts", "services", "operations", "functions", "scope")}
    cost = {"seconds": told.pop("seconds"), "dollars": 0.0}
    return Result({**told, "cost": cost}, lists)


def _files(given: Arguments) -> tuple[str, ...]:
    scope = given.object("change_scope", Required(_EXPECTED))
    files = scope.paths("files", Required("a list of paths"))
    if not files:
        raise UsageError(f"{scope.at('files')}: empty; expected a list of paths")
    return files


def _types(given: Arguments) -> tuple[Any, ...]:
    asked = given.texts("impact_types")
    for one in asked:
        if one not in _TYPES:
            raise UsageError(f"impact_types: {one[:60]!r}; expected some of {', '.join(_TYPES)}")
    return tuple(one for one in _TYPES if one in asked) or _TYPES


def _root(given: Arguments) -> str | None:
    text = given.text("root", None)
    if text is not None and not can_be_a_path(text):
        raise UsageError(f"root: no path can hold this: {text[:60]!r}")
    return text or None
