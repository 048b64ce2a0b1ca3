"""Records of keys and values (JSON, logfmt): which of a logger's keys fill columns, which stay attributes."""

from __future__ import annotations

import math
import re
from typing import Any

from deep_code_reasoning.sources.logs.log_keys import flatten, key_columns, key_ranks
from deep_code_reasoning.sources.logs.log_record import ASSUMED_UTC, NO_TIME, LogRecord
from deep_code_reasoning.sources.logs.log_times import log_time
from deep_code_reasoning.sources.logs.severity import node_severity, severity_number
from deep_code_reasoning.sources.otlp.values import BadRecord, WrittenNumber, dump, span_id, trace_id

_PLAIN_TEXT = ("service_name", "host", "scope_name", "event_name", "exception_type", "exception_stacktrace")
_SHAPES = 1_000
_LOWER_HEX = re.compile(r"[0-9a-f]+").fullmatch
_CERTAIN = ("time", "severity", "body")


class KeyedRecords:
    """Turns objects into records; a logger writes few shapes of them, so the keys are chosen once a shape."""

    def __init__(self) -> None:
        self._shapes: dict[tuple[str, ...], dict[str, str]] = {}

    def record(self, value: dict[str, Any]) -> LogRecord:
        flat = flatten(value)
        chosen = self._choice(flat)
        record = LogRecord()
        rest = dict(flat)
        _fill_time(record, flat, chosen, rest)
        _fill_severity(record, flat, chosen, rest)
        for column in _PLAIN_TEXT:
            if (key := chosen.get(column)) and isinstance(text := flat[key], str) and text:
                setattr(record, column, text)
                del rest[key]
        if "trace_id" in chosen or "span_id" in chosen:
            _fill_ids(record, flat, chosen, rest)
        if body := chosen.get("body"):
            record.body = _text(flat[body]) or ""
            del rest[body]
        else:  # nothing that reads as a message: the record itself is the message
            record.body = dump(rest)
        record.attributes = {key: each if type(each) is str else _text(each) for key, each in rest.items()}
        return record

    def certain_columns(self, value: dict[str, Any]) -> int:
        """How many of time, severity and message the object has: by that a log record is known."""
        chosen = self._choice(flatten(value))
        return sum(column in chosen for column in _CERTAIN)

    def _choice(self, flat: dict[str, Any]) -> dict[str, str]:
        if None in flat.values():
            return _chosen(flat)
        shape = tuple(flat)
        chosen = self._shapes.get(shape)
        if chosen is None:
            chosen = _chosen(flat)
            if len(self._shapes) < _SHAPES:
                self._shapes[shape] = chosen
        return chosen


def _chosen(flat: dict[str, Any]) -> dict[str, str]:
    """Column → the record's key that fills it best."""
    chosen: dict[str, str] = {}
    column_of, rank_of = key_columns().get, key_ranks()
    for key, value in flat.items():
        lowered = key.lower()
        column = column_of(lowered)
        if column is None or value is None:
            continue
        if column not in chosen or rank_of[lowered] < rank_of[chosen[column].lower()]:
            chosen[column] = key
    return chosen


def _fill_time(record: LogRecord, flat: dict[str, Any], chosen: dict[str, str], rest: dict[str, Any]) -> None:
    key = chosen.get("time")
    found = log_time(flat[key]) if key else None
    if key is None or found is None:
        record.notes = (NO_TIME,)
        return
    record.time, zoned = found
    del rest[key]
    if not zoned:
        record.notes = (ASSUMED_UTC,)


def _fill_severity(record: LogRecord, flat: dict[str, Any], chosen: dict[str, str], rest: dict[str, Any]) -> None:
    if key := chosen.get("severity_number"):
        value = flat[key]
        if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 24:
            record.severity_number = value
            del rest[key]
    if key := chosen.get("severity"):
        value = flat[key]
        if isinstance(value, str):
            record.severity_text = value
            record.severity_number = record.severity_number or severity_number(value)
            if record.severity_number is None and value.isdecimal() and len(value) <= 2:
                record.severity_number = node_severity(int(value))
            del rest[key]
        elif isinstance(value, int) and not isinstance(value, bool):
            record.severity_text = str(value)
            record.severity_number = record.severity_number or node_severity(value)
            del rest[key]


def _fill_ids(record: LogRecord, flat: dict[str, Any], chosen: dict[str, str], rest: dict[str, Any]) -> None:
    """Ids in hex fill the columns; Datadog's are decimal 64-bit numbers. Others stay attributes."""
    for column, read, digits in (("trace_id", trace_id, 32), ("span_id", span_id, 16)):
        key = chosen.get(column)
        if key is None:
            continue
        text = str(flat[key])
        if len(text) == digits and _LOWER_HEX(text) and text.strip("0"):
            setattr(record, column, text)
            del rest[key]
            continue
        text = text.rpartition("/")[2].replace("-", "")  # Google writes projects/P/traces/ID
        if (
            key.lower().startswith("dd.")
            and text.isdecimal()
            and len(text) < digits + 5
            and int(text) < 1 << 4 * digits
        ):
            text = text if len(text) == 32 else f"{int(text):0{digits}x}"
        try:
            setattr(record, column, read(text))
            del rest[key]
        except BadRecord:
            continue


def _text(value: Any) -> str | None:
    kind = type(value)
    if kind is int or (kind is float and math.isfinite(value)):
        return repr(value)
    if kind is bool:
        return "true" if value else "false"
    if value is None or isinstance(value, str):
        return value if not isinstance(value, WrittenNumber) else str(value)
    try:
        return dump(value)
    except RecursionError:
        return "(nested too deeply)"
