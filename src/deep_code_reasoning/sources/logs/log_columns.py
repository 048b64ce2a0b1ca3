"""The memory of the kernels of logs: what they are called with, and the rows that become of what they wrote.

Texts lie behind each other, as they lie in Arrow's arrays, and hold nothing of the input. Lines that a kernel passed
over are read by the plain road in between, so that log numbers, notes and producers come in the order of the lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from deep_code_reasoning.kernels.columns import CHECKED, room, zeros
from deep_code_reasoning.kernels.pages import UsedPages
from deep_code_reasoning.sources.logs import log_layout as layout
from deep_code_reasoning.sources.logs.log_record import ASSUMED_UTC
from deep_code_reasoning.sources.reader import Batch, Skipped
from deep_code_reasoning.sources.stream import Line

if TYPE_CHECKING:
    from deep_code_reasoning.sources.filling import Text
    from deep_code_reasoning.sources.logs.log_rows import LogRows, Producer
    from deep_code_reasoning.sources.window import Window

# The least bytes that a row, an attribute, a line for the plain road is likely written in. Where they are fewer the
# kernel has no room left, and goes on with new memory.
_ROW_BYTES, _ATTRIBUTE_BYTES, _LINE_BYTES = 24, 6, 16
_MORE_BYTES = 4096  # of texts: kernels write whole blocks; names of nested members are longer than they are written
_TRACE_BYTES, _SPAN_BYTES = 32, 16
_MOST_KEYS = 1_024  # of attributes in a batch, for them to be codes: more are looked up as they come
PART_BYTES = 16 << 20  # of a window that has grown around a long line, of which a batch is made at a time


def part_end(window: Window, position: int) -> int:
    """The end of the lines that the kernel is given at once, from `position` on."""
    if window.end - position <= PART_BYTES + PART_BYTES // 2:
        return window.end
    return window.text.find(b"\n", position + PART_BYTES, window.end) + 1 or window.end


class LogMemory:
    """What the kernel's calls along a stream have in common: pages to be used again, the words for severities."""

    def __init__(self) -> None:
        self.pages = UsedPages()
        self.words = np.zeros((layout.WORD_SLOTS, layout.WORD_FIELDS), np.uint64)
        self.word_names: list[str] = []
        self._none = np.zeros(1, np.int64)
        self._size = 0

    def usual_size(self, size: int) -> int:
        """The same for all parts but the first of a stream, so that they share their memory."""
        self._size = max(self._size, size)
        return self._size if self._size <= 2 * PART_BYTES else size

    def keep_room_for_words(self) -> None:
        """One file of odd ones must not send every line of those that follow the plain road."""
        if 2 * len(self.word_names) > layout.MOST_WORDS:
            self.words, self.word_names = np.zeros_like(self.words), []

    def learn_words(self, count: int) -> None:
        if count == len(self.word_names):
            return
        found = self.words[self.words[:, layout.WORD_CODE] > 0]
        found = found[np.argsort(found[:, layout.WORD_CODE])]
        self.word_names = [
            found[place, : layout.WORD_LENGTH].tobytes()[: int(found[place, layout.WORD_LENGTH])].decode()
            for place in range(count)
        ]

    def none(self, count: int) -> np.ndarray:
        """So many zeros, which nobody may write."""
        if len(self._none) < count:
            self._none = np.zeros(2 * count, np.int64)
        return self._none[:count]


class LogColumns:
    """Room for what `size` bytes of input hold: arguments for the kernel's call, then `give`.

    Of `memory`, where rows of an earlier window may have been: the kernels set whatever of a row is looked at.
    """

    def __init__(self, size: int, position: int, window: Window, line_limit: int, memory: LogMemory) -> None:
        memory.keep_room_for_words()
        size = memory.usual_size(size)
        self._memory = memory
        self._pages = memory.pages if size <= 2 * PART_BYTES else None  # of lines longer than that nothing is kept
        self.state = np.zeros(layout.STATE_SIZE, np.int64)
        self.state[layout.POSITION], self.state[layout.LINE_LIMIT] = position, line_limit
        self.state[layout.BASE], self.state[layout.WORDS] = window.base, len(memory.word_names)
        self._capacity = size // _ROW_BYTES + 1
        self._numbers = self._room((layout.NUMBERS, self._capacity), np.int64)
        self._codes = self._room((layout.CODES, self._capacity), np.int32)
        self._text_ends = self._room((len(layout.TEXTS), self._capacity + 1), np.int32)
        self._lines = self._room((size // _LINE_BYTES + 1, layout.LINE_NUMBERS), np.int64)
        self._producers = zeros((layout.MOST_PRODUCERS, layout.PRODUCER_NUMBERS), np.int64)
        self._bodies = self._bytes(size)
        self._trace_ids = self._bytes(_TRACE_BYTES * self._capacity)
        self._span_ids = self._bytes(_SPAN_BYTES * self._capacity)

    def _room(self, shape: int | tuple[int, ...], kind: type) -> np.ndarray:
        return room(shape, kind, self._pages)

    def _bytes(self, size: int) -> np.ndarray:
        return self._room(size + _MORE_BYTES, np.uint8)

    @property
    def text_arguments(self) -> tuple[np.ndarray, ...]:
        """Those of the kernel of text logs behind its table of levels."""
        return (
            self.state,
            self._numbers,
            self._codes,
            self._text_ends,
            self._bodies,
            self._trace_ids,
            self._span_ids,
            self._memory.words,
            self._lines,
            self._producers,
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
        self._memory.learn_words(int(self.state[layout.WORDS]))
        numbers = self._room(self._capacity, np.int64)[:count]
        producers: list[Producer] = []
        given = 0
        foreign = self._lines[: self.state[layout.FOREIGN_LINES]].tolist()
        for begin, end, row in [*foreign, (0, 0, count)]:
            if row > given:
                close()
                first = rows.take_numbers(row - given)
                numbers[given:row] = np.arange(first, first + row - given)
                self._settle(producers, row, text, rows)
                if given <= unzoned < row:
                    place = int(self._numbers[layout.OFFSET, unzoned])
                    rows.note(ASSUMED_UTC, lambda place=place: window.line_number(place), place)
                given = row
            if end:
                plain(Line(window.line_number(base + begin), base + begin, text[begin:end]))
            if rows.is_ready:
                yield from rows.ready()
        if count:
            columns = self._columns(count, numbers, producers)
            rows = pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns), metadata=CHECKED)
            yield Batch("logs", rows)

    def _settle(self, producers: list[Producer], row: int, text: Text, rows: LogRows) -> None:
        """Numbers the producers that first appear before `row`."""
        for slot in self._producers[len(producers) : self.state[layout.PRODUCERS]].tolist():
            first = slot[layout.FIRST_ROW]
            if first >= row:
                return
            service = self._name(slot[layout.SERVICE_BEGIN : layout.HOST_BEGIN], text)
            host = self._name(slot[layout.HOST_BEGIN : layout.FIRST_ROW], text)
            producers.append(rows.producer(service, host, int(self._numbers[layout.OFFSET, first])))

    def _name(self, place: list[int], text: Text) -> str | None:
        begin, size, _ = place
        return None if size < 0 else text[begin : begin + size].decode("utf-8", "replace")

    def _columns(self, rows: int, log_numbers: np.ndarray, producers: list[Producer]) -> dict[str, pa.Array]:
        """Those that hold anything."""
        codes = self._codes[:, :rows]
        columns = {
            "log_number": _whole_numbers(log_numbers, pa.int64()),
            "time_unix_nano": _whole_numbers(self._numbers[layout.TIME, :rows], pa.int64()),
            "source_offset": _whole_numbers(self._numbers[layout.OFFSET, :rows], pa.int64()),
            **self._producer_columns(codes[layout.PRODUCER], producers),
            "attributes": self._attributes(rows),
        }
        if (unsevere := int(self.state[layout.UNSEVERE])) < rows:
            columns["severity_number"] = _whole_numbers(codes[layout.SEVERITY], pa.int32(), unsevere)
        if (unworded := int(self.state[layout.UNWORDED])) < rows:
            words = _whole_numbers(codes[layout.SEVERITY_TEXT], pa.int32(), unworded)
            columns["severity_text"] = _coded(words, _each_once(self._memory.word_names))
        for column, name in enumerate(layout.TEXTS):
            if holding := int(self.state[layout.HOLDING + column]):
                columns[name] = self._text(column, rows, rows - holding)
        return columns

    def _text(self, column: int, rows: int, missing: int) -> pa.Array:
        """A text column; one that may be missing is never empty where it is not."""
        ends, written = self._text_ends[column, : rows + 1], self.state[layout.TEXT_BYTES + column]
        present = np.diff(ends) > 0 if missing else None
        return _texts(ends, self._text_bytes(column)[:written], present, missing)

    def _text_bytes(self, column: int) -> np.ndarray:
        return (self._bodies, self._trace_ids, self._span_ids)[column]

    def _producer_columns(self, slots: np.ndarray, producers: list[Producer]) -> dict[str, pa.Array]:
        """Each text once."""
        found = {
            "service_name": self._picked([producer.service_name for producer in producers], slots),
            "host": self._picked([producer.host for producer in producers], slots),
        }
        numbers = [-1 if producer.number is None else producer.number for producer in producers]
        if max(numbers) >= 0:
            each = self._of_each(numbers, slots, np.int64)
            found["resource_number"] = _whole_numbers(each, pa.int64(), int(np.count_nonzero(each < 0)))
        return {name: column for name, column in found.items() if column is not None}

    def _picked(self, names: list[str | None], slots: np.ndarray) -> pa.Array | None:
        """The name of each row's producer."""
        places = {name: place for place, name in enumerate(dict.fromkeys(name for name in names if name is not None))}
        if not places:
            return None
        each = self._of_each([-1 if name is None else places[name] for name in names], slots, np.int32)
        missing = int(np.count_nonzero(each < 0)) if None in names else 0
        return _coded(_whole_numbers(each, pa.int32(), missing), _each_once(list(places)))

    def _of_each(self, values: list[int], slots: np.ndarray, kind: type) -> np.ndarray:
        """The value of each row's producer."""
        if not any(values):
            return self._memory.none(len(slots)).view(kind)[: len(slots)]
        if kind is slots.dtype.type and values == list(range(len(values))):
            return slots
        return np.array(values, kind)[slots]

    def _attributes(self, rows: int) -> pa.Array:
        """Of each row none."""
        texts = pa.array([], pa.string())
        pairs = pa.StructArray.from_arrays([texts, texts], ["key", "value"])
        ends = self._memory.none(rows + 1).view(np.int32)[: rows + 1]
        return pa.ListArray.from_arrays(_whole_numbers(ends, pa.int32()), pairs)


class JsonLogColumns(LogColumns):
    """With what only the kernel of JSON logs fills."""

    def __init__(self, size: int, position: int, window: Window, line_limit: int, memory: LogMemory) -> None:
        super().__init__(size, position, window, line_limit, memory)
        attributes = size // _ATTRIBUTE_BYTES + 1
        self._seldom = self._room((len(layout.TEXTS) - layout.SELDOM) * (size + _MORE_BYTES), np.uint8)
        self._ends = self._room(self._capacity + 1, np.int32)
        self._keys, self._values = self._bytes(size), self._bytes(size)
        self._key_ends, self._value_ends = self._room(attributes + 1, np.int32), self._room(attributes + 1, np.int32)
        self._key_codes = self._room(attributes, np.int32)
        self._value_present = self._room(attributes, np.uint8)
        self._producer_table = zeros(layout.PRODUCER_TABLE, np.int32)
        self._side = self._bytes(size)

    @property
    def json_arguments(self) -> tuple[np.ndarray, ...]:
        """Those of the kernel of JSON logs behind its tables of names."""
        *before, words, lines, producers = self.text_arguments
        return (
            *before,
            self._seldom,
            self._ends,
            self._keys,
            self._key_ends,
            self._key_codes,
            self._values,
            self._value_ends,
            self._value_present,
            words,
            lines,
            producers,
            self._producer_table,
            self._side,
        )

    def _name(self, place: list[int], text: Text) -> str | None:
        begin, size, buffer = place
        if size >= 0 and buffer == layout.SIDE_BUFFER:
            return self._side[begin : begin + size].tobytes().decode("utf-8", "replace")
        return super()._name(place, text)

    def _text_bytes(self, column: int) -> np.ndarray:
        if column < layout.SELDOM:
            return super()._text_bytes(column)
        share = len(self._seldom) // (len(layout.TEXTS) - layout.SELDOM)
        return self._seldom[(column - layout.SELDOM) * share :]

    def _attributes(self, rows: int) -> pa.Array:
        count = int(self.state[layout.ATTRIBUTES])
        if not count:
            return super()._attributes(rows)
        missing = int(self.state[layout.NULLS])
        keys = self._attribute_keys(count)
        present = self._value_present[:count] if missing else None
        written = self._values[: self.state[layout.VALUE_BYTES]]
        values = _texts(self._value_ends[: count + 1], written, present, missing)
        pairs = pa.StructArray.from_arrays([keys, values], ["key", "value"])
        return pa.ListArray.from_arrays(_whole_numbers(self._ends[: rows + 1], pa.int32()), pairs)

    def _attribute_keys(self, count: int) -> pa.Array:
        """Each key once: the kernel notes them again where there were too many members to remember."""
        different = int(self.state[layout.KEYS])
        texts = _texts(self._key_ends[: different + 1], self._keys[: self.state[layout.KEY_BYTES]])
        keys = _coded(_whole_numbers(self._key_codes[:count], pa.int32()), texts)
        are_once = different <= _MOST_KEYS and len(set(texts.to_pylist())) == different
        return keys if are_once else keys.dictionary_decode()


def _whole_numbers(numbers: np.ndarray, kind: pa.DataType, missing: int = 0) -> pa.Array:
    """As they lie in memory; `missing` of them, which are below zero, are null."""
    validity = _bits(numbers >= 0) if missing else None
    return pa.Array.from_buffers(kind, len(numbers), [validity, pa.py_buffer(numbers)], missing)


def _each_once(texts: list[str]) -> pa.Array:
    """With its type told: to find it out Arrow looks for a module that is not installed, each time."""
    return pa.array(texts, pa.string())


def _coded(codes: pa.Array, texts: pa.Array) -> pa.Array:
    """The codes are the kernel's own, none beyond the texts."""
    return pa.DictionaryArray.from_arrays(codes, texts, safe=False)


def _texts(ends: np.ndarray, written: np.ndarray, present: np.ndarray | None = None, missing: int = 0) -> pa.Array:
    validity = None if present is None else _bits(present)
    buffers = [validity, pa.py_buffer(ends), pa.py_buffer(written)]
    return pa.Array.from_buffers(pa.string(), len(ends) - 1, buffers, missing)


def _bits(present: np.ndarray) -> pa.Buffer:
    return pa.py_buffer(np.packbits(present, bitorder="little"))
