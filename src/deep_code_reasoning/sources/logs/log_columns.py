"""The memory of the kernels of logs: what they are called with, and the rows that become of what they wrote.

Lines that a kernel passed over are read by the plain road in between, so that log numbers, notes and producers come in
the order of the lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from deep_code_reasoning.kernels.columns import Columns, zeros
from deep_code_reasoning.sources.logs import log_layout as layout
from deep_code_reasoning.sources.logs.log_record import ASSUMED_UTC
from deep_code_reasoning.sources.reader import Batch, Skipped
from deep_code_reasoning.sources.stream import Line

if TYPE_CHECKING:
    from deep_code_reasoning.sources.logs.log_rows import LogRows, Producer
    from deep_code_reasoning.sources.window import Text, Window

# The least bytes that a row, an attribute, a line for the plain road is likely written in. Where they are fewer the
# kernel has no room left, and goes on with new memory.
_ROW_BYTES, _ATTRIBUTE_BYTES, _LINE_BYTES = 24, 6, 16
_SIDE_BYTES = 1024  # a key that is looked up in lower case is written behind the last text


class LogColumns:
    """Room for what `size` bytes of input hold: `arguments` for the kernel's call, then `give`."""

    def __init__(self, size: int, position: int, line_limit: int) -> None:
        self.state = np.zeros(layout.STATE_SIZE, np.int64)
        self.state[layout.POSITION], self.state[layout.LINE_LIMIT] = position, line_limit
        self._logs = Columns(size // _ROW_BYTES + 1, layout.NUMBERS, len(layout.TEXTS), size // _ATTRIBUTE_BYTES + 1)
        self._lines = zeros((size // _LINE_BYTES + 1, layout.LINE_NUMBERS), np.int64)
        self._producers = zeros((layout.MOST_PRODUCERS, layout.PRODUCER_NUMBERS), np.int64)
        self._producer_table = zeros(layout.PRODUCER_TABLE, np.int32)
        self._side = zeros(size + _SIDE_BYTES, np.uint8)

    @property
    def arguments(self) -> tuple[np.ndarray, ...]:
        """Those of the kernel behind `text` and `end` and its tables of names."""
        return (
            self.state,
            *self._logs.arrays,
            self._lines,
            self._producers,
            self._producer_table,
            self._side,
        )

    @property
    def position(self) -> int:
        """Where the kernel stands: at the start of a line."""
        return int(self.state[layout.POSITION])

    @property
    def lines(self) -> int:
        """How many lines were read or noted for the plain road."""
        return int(self.state[layout.ROWS] + self.state[layout.FOREIGN_LINES])

    def give(
        self, window: Window, rows: LogRows, plain: Callable[[Line], None], close: Callable[[], None]
    ) -> Iterator[Batch | Skipped]:
        """The rows written. `plain` adds a line that the kernel passed over to `rows`, `close` what is open there."""
        text, base = window.text, window.base
        count = int(self.state[layout.ROWS])
        unzoned = int(self.state[layout.UNZONED]) - 1
        numbers = np.empty(count, np.int64)
        producers: list[Producer] = []
        given = 0
        foreign = self._lines[: self.state[layout.FOREIGN_LINES]].tolist()
        for begin, end, row in [*foreign, (0, 0, count)]:
            if row > given:
                close()
                numbers[given:row] = np.arange(row - given) + rows.take_numbers(row - given)
                self._settle(producers, row, text, base, rows)
                if given <= unzoned < row:
                    place = base + int(self._logs.numbers[layout.OFFSET, unzoned])
                    rows.note(ASSUMED_UTC, lambda place=place: window.line_number(place), place)
                given = row
            if end:
                plain(Line(window.line_number(base + begin), base + begin, text[begin:end]))
            if rows.is_ready:
                yield from rows.ready()
        if count:
            yield Batch("logs", self._batch(count, base, numbers, producers, text))

    def _settle(self, producers: list[Producer], row: int, text: Text, base: int, rows: LogRows) -> None:
        """Numbers the producers that first appear before `row`."""
        for slot in self._producers[len(producers) : self.state[layout.PRODUCERS]].tolist():
            first = slot[layout.FIRST_ROW]
            if first >= row:
                return
            service = self._name(slot[layout.SERVICE_BEGIN : layout.HOST_BEGIN], text)
            host = self._name(slot[layout.HOST_BEGIN : layout.FIRST_ROW], text)
            offset = base + int(self._logs.numbers[layout.OFFSET, first])
            producers.append(rows.producer(service, host, offset))

    def _name(self, place: list[int], text: Text) -> str | None:
        begin, size, buffer = place
        if size < 0:
            return None
        written = self._side[begin : begin + size].tobytes() if buffer else text[begin : begin + size]
        return written.decode("utf-8", "replace")

    def _batch(
        self, rows: int, base: int, log_numbers: np.ndarray, producers: list[Producer], text: Text
    ) -> pa.RecordBatch:
        logs, filled = self._logs, self._logs.filled(rows)
        numbers = logs.numbers[:, :rows]
        slots = numbers[layout.PRODUCER]
        buffers = [pa.py_buffer(text), pa.py_buffer(self._side[: self.state[layout.SIDE]])]
        columns = {
            "log_number": pa.array(log_numbers),
            "time_unix_nano": pa.array(numbers[layout.TIME]),
            "severity_number": filled.whole_number(layout.SEVERITY, pa.int32()),
            **{name: filled.text(column, buffers) for column, name in enumerate(layout.TEXTS)},
            "service_name": _picked([producer.service_name for producer in producers], slots),
            "host": _picked([producer.host for producer in producers], slots),
            "resource_number": _numbers([producer.number for producer in producers], slots),
            "source_offset": pa.array(numbers[layout.OFFSET] + base),
            "attributes": logs.attributes(rows, int(self.state[layout.ATTRIBUTES]), buffers),
        }
        return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))


def _picked(names: list[str | None], slots: np.ndarray) -> pa.Array:
    """The name of each row's producer, each text once."""
    distinct = list(dict.fromkeys(name for name in names if name is not None))
    places = {name: place for place, name in enumerate(distinct)}
    indices = np.array([places.get(name, -1) for name in names], np.int32)[slots]
    array = pa.array(indices, pa.int32(), mask=indices < 0 if None in names else None)
    return pa.DictionaryArray.from_arrays(array, pa.array(distinct, pa.string()))


def _numbers(numbers: list[int | None], slots: np.ndarray) -> pa.Array:
    found = np.array([-1 if number is None else number for number in numbers], np.int64)[slots]
    return pa.array(found, pa.int64(), mask=found < 0 if None in numbers else None)
