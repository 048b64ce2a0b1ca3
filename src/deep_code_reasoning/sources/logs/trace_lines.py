"""Recognises a stack trace among the lines of a log record: Java, .NET, Python, Node, Go, Rust."""

from __future__ import annotations

import re
from typing import NamedTuple

_NAME = r"(?:[A-Za-z_$][\w$]{0,127}[.:]{1,2}){0,32}[A-Za-z_$][\w$]{0,127}"
_AT_FRAME = re.compile(r"\s{1,64}at [^\s(].{0,4096}|\s{1,64}\.\.\. \d{1,9} (?:more|common frames omitted)")
_EXCEPTION_LINE = re.compile(
    rf"(?:Exception in thread \"[^\"]{{0,256}}\" |Unhandled exception\. |Uncaught )?({_NAME})(?::\s|$)"
)
_NAMED_AT_END = re.compile(rf"(?<![\w$.])({_NAME}(?:Exception|Error|Throwable|Failure|Fault))\b")
_PYTHON_HEAD = "Traceback (most recent call last):"
_PYTHON_GROUP_HEAD = "Exception Group Traceback (most recent call last):"
_GO_GOROUTINE = re.compile(r"goroutine \d{1,18} \[")
_GO_PANIC = re.compile(r"panic: (runtime error)?")
_RUST_PANIC = re.compile(r"thread '[^']{0,256}' (?:\(\d+\) )?panicked at ")


class StackTrace(NamedTuple):
    """`first` is the index of the line in the record at which the trace begins (0: in the message line itself)."""

    exception_type: str | None
    first: int


def find_stack_trace(lines: list[str]) -> StackTrace | None:
    """The stack trace in a record of several lines; None where its lines are no trace."""
    for index, line in enumerate(lines):
        if _PYTHON_HEAD in line:
            return StackTrace(_python_type(lines, index + 1), index)
        if _GO_GOROUTINE.match(line) and index + 1 < len(lines):
            return _go(lines, index)
        if _RUST_PANIC.search(line):
            return StackTrace("panic", index)
        if index and _AT_FRAME.match(line):
            return _frames(lines, index)
    return None


def _frames(lines: list[str], frame: int) -> StackTrace:
    """Java, .NET and Node put the exception right above its first frame; its message may take several lines."""
    for index in range(frame - 1, 0, -1):
        if match := _EXCEPTION_LINE.match(lines[index].strip()):
            return StackTrace(match[1], index)
    match = _NAMED_AT_END.search(lines[0])
    return StackTrace(match[1] if match else None, 1 if match is None or frame > 1 else frame)


def _python_type(lines: list[str], start: int) -> str | None:
    """The exception that ends the last traceback: what is printed last is what was raised last."""
    found = None
    for line in lines[start:]:
        text = line.lstrip("| +-") if line[:1] in " |" and "|" in line[:8] else line
        if text[:1].isspace() or _PYTHON_HEAD in text or _PYTHON_GROUP_HEAD in text:
            continue
        if (match := _EXCEPTION_LINE.match(text)) and "." not in text[match.end(1) : match.end(1) + 1]:
            found = match[1]
    return found


def _go(lines: list[str], index: int) -> StackTrace:
    for above in range(index, -1, -1):
        if match := _GO_PANIC.search(lines[above]):
            return StackTrace(match[1] or "panic", max(above, 0))
    return StackTrace(None, index)


_WITHIN = re.compile(
    r"Caused by: |Suppressed: |During handling of the above exception|The above exception was the direct cause"
    r"|goroutine \d|created by |\[signal |exit status |\[originating from "
)
_TRACE_HEAD = re.compile(rf"{_NAME}(?:Exception|Error|Throwable|Failure|Fault)(?::\s|$)")
_GO_CALL = re.compile(r"[\w./*()\[\]-]{1,512}\(.{0,1024}\)$")


def belongs_to_trace(line: str, above: list[str], *, after_error: bool) -> bool:
    """Whether a line without a time belongs to the record of the lines `above`, told by the line and the trace so far.

    What heads a stack trace belongs to a record of error severity right above it (`after_error`).
    """
    if not line.strip() or line[0].isspace() or _WITHIN.match(line):
        return True
    indented = any(text[:1].isspace() for text in above[1:])
    if _PYTHON_HEAD in line:
        chained = any(text.startswith(("During handling", "The above exception")) for text in above[-3:])
        return chained or (after_error and not indented)
    if any(_PYTHON_HEAD in text for text in above) and above[-1][:1].isspace():
        return bool(_EXCEPTION_LINE.match(line))
    if _GO_CALL.match(line) and any(_GO_GOROUTINE.match(text) for text in above):
        return True
    return after_error and not indented and bool(_TRACE_HEAD.match(line))
