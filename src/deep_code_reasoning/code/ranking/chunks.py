"""A file in pieces that can be read alone: functions, methods, heads of classes, and what lies between them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from deep_code_reasoning.code.language import language_of
from deep_code_reasoning.code.outline import Outline, Part, outline
from deep_code_reasoning.code.parsing import parse

MOST_LINES = 70
FEWEST_LINES = 3
"""A shorter piece goes with the one before it."""
MOST_CHUNKS = 2_000

_BELONGS_BELOW = re.compile(r"^\s*(@|#|//|/\*|\*|\"\"\"|\[[A-Z]|<!--|--)")


@dataclass(frozen=True)
class Chunk:
    """Lines from 1, both included. `name`: the function or class, empty where it is neither."""

    line: int
    end_line: int
    name: str = ""


def chunks(path: str, data: bytes) -> list[Chunk]:
    """All lines of the file, in pieces of at most MOST_LINES; without a grammar windows of that length."""
    lines = data.decode("utf-8", "replace").split("\n")
    if lines and not lines[-1]:
        lines.pop()
    language = language_of(path)
    parsed = parse(data, language) if language else None
    starts = _starts(outline(parsed), lines) if parsed and not isinstance(parsed, str) else {}
    return _pieces(starts, len(lines))[:MOST_CHUNKS]


def _starts(read: Outline, lines: list[str]) -> dict[int, str]:
    """Line a piece begins with -> its name. Functions within functions begin none."""
    starts: dict[int, str] = {}
    for part in read.parts:
        if part.role not in ("function", "class") or part.nearest("function") or part.line > len(lines):
            continue
        line = part.line
        while line > 1 and _BELONGS_BELOW.match(lines[line - 2]) and line - 1 not in starts:
            line -= 1
        if part.end_line - part.line + 1 >= FEWEST_LINES or part.role == "class":
            starts[line] = _name(part)
            if part.end_line < len(lines):
                starts.setdefault(part.end_line + 1, "")
    return starts


def _name(part: Part) -> str:
    if part.role == "class":
        around = [one.name for one in part.around("class") if one.name]
        return ".".join([*reversed(around), part.name])
    return part.name


def _pieces(starts: dict[int, str], count: int) -> list[Chunk]:
    found: list[Chunk] = []
    begins = sorted({1, *(line for line in starts if line <= count)})
    for line, following in zip(begins, [*begins[1:], count + 1], strict=True):
        name, length = starts.get(line, ""), following - line
        if not name and length < FEWEST_LINES and found and found[-1].end_line - found[-1].line < MOST_LINES - 5:
            found[-1] = Chunk(found[-1].line, following - 1, found[-1].name)
            continue
        parts = -(-length // MOST_LINES)
        for part in range(parts):  # a long one in equal parts
            first, last = line + part * length // parts, line + (part + 1) * length // parts - 1
            if first <= last:
                found.append(Chunk(first, last, name))
    return found
