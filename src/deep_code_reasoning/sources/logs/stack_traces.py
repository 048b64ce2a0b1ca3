"""Frames of stack traces of Java (Kotlin, Scala), Python, Go, Node and .NET."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

_CAUSE = re.compile(r"\s{0,64}(?:\[?cause\]?: |Caused by: )")
_SUPPRESSED = re.compile(r"\s{1,64}Suppressed: ")
_PYTHON_HEAD = "Traceback (most recent call last):"
_MAX_CHARACTERS = 1 << 20


class Frame(NamedTuple):
    """`function` with its package or class where the runtime prints it; None where it is anonymous."""

    function: str | None
    file: str
    line: int | None


class _Patterns(NamedTuple):
    any_frame: tuple[re.Pattern[str], ...]
    python: re.Pattern[str]
    go: re.Pattern[str]
    go_function: re.Pattern[str]
    library_function: re.Pattern[str]
    library_file: re.Pattern[str]


@cache
def _patterns() -> _Patterns:
    table = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    frame = {name: re.compile(pattern) for name, pattern in table["frames"].items()}
    library = {name: re.compile(pattern) for name, pattern in table["library"].items()}
    return _Patterns(
        (frame["java"], frame["dotnet"], frame["node"]),
        frame["python"],
        frame["go"],
        frame["go_function"],
        library["function"],
        library["file"],
    )


def frames(text: str) -> list[Frame]:
    """Every frame with a place in a file, of the root cause first, each exception's from the innermost call outwards.

    Java and Node print causes below what they caused, Python and .NET above it; suppressed exceptions come last.
    """
    lines = text[:_MAX_CHARACTERS].splitlines()
    if any(_PYTHON_HEAD in line for line in lines):
        return [frame for section in _python_sections(lines) for frame in reversed(section)]
    sections: list[list[Frame]] = [[]]
    suppressed: list[Frame] = []
    target = sections[0]
    indent = -1  # of the suppressed exception whose frames are read
    above = ""
    for line in lines:
        if _SUPPRESSED.match(line):
            target, indent = suppressed, _indent(line)
        elif _CAUSE.match(line) and (indent < 0 or _indent(line) < indent):
            target, indent = [], -1
            sections.append(target)
        elif frame := _frame(line, above):
            if indent >= 0 and _indent(line) <= indent:
                target, indent = sections[-1], -1
            target.append(frame)
        above = line
    return [frame for section in reversed(sections) for frame in section] + suppressed


def application_frame(text: str) -> Frame | None:
    """The innermost frame of the root cause that is neither the runtime's nor a known library's."""
    patterns = _patterns()
    for frame in frames(text):
        if frame.function and patterns.library_function.match(frame.function):
            continue
        if not patterns.library_file.search(frame.file):
            return frame
    return None


def _python_sections(lines: list[str]) -> Iterator[list[Frame]]:
    """A traceback each, in the order printed: what happened first comes first."""
    section: list[Frame] = []
    for line in lines:
        if _PYTHON_HEAD in line and section:
            yield section
            section = []
        elif match := _patterns().python.match(line):
            section.append(Frame(match["function"], match["file"], int(match["line"])))
    yield section


def _frame(line: str, above: str) -> Frame | None:
    line = line[:4096]
    patterns = _patterns()
    if match := patterns.go.fullmatch(line.rstrip()):
        named = patterns.go_function.fullmatch(above[:2048].strip())
        return Frame(named["function"] if named else None, match["file"], int(match["line"]))
    if "at " not in line:
        return None
    for pattern in patterns.any_frame:
        if match := pattern.match(line):
            return Frame(match["function"], match["file"], int(match["line"]) if match["line"] else None)
    return None


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
