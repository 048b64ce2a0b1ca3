"""What a calling agent hands over, brought to one shape whatever its spelling.

The mission's `claude_context` arrives with snake_case or camelCase keys, findings of any shape, and text that is full
of code (`<`, `{`, quotes). File names may hold anything a file system takes. Nothing is refused for its characters;
what is refused is named by its path in the call (`claude_context.code_scope.files[2]`), on one line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from deep_code_reasoning.conversation.arguments import Arguments, Required, can_be_a_path, snake
from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.incident import TimeWindow

AnalysisType = Literal["execution_trace", "cross_system", "performance", "hypothesis_test"]
ANALYSIS_TYPES: tuple[AnalysisType, ...] = get_args(AnalysisType)
TEXT_LIMIT = 1_000_000  # characters in one call; larger text is evidence and belongs in a file

_FILE_AND_LINE = re.compile(r"(?P<file>.+?):(?P<line>\d+)(?::\d+)?")
_CONTEXT = "{attempted_approaches, partial_findings, stuck_description, code_scope: {files}}"
_SCOPE = "{files: [...], entry_points?, service_names?}"


@dataclass(frozen=True)
class EntryPoint:
    """Where execution starts; `line` counts from 1, None where the caller gave none."""

    file: str
    line: int | None = None
    function_name: str | None = None


@dataclass(frozen=True)
class CodeScope:
    """`files` may name folders. A name that is not on this machine stays: it still says what the bug touches."""

    files: tuple[str, ...] = ()
    entry_points: tuple[EntryPoint, ...] = ()
    service_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class EscalationRequest:
    """`depth_level` is 1..5. `evidence` are paths; `investigation` names one already loaded; `model` a specialist.

    `attempt_minutes`: how long each attempt took, None where the caller did not say. `recent_events`: what the agent
    did lately, in any shape, and `transcript` a file of it (stuck/events.py): read to recognise disguised retries.
    """

    attempted_approaches: tuple[str, ...] = ()
    attempt_minutes: tuple[float | None, ...] = ()
    partial_findings: tuple[Any, ...] = ()
    stuck_description: str = ""
    code_scope: CodeScope = CodeScope()
    analysis_type: AnalysisType = "cross_system"
    depth_level: int = 3
    time_budget_seconds: float = 60
    evidence: tuple[str, ...] = ()
    investigation: str | None = None
    model: str | None = None
    question: str | None = None
    baseline: TimeWindow | None = None
    incident: TimeWindow | None = None
    recent_events: tuple[Any, ...] = ()
    transcript: str | None = None

    @classmethod
    def of_evidence(
        cls,
        evidence: tuple[str, ...] = (),
        attempted_approaches: tuple[str, ...] = (),
        investigation: str | None = None,
        transcript: str | None = None,
    ) -> EscalationRequest:
        """A request that only points at evidence, as the command line makes it."""
        return cls(
            evidence=evidence,
            attempted_approaches=attempted_approaches,
            investigation=investigation,
            transcript=transcript,
        )

    @classmethod
    def from_call(cls, arguments: Mapping[str, Any], *, required: bool = True) -> EscalationRequest:
        """Reads the arguments of a tool call. Raises UsageError on one line that names the field.

        `required`: the mission's required fields (claude_context, analysis_type) must be there; without it every
        field is optional, as for a mere look at the numbers.
        """

        def needed(expected: str, default: Any) -> Any:
            return Required(expected) if required else default

        call = Arguments.of(arguments)
        context = call.object("claude_context", needed(_CONTEXT, {}))
        scope = context.object("code_scope", needed(_SCOPE, {}))
        attempts, minutes = _attempts(context, needed("a list of what was tried, [] if nothing", ()))
        request = cls(
            attempted_approaches=attempts,
            attempt_minutes=minutes,
            partial_findings=context.anything("partial_findings"),
            stuck_description=context.text("stuck_description", needed("where you are stuck, as text", "")) or "",
            code_scope=CodeScope(
                files=scope.paths("files", needed("a list of file names, [] if none", ())),
                entry_points=_entry_points(scope),
                service_names=scope.texts("service_names"),
            ),
            analysis_type=call.choice(
                "analysis_type", ANALYSIS_TYPES, needed(f"one of {', '.join(ANALYSIS_TYPES)}", "cross_system")
            ),
            depth_level=int(call.number("depth_level", 3, least=1, most=5, whole=True)),
            time_budget_seconds=call.number("time_budget_seconds", 60, least=1, most=86_400),
            evidence=call.paths("evidence"),
            investigation=call.text("investigation", None),
            model=call.text("model", None),
            question=call.text("question", None),
            baseline=call.window("baseline"),
            incident=call.window("incident"),
            recent_events=call.anything("recent_events"),
            transcript=next(iter(call.paths("transcript")), None),
        )
        _refuse_flood(request)
        return request

    def task(self) -> str | None:
        """What the specialist is asked, in the caller's own words: question, where it is stuck, what it has."""
        parts = [self.question or "", self.stuck_description]
        parts += [f"Tried already, without success: {attempt}" for attempt in self.attempted_approaches]
        parts += [f"Found so far by the caller: {_as_text(found)}" for found in self.partial_findings]
        parts += [f"Entry point: {entry}" for entry in map(_entry_text, self.code_scope.entry_points)]
        if self.code_scope.service_names:
            parts.append(f"Services in question: {', '.join(self.code_scope.service_names)}")
        return "\n".join(part for part in parts if part.strip()) or None

    def as_json(self) -> dict[str, Any]:
        """The request as plain values, complete enough to be made again but for the events: those are only counted."""
        plain = asdict(replace(self, recent_events=()))
        plain["recent_events"] = len(self.recent_events)
        for name in ("baseline", "incident"):
            window = getattr(self, name)
            plain[name] = window.as_json() if window else None
        return plain


def _attempts(context: Arguments, default: Any) -> tuple[tuple[str, ...], tuple[float | None, ...]]:
    """What was tried and how many minutes each took: texts, or {approach, minutes} where the time is known."""
    value = context.value("attempted_approaches", default)
    texts: list[Any] = []
    minutes: list[float | None] = []
    if not isinstance(value, list | tuple):
        return context.texts("attempted_approaches", default), ()
    for item in value:
        fields = {snake(str(name)): part for name, part in item.items()} if isinstance(item, Mapping) else {}
        text = fields.get("approach") or fields.get("description") if fields else item
        if isinstance(text, str) and not text.strip():
            continue
        spent = fields.get("minutes")
        texts.append(text)
        is_time = isinstance(spent, int | float) and not isinstance(spent, bool) and 0 <= spent < 1e6
        minutes.append(float(spent) if is_time else None)
    typed = Arguments(context.path, {"attempted_approaches": texts}).texts("attempted_approaches", ())
    return typed, tuple(minutes) if any(one is not None for one in minutes) else ()


def _entry_points(scope: Arguments) -> tuple[EntryPoint, ...]:
    """Any shape: {file, line, function_name}, "file:line", or a bare name; what names no file is taken as text."""
    points = (_entry_point(value) for value in scope.anything("entry_points"))
    return tuple(point for point in points if can_be_a_path(point.file))


def _entry_point(value: Any) -> EntryPoint:
    if not isinstance(value, Mapping):
        match = _FILE_AND_LINE.fullmatch(str(value))
        return EntryPoint(match["file"], int(match["line"])) if match else EntryPoint(str(value))
    fields = {snake(str(name)): item for name, item in value.items()}
    file = fields.get("file") or fields.get("path") or fields.get("location")
    function = fields.get("function_name") or fields.get("function")
    line = fields.get("line")
    if isinstance(line, str) and line.isdigit():
        line = int(line)
    return EntryPoint(
        file=str(file) if file else str(dict(value)),
        line=int(line) if isinstance(line, int | float) and not isinstance(line, bool) else None,
        function_name=str(function) if function else None,
    )


def _as_text(finding: Any) -> str:
    return finding if isinstance(finding, str) else json.dumps(finding, ensure_ascii=False, default=str)


def _entry_text(entry: EntryPoint) -> str:
    line = f":{entry.line}" if entry.line else ""
    return f"{entry.file}{line}" + (f" ({entry.function_name})" if entry.function_name else "")


def _refuse_flood(request: EscalationRequest) -> None:
    size = _characters([request.as_json(), request.recent_events])
    if size > TEXT_LIMIT:
        raise UsageError(
            f"claude_context: {size:,} characters; at most {TEXT_LIMIT:,} are taken in a call, "
            "so put long text into a file and name it in `evidence`"
        )


def _characters(value: Any) -> int:
    """Characters of all text within a JSON-like value; without recursion, since a finding may be nested at will."""
    total, pending = 0, [value]
    while pending and total <= TEXT_LIMIT:
        item = pending.pop()
        if isinstance(item, str):
            total += len(item)
        elif isinstance(item, Mapping):
            pending.extend(item.keys())
            pending.extend(item.values())
        elif isinstance(item, list | tuple):
            pending.extend(item)
    return total
