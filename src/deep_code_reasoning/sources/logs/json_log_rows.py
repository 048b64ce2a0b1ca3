"""One structured log record to a row: which of its keys fill columns, which stay attributes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from deep_code_reasoning.sources.arrow_tables import BATCH_INPUT_BYTES, BATCH_ROWS, Rows, columns
from deep_code_reasoning.sources.instants import any_nanos
from deep_code_reasoning.sources.logs.log_keys import flatten, key_columns, key_names
from deep_code_reasoning.sources.logs.severity import node_severity, severity_number
from deep_code_reasoning.sources.otlp.values import BadRecord, WrittenNumber, dump, span_id, trace_id
from deep_code_reasoning.sources.reader import Batch, Skipped

ASSUMED_UTC = "times without a zone, read as UTC (kept)"
NO_TIME = "log record without a time that can be read (kept)"

_COLUMNS = columns("logs")
_AT = {column: index for index, column in enumerate(_COLUMNS)}
_HOST, _SERVICE = _AT["host"], _AT["service_name"]
_RANK = {key: rank for keys in key_names().values() for rank, key in enumerate(keys)}
_PLAIN_TEXT = ("service_name", "host", "scope_name", "event_name", "exception_type", "exception_stacktrace")


class JsonLogRows:
    """Collects the rows of one source; log numbers and resources count from 0."""

    def __init__(self, service_hint: str | None) -> None:
        self._service_hint = service_hint
        self.decode = msgspec.json.Decoder().decode
        self._rows = Rows("logs")
        self._resources = Rows("resources")
        self._producers: dict[tuple[str | None, str | None], int] = {}
        self._shapes: dict[tuple[str, ...], dict[str, str]] = {}
        self._zone_noted = False
        self._count = 0
        self._batch_start = self._offset = 0

    @property
    def full(self) -> bool:
        return len(self._rows) >= BATCH_ROWS or self._offset - self._batch_start >= BATCH_INPUT_BYTES

    def take(self) -> Batch:
        self._batch_start = self._offset
        return self._rows.take()

    def finish(self) -> Iterator[Batch | Skipped]:
        yield from (rows.take() for rows in (self._rows, self._resources) if len(rows))

    def add(self, record: dict[str, Any], offset: int) -> list[str]:
        """Adds the record; the reasons, if any, for which its time is uncertain."""
        self._offset = offset
        flat = flatten(record)
        chosen = self._choice(flat)
        row: list[Any] = [None] * len(_COLUMNS)
        row[0], row[_AT["source_offset"]] = self._count, offset
        used: set[str] = set()
        notes = _fill_time(row, flat, chosen, used)
        _fill_severity(row, flat, chosen, used)
        for column in _PLAIN_TEXT:
            if (key := chosen.get(column)) and isinstance(value := flat[key], str) and value:
                row[_AT[column]] = value
                used.add(key)
        _fill_ids(row, flat, chosen, used)
        if body := chosen.get("body"):
            row[_AT["body"]] = _text(flat[body]) or ""
            used.add(body)
        else:  # nothing that reads as a message: the record itself is the message
            row[_AT["body"]] = dump({key: value for key, value in flat.items() if key not in used})
        row[_HOST] = row[_HOST] or row[_SERVICE]  # the clock; schema/01_resources.sql
        row[_SERVICE] = row[_SERVICE] or self._service_hint
        row[_AT["resource_number"]] = self._producer(row[_SERVICE], row[_HOST], offset)
        for key, value in flat.items():
            if key not in used:
                self._rows.keys.append(key)
                self._rows.values.append(_text(value))
        self._rows.add(row)
        self._count += 1
        if ASSUMED_UTC in notes:
            notes = [] if self._zone_noted else notes
            self._zone_noted = True
        return notes

    def _choice(self, flat: dict[str, Any]) -> dict[str, str]:
        """As `_chosen`; a logger writes few shapes of records, so the choice is made once a shape."""
        if None in flat.values():
            return _chosen(flat)
        shape = tuple(flat)
        chosen = self._shapes.get(shape)
        if chosen is None:
            chosen = _chosen(flat)
            if len(self._shapes) < 1_000:
                self._shapes[shape] = chosen
        return chosen

    def _producer(self, service: str | None, host: str | None, offset: int) -> int | None:
        if host is None and service is None:
            return None
        number = self._producers.get((service, host))
        if number is None:
            number = self._producers[service, host] = len(self._producers)
            at = columns("resources")
            row: list[Any] = [None] * len(at)
            for column, value in (("resource_number", number), ("service_name", service), ("host", host)):
                row[at.index(column)] = value
            row[at.index("source_offset")] = offset
            self._resources.add(row)
        return number


def _chosen(flat: dict[str, Any]) -> dict[str, str]:
    """Column → the record's key that fills it best."""
    chosen: dict[str, str] = {}
    column_of = key_columns().get
    for key, value in flat.items():
        lowered = key.lower()
        column = column_of(lowered)
        if column is None or value is None:
            continue
        if column not in chosen or _RANK[lowered] < _RANK[chosen[column].lower()]:
            chosen[column] = key
    return chosen


def _fill_time(row: list[Any], flat: dict[str, Any], chosen: dict[str, str], used: set[str]) -> list[str]:
    key = chosen.get("time")
    found = any_nanos(flat[key]) if key else None
    if key is None or found is None:
        return [NO_TIME]
    row[_AT["time_unix_nano"]], zoned = found
    used.add(key)
    return [] if zoned else [ASSUMED_UTC]


def _fill_severity(row: list[Any], flat: dict[str, Any], chosen: dict[str, str], used: set[str]) -> None:
    number = None
    if key := chosen.get("severity_number"):
        value = flat[key]
        if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 24:
            number = value
            used.add(key)
    if key := chosen.get("severity"):
        value = flat[key]
        if isinstance(value, str):
            row[_AT["severity_text"]] = value
            number = number or severity_number(value)
            used.add(key)
        elif isinstance(value, int) and not isinstance(value, bool):
            row[_AT["severity_text"]] = str(value)
            number = number or node_severity(value)
            used.add(key)
    row[_AT["severity_number"]] = number


def _fill_ids(row: list[Any], flat: dict[str, Any], chosen: dict[str, str], used: set[str]) -> None:
    """Ids in hex fill the columns; Datadog's are decimal 64-bit numbers. Others stay attributes."""
    for column, read, digits in (("trace_id", trace_id, 32), ("span_id", span_id, 16)):
        key = chosen.get(column)
        if key is None:
            continue
        text = str(flat[key]).rpartition("/")[2].replace("-", "")  # Google writes projects/P/traces/ID
        if key.lower().startswith("dd.") and text.isdecimal() and len(text) < digits:
            text = f"{int(text):0{digits}x}"
        try:
            row[_AT[column]] = read(text)
            used.add(key)
        except BadRecord:
            continue


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value if not isinstance(value, WrittenNumber) else str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        return dump(value)
    except RecursionError:
        return "(nested too deeply)"
