"""Assembles text log records from lines and turns them into rows."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deep_code_reasoning.sources.arrow_tables import BATCH_INPUT_BYTES, BATCH_ROWS, Rows, columns
from deep_code_reasoning.sources.logs.severity import severity_number
from deep_code_reasoning.sources.logs.stack_traces import find_stack_trace
from deep_code_reasoning.sources.logs.text_layouts import Layout, Start, generic_names, layouts, start_of
from deep_code_reasoning.sources.reader import Batch, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream

ASSUMED_UTC = "times without a zone, read as UTC (kept)"
ASSUMED_YEAR = "times without a year, read as the last before the file's own time (kept)"
NO_TIME = "text before the first line with a time (kept)"
RECORD_TOO_LONG = "lines of one record beyond 256 KiB (the record is kept without them)"

_RECORD_BYTES = 256 << 10
_LEVEL_WORD = re.compile(
    r"(?:^|[\s\[(<|=\":])(TRACE|DEBUG|DBG|INFO|NOTICE|WARN|WARNING|ERROR|ERR|SEVERE|CRITICAL|CRIT|FATAL|ALERT|EMERG|PANIC)"
    r"(?![\w.-])"
)
_LOWER_LEVEL = re.compile(
    r"(?:[\[<]|\blevel=\"?|\|\s{0,4})"
    r"(trace|debug|info|notice|warn|warning|error|crit|critical|alert|emerg|fatal|panic)\b"
)
_TRACE_ID = re.compile(
    r"(?<![0-9A-Fa-f-])(?:00-)?([0-9a-f]{32})(?![0-9A-Fa-f])(?:[-,:/ ]{1,2}([0-9a-f]{16})(?![0-9A-Fa-f]))?"
)
_SPAN_ID = re.compile(r"span_?-?id\W{1,4}([0-9a-f]{16})(?![0-9a-f])", re.IGNORECASE)
_ROTATION = re.compile(
    r"(?:[._-](?:\d{1,3}|\d{4}-?\d\d-?\d\d(?:[T_-][\d.:-]{1,16})?)|\.(?:log|txt|out|err|gz|zst|jsonl?|ndjson|access|current|gc))$"
)
_POD_SUFFIX = re.compile(r"(?:-[0-9a-f]{6,10})?-[a-z0-9]{5}$|-\d{1,3}$")
_COLUMNS = columns("logs")
_AT = {column: index for index, column in enumerate(_COLUMNS)}


def read_records(stream: EvidenceStream) -> Iterator[Batch | Skipped]:
    """Every record of a text log; lines that do not begin with a time belong to the record above them."""
    rows = _TextRows(stream.path)
    pending_bytes = 0
    for line in stream.lines():
        if isinstance(line, Skipped):
            yield line
            continue
        pending_bytes += len(line.data)
        rows.line(line.data.decode("utf-8", "replace").rstrip("\r"), line.number, line.offset)
        if rows.skipped:
            yield from rows.skipped
            rows.skipped.clear()
        if len(rows.rows) >= BATCH_ROWS or pending_bytes >= BATCH_INPUT_BYTES:
            pending_bytes = 0
            if len(rows.rows):
                yield rows.rows.take()
    rows.close_record()
    yield from rows.skipped
    if len(rows.rows):
        yield rows.rows.take()
    yield rows.resource()


class _TextRows:
    """The record being assembled, and the rows of those before it."""

    def __init__(self, path: Path) -> None:
        self.rows = Rows("logs")
        self.skipped: list[Skipped] = []
        self._latest = _modified(path)
        self._service = service_hint(path)
        self._order: list[Layout] = list(layouts())
        self._start: Start | None = None
        self._lines: list[str] = []
        self._bytes = 0
        self._place = (0, 0)
        self._count = 0
        self._noted: set[str] = set()

    def line(self, text: str, number: int, offset: int) -> None:
        start = self._recognise(text.lstrip("\0"))
        if start:
            text = text.lstrip("\0")
            self.close_record()
            self._note(start, number, offset)
        elif self._lines:
            self._continue(text, number, offset)
            return
        elif not text.strip("\0 \t"):
            return
        else:
            self._once(NO_TIME, number, offset)
        self._start, self._lines, self._place = start, [text], (number, offset)
        self._bytes = len(text)

    def close_record(self) -> None:
        if self._lines:
            self._add_record()
        self._start, self._lines = None, []

    def resource(self) -> Batch:
        """The one resource of the file, known only by the weak hint of its name."""
        resources = Rows("resources")
        names = columns("resources")
        row: list[Any] = [None] * len(names)
        row[names.index("resource_number")] = row[names.index("source_offset")] = 0
        row[names.index("service_name")] = self._service
        resources.add(row)
        return resources.take()

    def _recognise(self, text: str) -> Start | None:
        """Tries the layout that fitted last first; an indented line continues a record in any layout."""
        if not text or text[0].isspace():
            return None
        text = text[:4096] if len(text) > 65_536 else text
        for index, layout in enumerate(self._order):
            start = start_of(text, layout, self._latest)
            if start:
                if index:
                    self._order.insert(0, self._order.pop(index))
                return start
        return None

    def _continue(self, text: str, number: int, offset: int) -> None:
        if self._start is None and text[:1].strip() and len(self._lines) >= 1:
            self.close_record()  # text without times: each line at the margin is a record of its own
            self._lines, self._place, self._bytes = [text], (number, offset), len(text)
            return
        self._bytes += len(text) + 1
        if self._bytes > _RECORD_BYTES:
            self.skipped.append(Skipped(number, offset, RECORD_TOO_LONG))
        else:
            self._lines.append(text)

    def _note(self, start: Start, number: int, offset: int) -> None:
        if not start.has_year:
            self._once(ASSUMED_YEAR, number, offset)
        if not start.has_zone:
            self._once(ASSUMED_UTC, number, offset)

    def _once(self, reason: str, number: int, offset: int) -> None:
        if reason not in self._noted:
            self._noted.add(reason)
            self.skipped.append(Skipped(number, offset, reason))

    def _add_record(self) -> None:
        start, lines = self._start, self._lines
        while len(lines) > 1 and not lines[-1].strip("\0 \t"):
            lines.pop()
        message = lines[0][start.message :] if start else lines[0]
        level = (start.level if start else None) or _level_word(message)
        trace = find_stack_trace([message, *lines[1:]])
        body_lines = [message, *lines[1:]] if trace is None else [message, *lines[1 : max(trace.first, 1)]]
        row: list[Any] = [None] * len(_COLUMNS)
        row[_AT["log_number"]], row[_AT["source_offset"]] = self._count, self._place[1]
        row[_AT["resource_number"]] = 0
        row[_AT["body"]] = "\n".join(body_lines).strip("\0")
        row[_AT["severity_text"]] = level
        row[_AT["severity_number"]] = severity_number(level) if level else None
        row[_AT["service_name"]] = (start.program if start else None) or self._service
        if start:
            row[_AT["time_unix_nano"]], row[_AT["host"]] = start.time, start.host
            self.rows.keys.extend(start.attributes)
            self.rows.values.extend(start.attributes.values())
        if trace:
            row[_AT["exception_type"]] = trace.exception_type
            row[_AT["exception_stacktrace"]] = "\n".join([message, *lines[1:]][trace.first :])
        row[_AT["trace_id"]], row[_AT["span_id"]] = _ids(row[_AT["body"]])
        self.rows.add(row)
        self._count += 1


def _level_word(message: str) -> str | None:
    head = message[:120]
    match = _LEVEL_WORD.search(head) or _LOWER_LEVEL.search(head)
    return match[1] if match else None


def _ids(body: str) -> tuple[str | None, str | None]:
    match = _TRACE_ID.search(body)
    if not match or not match[1].strip("0"):
        return None, None
    if match[2]:
        return match[1], match[2]
    span = _SPAN_ID.search(body)
    return match[1], span[1] if span else None


def _modified(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return time.time_ns()


def service_hint(path: Path) -> str | None:
    """The service that a log file's name or, where that says nothing, its folder's name suggests; a weak hint.

    `logs/payment/payment-7d9f8b6c5-x2x1p.log.gz` and `payment/app.1.log` both give `payment`.
    """
    generic = generic_names()
    stem = path.name
    while (shorter := _ROTATION.sub("", stem)) != stem and shorter:
        stem = shorter
    folder = path.parent.name
    if folder.lower() not in generic and folder and stem.lower().startswith(folder.lower()):
        return folder
    if stem.lower() not in generic:
        return _POD_SUFFIX.sub("", stem) or stem
    return folder if folder and folder.lower() not in generic else None
