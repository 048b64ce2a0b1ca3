"""The rows of one source of logs, and of the services and hosts that wrote them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from deep_code_reasoning.sources.arrow_tables import BATCH_INPUT_BYTES, BATCH_ROWS, Rows, columns
from deep_code_reasoning.sources.logs.log_record import NO_TIME, LogRecord
from deep_code_reasoning.sources.logs.service_hint import service_hint
from deep_code_reasoning.sources.logs.stack_traces import application_frame
from deep_code_reasoning.sources.reader import Batch, Skipped

_RESOURCE_COLUMNS = columns("resources")
_LOOK_ROWS = 64  # between looks at whether a batch is full


class Producer(NamedTuple):
    """Who wrote a record, as its row has it; no number where nothing is known of it."""

    service_name: str | None
    host: str | None
    number: int | None


class LogRows:
    """Collects records; log numbers and resources count from 0.

    The service that the file's path suggests is taken for records that name none.
    """

    def __init__(self, path: Path) -> None:
        self._service_hint = service_hint(path)
        self._rows = Rows("logs")
        self._resources = Rows("resources")
        self._producers: dict[tuple[str | None, str | None], int] = {}
        self._notes: list[Skipped] = []
        self._noted: set[str] = set()
        self._count = 0
        self._batch_start = self._offset = 0
        self.is_ready = False

    def add(self, record: LogRecord, number: int | None, offset: int) -> None:
        self._offset = offset
        for note in record.notes:
            if note is NO_TIME or note not in self._noted:
                self._noted.add(note)
                self.skip(number, offset, note)
        service, host, producer = self.producer(record.service_name, record.host, offset)
        if record.exception_stacktrace:
            _add_code_location(record)
        row = [
            self._count,
            record.time,
            record.observed_time,
            record.severity_number,
            record.severity_text,
            record.body,
            record.trace_id,
            record.span_id,
            service,
            host,
            producer,
            record.scope_name,
            offset,
            record.event_name,
            record.exception_type,
            record.exception_stacktrace,
        ]
        if record.attributes:
            self._rows.keys.extend(record.attributes)
            self._rows.values.extend(record.attributes.values())
        self._rows.add(row)
        self._count += 1
        if not self._count % _LOOK_ROWS and (
            len(self._rows) >= BATCH_ROWS or offset - self._batch_start >= BATCH_INPUT_BYTES
        ):
            self.is_ready = True

    def skip(self, number: int | None, offset: int, reason: str) -> None:
        self._notes.append(Skipped(number, offset, reason))
        self.is_ready = True

    def ready(self) -> Iterator[Batch | Skipped]:
        """What was noted since, and a batch where one is full: nothing unless `is_ready`."""
        self.is_ready = False
        if self._notes:
            yield from self._notes
            self._notes.clear()
        if len(self._rows) >= BATCH_ROWS or self._offset - self._batch_start >= BATCH_INPUT_BYTES:
            self._batch_start = self._offset
            if len(self._rows):
                yield self._rows.take()

    def finish(self) -> Iterator[Batch | Skipped]:
        yield from self._notes
        if len(self._rows):
            yield self._rows.take()
        if len(self._resources):
            yield _names_once(self._resources.take())

    def take_numbers(self, count: int) -> int:
        """Reserves the numbers of records that another road reads; the first of them."""
        first = self._count
        self._count += count
        return first

    def note(self, note: str, number: Callable[[], int | None], offset: int) -> None:
        """Tells once a file in what times are uncertain; `number` is the line's."""
        if note not in self._noted:
            self._noted.add(note)
            self.skip(number(), offset, note)

    def producer(self, service: str | None, host: str | None, offset: int) -> Producer:
        """By the service and host that a record tells, and the place of the record."""
        host = host or service  # the clock; schema/01_resources.sql
        service = service or self._service_hint
        number = self._producers.get((service, host))
        if number is None and (service or host):
            number = self._producers[service, host] = len(self._producers)
            known = {"resource_number": number, "service_name": service, "host": host, "source_offset": offset}
            row: list[Any] = [known.get(column) for column in _RESOURCE_COLUMNS]
            self._resources.add(row)
        return Producer(service, host, number)


def _names_once(resources: Batch) -> Batch:
    """As dictionaries, as large stores hold them; made without `pyarrow.compute`, which takes 45 ms to import."""
    rows = resources.rows
    for name in ("service_name", "host"):
        index = rows.schema.get_field_index(name)
        texts = rows.column(index).to_pylist()
        places = {text: place for place, text in enumerate(dict.fromkeys(text for text in texts if text is not None))}
        indices = pa.array([places.get(text) for text in texts], pa.int32())
        rows = rows.set_column(
            index, name, pa.DictionaryArray.from_arrays(indices, pa.array(list(places), pa.string()))
        )
    return Batch(resources.table, rows)


def _add_code_location(record: LogRecord) -> None:
    """Where the code of one's own was when the exception was raised; a location that the record gives wins."""
    frame = application_frame(record.exception_stacktrace or "")
    if frame:
        record.attributes.setdefault("code.function.name", frame.function)
        record.attributes.setdefault("code.file.path", frame.file)
        if frame.line is not None:
            record.attributes.setdefault("code.line.number", str(frame.line))
