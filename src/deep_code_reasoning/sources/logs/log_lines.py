"""Lines of any text format, mixed as they come, assembled to records: each is known by what it begins with."""

from __future__ import annotations

import re
import time
from pathlib import Path

import msgspec

from deep_code_reasoning.sources.logs.keyed_records import KeyedRecords
from deep_code_reasoning.sources.logs.log_record import NO_TIME, UNTIMED_TEXT, LogRecord
from deep_code_reasoning.sources.logs.log_rows import LogRows
from deep_code_reasoning.sources.logs.logfmt_line import logfmt_pairs
from deep_code_reasoning.sources.logs.text_layouts import Layout, layouts, text_record
from deep_code_reasoning.sources.logs.text_message import complete, severity_of
from deep_code_reasoning.sources.logs.trace_lines import belongs_to_trace

RECORD_TOO_LONG = "line beyond the first 256 KiB of its record (the record is kept without it)"

_RECORD_CHARACTERS = 256 << 10
_LAYOUT_CHARACTERS = 16 << 10  # what a record's start may span
_KEY_FIRST = re.compile(r"[A-Za-z_@][\w.@/-]{0,64}=")
_ERROR = 17


class LogLines:
    """The record being assembled; those before it went to `rows`. One for each stream of interleaved ones.

    An `envelope` is what a container runtime or the like says about a line: its time becomes the observed one, and
    the record's own where the line has none.
    """

    def __init__(self, rows: LogRows, path: Path) -> None:
        self._rows = rows
        self._latest = modified(path)
        self._order: list[Layout] = list(layouts())
        self._keyed = KeyedRecords()
        self._decode = msgspec.json.Decoder().decode
        self._record: LogRecord | None = None
        self._is_text = False
        self._next_is_text = False
        self._is_timed = False
        self._lines: list[str] = []
        self._size = 0
        self._place: tuple[int | None, int] = (0, 0)

    def add(self, text: str, number: int | None, offset: int, envelope: LogRecord | None = None) -> None:
        text = text.strip("\0").rstrip("\r")
        record = self._recognised(text, wrapped=envelope is not None)
        if record is not None:
            self._open(record, number, offset)
        else:
            if self._record is not None and self._continues(text, wrapped=envelope is not None):
                self._continue(text, number, offset)
                return
            if not text.strip():
                return
            record = LogRecord(body=text, notes=() if envelope else (UNTIMED_TEXT,))
            self._open(record, number, offset)
            self._is_text, self._is_timed = True, False
        if envelope is not None:
            _wrap(record, envelope)

    def close(self) -> None:
        """Hands the open record on."""
        if self._record is not None:
            if self._is_text or self._lines:
                complete(self._record, self._lines)
            self._rows.add(self._record, *self._place)
            self._record, self._lines = None, []

    def met_iso(self) -> None:
        """As if a record in the ISO layout had been read: the layout met last is tried first."""
        index = next(index for index, layout in enumerate(self._order) if layout.is_iso)
        self._order.insert(0, self._order.pop(index))

    def _recognised(self, text: str, *, wrapped: bool) -> LogRecord | None:
        """The record that begins with this line, if one does. An indented line never begins one."""
        if not text or text[0].isspace():
            return None
        if text[0] == "{":
            return self._json(text, wrapped=wrapped)
        if "=" in text[:66] and _KEY_FIRST.match(text) and (pairs := logfmt_pairs(text)):
            known = self._keyed.certain_columns(pairs)
            if known >= 2 or (known and len(pairs) > 2):
                return self._keyed_start(self._keyed.record(pairs))
        head = text[:_LAYOUT_CHARACTERS]
        for index, layout in enumerate(self._order):
            record = text_record(head, text, layout, self._latest)
            if record is not None:
                if index:
                    self._order.insert(0, self._order.pop(index))
                self._next_is_text = True
                return record
        return None

    def _json(self, text: str, *, wrapped: bool) -> LogRecord | None:
        try:
            value = self._decode(text)
        except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError):
            return None
        if not isinstance(value, dict) or not value or not (wrapped or self._keyed.certain_columns(value)):
            return None
        return self._keyed_start(self._keyed.record(value))

    def _keyed_start(self, record: LogRecord) -> LogRecord:
        self._next_is_text = False
        return record

    def _open(self, record: LogRecord, number: int | None, offset: int) -> None:
        self.close()
        self._record, self._place, self._size = record, (number, offset), len(record.body)
        self._is_text, self._is_timed = self._next_is_text, True

    def _continues(self, text: str, *, wrapped: bool) -> bool:
        """Whether a line that begins no record belongs to the open one."""
        if self._is_timed and not wrapped:
            return True
        record = self._record
        is_error = record is not None and (severity_of(record) or 0) >= _ERROR
        above = [record.body, *self._lines[-64:]] if record else self._lines
        return belongs_to_trace(text, above, after_error=is_error)

    def _continue(self, text: str, number: int | None, offset: int) -> None:
        self._size += len(text) + 1
        if self._size <= _RECORD_CHARACTERS:
            self._lines.append(text)
        else:
            self._rows.skip(number, offset, RECORD_TOO_LONG)


def _wrap(record: LogRecord, envelope: LogRecord) -> None:
    record.observed_time = envelope.observed_time
    if record.time is None:
        record.time = envelope.observed_time
        record.notes = tuple(note for note in record.notes if note is not NO_TIME)
    record.attributes = {**envelope.attributes, **record.attributes}
    record.service_name = record.service_name or envelope.service_name
    record.host = record.host or envelope.host


def modified(path: Path) -> int:
    """When the file was last changed, in nanoseconds: it settles a missing year."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return time.time_ns()
