"""`performance_bottleneck`: where the time of a path goes, what was measured and what syntax shows in lists apart."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.conversation.arguments import Arguments, Required
from deep_code_reasoning.mcp_server.pages import Result
from deep_code_reasoning.mcp_server.tools.trace_execution_path import entry_given, path_given

if TYPE_CHECKING:
    from deep_code_reasoning.investigation import Investigations
    from deep_code_reasoning.progress import Work

LASTS = True

_EXPECTED = "{entry_point, suspected_issues?}"
_ENTRY = "{file, line, function_name?}"


def paths(arguments: Mapping[str, Any]) -> list[str]:
    given = Arguments.of(arguments)
    file = path_given(_entry_point(given), "file", Required("a path"))
    return [path_given(given, "root") or file or ".", *given.paths("evidence")]


def call(desk: Investigations, arguments: Mapping[str, Any], work: Work) -> Result:
    from deep_code_reasoning.running_code.bottleneck.bottleneck import Question, performance_bottleneck

    given = Arguments.of(arguments)
    root = path_given(given, "root")
    question = Question(
        entry_given(_entry_point(given)),
        int(given.number("profile_depth", 3, least=1, most=5, whole=True)),
        given.object("code_path", Required(_EXPECTED)).texts("suspected_issues"),
        given.window("baseline"),
        given.window("incident"),
    )
    report = performance_bottleneck(
        desk,
        question,
        root=Path(root) if root else None,
        roots=desk.settings.allowed_roots,
        evidence=given.paths("evidence"),
        investigation=given.text("investigation", None),
        work=work,
    )
    told = report.as_json()
    names = ("suspected_issues", "measured", "static", "findings", "cpu", "operations")
    lists = {name: told.pop(name) for name in names}
    return Result({**told, "cost": {"seconds": told.pop("seconds"), "dollars": 0.0}}, lists)


def _entry_point(given: Arguments) -> Arguments:
    return given.object("code_path", Required(_EXPECTED)).object("entry_point", Required(_ENTRY))
