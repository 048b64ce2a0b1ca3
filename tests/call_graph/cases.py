"""Pages of `cases/`: files of a small program, an entry point, and the path that has to be found."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deep_code_reasoning.code.graph.execution_path import ExecutionPath, Step

FOLDER = Path(__file__).with_name("cases")
_BLOCK = re.compile(r"^```(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Case:
    entry: str
    files: dict[str, str]
    expected: str


def read_case(path: Path) -> Case:
    text = path.read_text(encoding="utf-8")
    blocks = dict(_BLOCK.findall(text))
    expected = blocks.pop("path", "")
    entry = re.search(r"^entry: (.+)$", text, re.MULTILINE)
    assert entry
    return Case(entry[1], blocks, expected)


def shown(path: ExecutionPath) -> str:
    """A line a step; below it what it does (`!`) and, of its call, which argument becomes which parameter (`=`)."""
    return "\n".join(line for step in path.steps() for line in _lines(step)) + "\n"


def _lines(step: Step) -> Iterator[str]:
    margin = "  " * step.depth
    marks = [
        *([f"{step.how} {step.confidence:.2f}"] if step.call else []),
        *(["loop"] if step.in_loop else []),
        *(["awaited"] if step.is_awaited else []),
        *(["beside"] if step.is_spawned else []),
        *(["by name"] if step.is_reference else []),
        *(f"under {name}" for name in step.locks_held),
        *([step.cut] if step.cut else []),
    ]
    at = f" <- {step.call_line}" if step.call_line else ""
    yield f"{margin}{step.function} {step.file}:{step.line}{at} [{', '.join(marks)}]"
    for flow in step.flows:
        onward = "".join(f", {one.call}:{one.parameter or '?'}" for one in flow.passed_on)
        yield f"{margin}  = {flow.argument} -> {flow.parameter}{onward}"
    for effect in step.effects:
        yield f"{margin}  ! {effect.kind} {effect.line} {effect.text}"
