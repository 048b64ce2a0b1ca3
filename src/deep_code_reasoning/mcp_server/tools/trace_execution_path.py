"""`trace_execution_path`: a static path through source code, a row a step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.conversation.arguments import Arguments, Required, can_be_a_path
from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.mcp_server.pages import Result

if TYPE_CHECKING:
    from deep_code_reasoning.code.graph.entry_point import Entry
    from deep_code_reasoning.code.graph.execution_path import ExecutionPath, Flow, Step
    from deep_code_reasoning.investigation import Investigations
    from deep_code_reasoning.progress import Work

_EXPECTED = "{file, line, function_name?}"
_CALLS_TOLD = 4


def paths(arguments: Mapping[str, Any]) -> list[str]:
    given = Arguments.of(arguments)
    return [path_given(given, "root") or path_given(given.object("entry_point", Required(_EXPECTED)), "file") or "."]


def call(desk: Investigations, arguments: Mapping[str, Any], work: Work) -> Result:
    from deep_code_reasoning.code_questions import trace_path

    given = Arguments.of(arguments)
    root, settings = path_given(given, "root"), desk.settings  # with the roots that this client announced
    path = trace_path(
        entry_given(given.object("entry_point", Required(_EXPECTED))),
        root=Path(root) if root else None,
        settings=settings,
        roots=settings.allowed_roots,
        revision=given.text("revision", None),
        max_depth=int(given.number("max_depth", 10, least=0, most=100, whole=True)),
        include_data_flow=bool(given.value("include_data_flow", True)),
        investigation=given.text("investigation", None),
        work=work,
    )
    steps = sorted(path.steps(), key=lambda step: step.number)
    parents = {child.number: step.number for step in steps for child in step.steps}
    return Result(
        {
            "narrative": " ".join(_told(path, steps)),
            "joined": [asdict(one) for one in path.joined],
            "notes": path.notes,
        },
        {
            "steps": [_step(step, parents.get(step.number)) for step in steps],
            "callers": [_without_empty(asdict(one)) for one in path.callers],
            "unresolved": [_without_empty(asdict(one)) for one in path.unresolved],
        },
    )


def entry_given(given: Arguments) -> Entry:
    """Of an `entry_point`: file, and a line or a function's name."""
    from deep_code_reasoning.code.graph.entry_point import Entry

    function = given.text("function_name", None)
    line = given.number(
        "line", None if function else Required("a line of the function"), least=1, most=10**9, whole=True
    )
    return Entry(path_given(given, "file", Required("a path")), int(line) if line else None, function)


def path_given(given: Arguments, name: str, default: Any = None) -> str | None:
    """None where it is absent or empty. Raises UsageError for what can be no path."""
    text = given.text(name, default)
    if text is not None and not can_be_a_path(text):
        raise UsageError(f"{given.at(name)}: no path can hold this: {text[:60]!r}")
    return text or None


def _told(path: ExecutionPath, steps: list[Step]) -> Iterator[str]:
    entry = path.entry
    functions = len({(step.file, step.line, step.function) for step in steps})
    deepest = max(step.depth for step in steps)
    counted = f"{len(steps)} steps, {functions} functions, {deepest} calls deep"
    yield f"From {entry.function} ({entry.file}:{entry.line}): {counted}; {len(path.callers)} callers."
    yield f"{sum(one.times for one in path.unresolved)} calls lead to no function of this tree."
    if unsure := sum(step.confidence < 1 for step in steps):
        yield f"{unsure} steps are one of several candidates (confidence below 1)."
    kinds: dict[str, int] = {}
    for _, effect in {(step.file, effect) for step in steps for effect in step.effects}:
        kinds[effect.kind] = kinds.get(effect.kind, 0) + 1
    if kinds:
        yield "On the way: " + ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) + "."
    seen = [step for step in steps if step.observed]
    if path.joined:
        yield f"{len(seen)} steps were seen at run time."
    yield "Told from syntax; nothing was run."


def _step(step: Step, parent: int | None) -> dict[str, Any]:
    """In few characters: what is empty, false or certain is left out."""
    names = ("call_line", "call", "how", "in_loop", "is_awaited", "is_spawned", "is_reference", "locks_held", "cut")
    row = {
        "number": step.number,
        "parent": parent,
        "function": step.function,
        "at": f"{step.file}:{step.line}-{step.end_line}",
        "confidence": None if step.confidence == 1 else round(step.confidence, 2),
        **{name: getattr(step, name) for name in names},
        "flows": [_flow(flow) for flow in step.flows],
        "effects": [f"{effect.kind} {effect.line}: {effect.text}" for effect in step.effects],
        "observed": _without_empty(asdict(step.observed)) if step.observed else None,
    }
    return _without_empty(row)


def _flow(flow: Flow) -> str:
    onward = [f"{one.call}:{one.parameter or '?'} at {one.line}" for one in flow.passed_on[:_CALLS_TOLD]]
    return " -> ".join([flow.argument, flow.parameter, *([", ".join(onward)] if onward else [])])


def _without_empty(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value not in (None, "", (), [], False)}
