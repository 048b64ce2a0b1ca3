"""A block of a table, cut into columns; lines that have another number of cells are left out and told."""

from __future__ import annotations

import csv
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from deep_code_reasoning.sources.metrics.line_blocks import Block
from deep_code_reasoning.sources.metrics.series import Longs
from deep_code_reasoning.sources.metrics.table_layout import Layout
from deep_code_reasoning.sources.reader import Skipped

WRONG_WIDTH = "line with another number of cells than the header"

_TEXTS = pa.dictionary(pa.int32(), pa.string())
_NO_NUMBER = ["", "nan", "NaN", "NAN", "null", "NULL", "None", "none", "NA", "N/A", "n/a", "-", "nil", "undefined"]


class Lines(NamedTuple):
    """`columns` by place: texts dictionary-encoded, numbers as doubles where all of them are, else as texts.

    `offsets` and `numbers` are the place in the file of each row.
    """

    columns: dict[int, pa.Array]
    offsets: Longs
    numbers: Longs
    skipped: list[Skipped]


def cut(block: Block, layout: Layout) -> Lines:
    data = block.data
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n"))
    starts = np.concatenate(([0], ends[:-1] + 1))
    is_filled = ends > starts
    if b"\r" in data:
        text = np.frombuffer(data, np.uint8)
        is_filled &= ~((ends - starts == 1) & (text[starts] == ord("\r")))
    lines = np.flatnonzero(is_filled & (block.line + np.arange(len(starts)) > layout.header_line))
    if not len(lines):
        return Lines({}, lines, lines, [])
    data = _repaired(data[starts[lines[0]] :])
    columns = _arrow(data, layout, len(lines))
    skipped: list[Skipped] = []
    if columns is None:
        rows, kept = [], []
        for place, text in zip(lines.tolist(), _filled(data), strict=True):
            cells = _cells(text, layout)
            if cells is None:
                offset = block.offset + int(starts[place])
                skipped.append(Skipped(block.line + place, offset, WRONG_WIDTH))
            else:
                rows.append(cells)
                kept.append(place)
        columns = _from_rows(rows, layout)
        lines = np.array(kept, np.int64)
    return Lines(columns, starts[lines] + block.offset, lines + block.line, skipped)


def _repaired(data: bytes) -> bytes:
    try:
        data.decode()
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace").encode()
    return data


def _arrow(data: bytes, layout: Layout, size: int) -> dict[int, pa.Array] | None:
    """All columns at once; None where any line is not as the header says."""
    used = [place for place, role in enumerate(layout.roles) if role != "unused"]
    doubles = layout.places("value", "min", "max", "count", "sum")
    for numbers in (pa.float64(), _TEXTS):
        kinds = {str(place): numbers if place in doubles else _TEXTS for place in used}
        try:
            table = arrow_csv.read_csv(
                pa.BufferReader(data),
                read_options=arrow_csv.ReadOptions(
                    column_names=[str(place) for place in range(len(layout.columns))],
                    use_threads=False,
                    block_size=len(data) + 1,
                ),
                parse_options=arrow_csv.ParseOptions(delimiter=layout.delimiter),
                convert_options=arrow_csv.ConvertOptions(
                    column_types=kinds,
                    include_columns=[str(place) for place in used],
                    null_values=_NO_NUMBER,
                    check_utf8=False,
                ),
            )
        except pa.ArrowInvalid as error:
            if "conversion error" in str(error):
                continue
            return None
        if table.num_rows != size:
            return None
        return {place: _whole(table.column(str(place))) for place in used}
    return None


def _whole(column: pa.ChunkedArray) -> pa.Array:
    column = column.unify_dictionaries() if pa.types.is_dictionary(column.type) else column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _filled(data: bytes) -> list[str]:
    return [line for line in data.decode().split("\n") if line and line != "\r"]


def _cells(line: str, layout: Layout) -> list[str] | None:
    try:
        (cells,) = csv.reader([line.rstrip("\r")], delimiter=layout.delimiter)
    except (csv.Error, ValueError):
        return None
    return cells if len(cells) == len(layout.columns) else None


def _from_rows(rows: list[list[str]], layout: Layout) -> dict[int, pa.Array]:
    return {
        place: pa.array([row[place] for row in rows], pa.string()).dictionary_encode()
        for place, role in enumerate(layout.roles)
        if role != "unused"
    }
