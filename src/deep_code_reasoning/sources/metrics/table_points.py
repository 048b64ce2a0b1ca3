"""The rows of a table of metrics to points."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from deep_code_reasoning.sources.metrics.line_blocks import blocks
from deep_code_reasoning.sources.metrics.metric_columns import MetricColumn, metric_columns
from deep_code_reasoning.sources.metrics.producers import Producers
from deep_code_reasoning.sources.metrics.series import Doubles, Longs, Series, batches
from deep_code_reasoning.sources.metrics.table_layout import Layout, number_in
from deep_code_reasoning.sources.metrics.table_lines import Lines, cut
from deep_code_reasoning.sources.metrics.times import NOT_A_TIME, instants
from deep_code_reasoning.sources.otlp.resources import Resources
from deep_code_reasoning.sources.reader import Batch, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream

NOT_A_DATE = "row whose time cannot be read or lies outside 1970 to 2262"
NOT_A_NUMBER = "cell that is not a number"
NO_NAME = "row without the name of a metric"
REPEATED_COLUMN = "column that the header names twice (the first is read)"

MAX_SERIES = 1 << 18
_MAX_CODE = 1 << 40


class TablePoints:
    """One pass over a source."""

    def __init__(self, stream: EvidenceStream, layout: Layout) -> None:
        self._stream = stream
        self._layout = layout
        self._resources = Resources()
        self._producers = Producers(self._resources)
        self._table: list[Series] = []
        self._known: dict[tuple[int, tuple[str | None, ...]], int] = {}
        self._values = layout.places("value")
        self._texts = layout.places("name", "unit", "label")
        unnamed = stream.path.name.split(".")[0] or "value"
        self._metrics = metric_columns([layout.columns[place] for place in self._values], unnamed)

    def run(self) -> Iterator[Batch | Skipped]:
        if self._layout.repeated:
            yield Skipped(self._layout.header_line, 0, REPEATED_COLUMN)
        for block in blocks(self._stream):
            if isinstance(block, Skipped):
                yield block
                continue
            lines = cut(block, self._layout)
            yield from lines.skipped
            if len(lines.offsets):
                yield from self._points(lines)
            if len(self._resources.rows):
                yield self._resources.rows.take()
            if len(self._table) > MAX_SERIES:
                self._table, self._known = [], {}

    def _points(self, lines: Lines) -> Iterator[Batch | Skipped]:
        (time,) = self._layout.places("time")
        times = instants(lines.columns[time])
        good = times != NOT_A_TIME
        yield from _told(lines, ~good, NOT_A_DATE)
        if self._layout.is_long:
            (name,) = self._layout.places("name")
            is_named = _is_filled(lines.columns[name])
            yield from _told(lines, good & ~is_named, NO_NAME)
            good &= is_named
        sets, set_of = self._label_sets(lines)
        cells = np.empty((len(times), len(self._values)), np.float64)
        for place, column in enumerate(self._values):
            cells[:, place], is_number = self._doubles(lines.columns[column])
            yield from _told(lines, good & ~is_number, NOT_A_NUMBER)
        series = np.array(
            [[self._series(at, labels, lines) for at in range(len(self._values))] for labels in sets], np.int64
        ).reshape(len(sets), len(self._values))[set_of]
        given = ~np.isnan(cells) & good[:, None]
        rows = np.nonzero(given)[0]
        more = self._statistics(lines, rows)
        yield from batches(self._table, series[given], times[rows], lines.offsets[rows], value=cells[given], **more)

    def _statistics(self, lines: Lines, rows: Longs) -> dict[str, pa.Array]:
        """The columns min, max, count and sum of a long table."""
        found = {}
        for place in self._layout.places("min", "max", "count", "sum"):
            column, _ = self._doubles(lines.columns[place])
            found[self._layout.roles[place]] = pa.array(column[rows], from_pandas=True)
        return found

    def _doubles(self, column: pa.Array) -> tuple[Doubles, np.ndarray]:
        """(the numbers, NaN where there is none; whether the cell is a number or empty)."""
        if pa.types.is_floating(column.type):
            return column.to_numpy(zero_copy_only=False), np.ones(len(column), bool)
        found = [number_in(text, self._layout.delimiter) for text in column.dictionary.to_pylist()]
        indices = column.indices.fill_null(len(found)).to_numpy()
        numbers = np.array([np.nan if number is None else number for number in found] + [np.nan])
        return numbers[indices], np.array([number is not None for number in found] + [True])[indices]

    def _label_sets(self, lines: Lines) -> tuple[list[tuple[int, tuple[str | None, ...]]], Longs]:
        """(each distinct set of texts with the offset of its first row, which of them each row has)."""
        code = np.zeros(len(lines.offsets), np.int64)
        for place in self._texts:
            column = lines.columns[place]
            size = len(column.dictionary) + 1
            code = code * size + column.indices.fill_null(size - 1).to_numpy()
            if int(code.max()) > _MAX_CODE:
                code = np.unique(code, return_inverse=True)[1]
        _, firsts, set_of = np.unique(code, return_index=True, return_inverse=True)
        texts = [lines.columns[place].take(pa.array(firsts)).to_pylist() for place in self._texts]
        sets = list(zip(*texts, strict=True)) if texts else [()] * len(firsts)
        return list(zip(lines.offsets[firsts].tolist(), sets, strict=True)), set_of.reshape(-1)

    def _series(self, at: int, labels: tuple[int, tuple[str | None, ...]], lines: Lines) -> int:
        offset, texts = labels
        place = self._known.get((at, texts))
        if place is None:
            place = self._known[at, texts] = len(self._table)
            self._table.append(self._new_series(self._metrics[at], texts, offset))
        return place

    def _new_series(self, metric: MetricColumn, texts: tuple[str | None, ...], offset: int) -> Series:
        name, unit = metric.name, None
        labels: dict[str, str] = dict(metric.labels)
        for column, text in zip(self._texts, texts, strict=True):
            match self._layout.roles[column]:
                case "name":
                    name = text or name
                case "unit":
                    unit = text or None
                case _ if text:
                    labels.setdefault(self._layout.columns[column], text)
        producer, attributes = self._producers.split(tuple(labels.items()), offset)
        return Series(name=name, producer=producer, attributes=attributes, unit=unit)


def _is_filled(column: pa.DictionaryArray) -> np.ndarray:
    filled = [bool(text) for text in column.dictionary.to_pylist()]
    return np.array([*filled, False])[column.indices.fill_null(len(filled)).to_numpy()]


def _told(lines: Lines, lost: np.ndarray, reason: str) -> Iterator[Skipped]:
    for row in np.flatnonzero(lost).tolist():
        yield Skipped(int(lines.numbers[row]), int(lines.offsets[row]), reason)
