"""What the free text of a record tells: its level, ids of trace and span, a stack trace."""

from __future__ import annotations

import re

from deep_code_reasoning.sources.logs.log_record import LogRecord
from deep_code_reasoning.sources.logs.severity import severity_number
from deep_code_reasoning.sources.logs.trace_lines import find_stack_trace

LEVELS = (
    *("TRACE", "DEBUG", "DBG", "INFO", "NOTICE", "WARN", "WARNING", "ERROR", "ERR", "SEVERE", "CRITICAL", "CRIT"),
    *("FATAL", "ALERT", "EMERG", "PANIC"),
)
LEVELS_FIRST = frozenset(LEVELS[:-3])  # words that say nothing else where a message begins with them
LOWER_LEVELS = (
    *("trace", "debug", "info", "notice", "warn", "warning", "error", "crit", "critical"),
    *("alert", "emerg", "fatal", "panic"),
)
LEVEL_CHARACTERS = 120  # of a message: where its level is looked for
_LEVEL_WORD = re.compile(rf"(?:^|[\s\[(<|=\":])({'|'.join(LEVELS)})(?![\w.-])")
_LOWER_LEVEL = re.compile(rf"(?:[\[<]|\blevel=\"?|\|\s{{0,4}})({'|'.join(LOWER_LEVELS)})\b")
_TRACE_ID = re.compile(
    r"(?<![0-9A-Fa-f-])(?:00-)?([0-9a-f]{32})(?![0-9A-Fa-f])(?:[-,:/ ]{1,2}([0-9a-f]{16})(?![0-9A-Fa-f]))?"
)
_MAY_BE_ID = re.compile(r"[0-9a-f]{32}")
_SPAN_ID = re.compile(r"span_?-?id\W{1,4}([0-9a-f]{16})(?![0-9a-f])", re.IGNORECASE)


def complete(record: LogRecord, lines: list[str]) -> None:
    """Fills in what a record's message and the `lines` below it say; what the record's start said stays."""
    while lines and not lines[-1].strip("\0 \t"):
        lines.pop()
    message = record.body.strip("\0")
    if record.severity_text is None and record.severity_number is None and (level := _level_word(message)):
        record.severity_text, record.severity_number = level, severity_number(level)
    if lines:
        everything = [message, *lines]
        trace = find_stack_trace(everything)
        if trace is None:
            message = "\n".join(everything)
        else:
            message = "\n".join(everything[: max(trace.first, 1)])
            record.exception_type = record.exception_type or trace.exception_type
            record.exception_stacktrace = record.exception_stacktrace or "\n".join(everything[trace.first :])
    record.body = message
    if record.trace_id is None:
        record.trace_id, span = _ids(message)
        record.span_id = record.span_id or span


def severity_of(record: LogRecord) -> int | None:
    """The record's severity, also where only a word in its message tells it."""
    if record.severity_number is None and record.severity_text is None and (level := _level_word(record.body)):
        return severity_number(level)
    return record.severity_number


def _level_word(message: str) -> str | None:
    word = message[:10].partition(" ")[0]
    if word in LEVELS_FIRST:  # what the search below would find; most records begin so
        return word
    head = message[:LEVEL_CHARACTERS]
    match = _LEVEL_WORD.search(head) or _LOWER_LEVEL.search(head)
    return match[1] if match else None


def _ids(body: str) -> tuple[str | None, str | None]:
    match = _TRACE_ID.search(body) if len(body) >= 32 and _MAY_BE_ID.search(body) else None
    if not match or not match[1].strip("0"):
        return None, None
    if match[2]:
        return match[1], match[2]
    span = _SPAN_ID.search(body)
    return match[1], span[1] if span else None
