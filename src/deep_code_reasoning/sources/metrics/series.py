"""Metric points in columns: what all points of a series share is kept once, and spread when a batch is made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from deep_code_reasoning.sources.arrow_tables import SCHEMAS
from deep_code_reasoning.sources.otlp.resources import Producer
from deep_code_reasoning.sources.reader import Batch

BATCH_POINTS = 65_536

Longs = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]

_SCHEMA = SCHEMAS["metrics"]
_PAIR = _SCHEMA.field("attributes").type.value_type


class Series(NamedTuple):
    """One metric of one producer with one set of attributes."""

    name: str
    producer: Producer
    attributes: tuple[tuple[str, str | None], ...] = ()
    kind: str = "gauge"
    unit: str | None = None
    temporality: str | None = None
    is_monotonic: bool | None = None


def batches(
    table: list[Series], series: Longs, times: Longs, offsets: Longs, **columns: pa.Array | Doubles | Longs
) -> Iterator[Batch]:
    """Rows of `metrics`, one a point: `series` are places in `table`, `times` nanoseconds, `offsets` bytes.

    `columns`: `value` and other columns of the table that differ from point to point; those left out are NULL, and so
    is NaN in those given as numpy arrays: a series that has no value just then.
    """
    for start in range(0, len(series), BATCH_POINTS):
        part = slice(start, start + BATCH_POINTS)
        arrays = _shared(table, series[part])
        arrays["time_unix_nano"] = pa.array(times[part])
        arrays["source_offset"] = pa.array(offsets[part])
        for name, values in columns.items():
            arrays[name] = values[part] if isinstance(values, pa.Array) else pa.array(values[part], from_pandas=True)
        size = len(series[part])
        rows = [arrays[f.name] if f.name in arrays else pa.nulls(size, f.type) for f in _SCHEMA]
        yield Batch("metrics", pa.RecordBatch.from_arrays(rows, schema=_SCHEMA))


def _shared(table: list[Series], series: Longs) -> dict[str, pa.Array]:
    """The columns that are equal in all points of a series."""
    is_used = np.zeros(len(table), bool)
    is_used[series] = True
    used = np.flatnonzero(is_used)
    place = np.cumsum(is_used) - 1
    at = pa.array(place[series])
    distinct = [table[number] for number in used.tolist()]
    producers = [one.producer for one in distinct]
    columns = {
        "name": text_array([one.name for one in distinct]),
        "unit": text_array([one.unit for one in distinct]),
        "kind": text_array([one.kind for one in distinct]),
        "aggregation_temporality": text_array([one.temporality for one in distinct]),
        "is_monotonic": pa.array([one.is_monotonic for one in distinct], pa.bool_()),
        "service_name": text_array([producer.service_name for producer in producers]),
        "host": text_array([producer.host for producer in producers]),
        "resource_number": pa.array([producer.number for producer in producers], pa.int64()),
        "attributes": _attributes(distinct),
    }
    return {name: array.take(at) for name, array in columns.items()}


def _attributes(distinct: list[Series]) -> pa.ListArray:
    pairs = [pair for one in distinct for pair in one.attributes]
    ends = np.cumsum([0, *(len(one.attributes) for one in distinct)], dtype=np.int32)
    columns = [text_array([key for key, _ in pairs]), text_array([value for _, value in pairs])]
    return pa.ListArray.from_arrays(pa.array(ends), pa.StructArray.from_arrays(columns, fields=list(_PAIR)))


def text_array(texts: list[str] | list[str | None]) -> pa.Array:
    try:
        return pa.array(texts, pa.string())
    except UnicodeEncodeError:  # lone surrogates, from \ud800 escapes
        return pa.array([text and text.encode("utf-8", "replace").decode() for text in texts], pa.string())


def slices(data: bytes, starts: Longs, ends: Longs) -> pa.Array:
    """`data[start:end]` for every pair, in ascending order and without overlap, as one binary array."""
    if not len(starts):
        return pa.array([], pa.binary())
    bounds = np.empty(2 * len(starts), np.int32)
    bounds[0::2] = starts
    bounds[1::2] = ends
    every = pa.Array.from_buffers(
        pa.binary(), len(bounds) - 1, [None, pa.py_buffer(bounds.tobytes()), pa.py_buffer(data)]
    )
    return every.take(pa.array(np.arange(0, len(bounds) - 1, 2)))


def numbers(texts: pa.Array) -> tuple[Doubles, npt.NDArray[np.bool_]]:
    """(the numbers that binary texts spell, which of them spell one); NaN and infinities as `float` takes them."""
    import pyarrow.compute as pc

    try:
        return pc.cast(texts.cast(pa.string()), pa.float64()).to_numpy(), np.ones(len(texts), bool)
    except (pa.ArrowInvalid, UnicodeDecodeError):
        found = [number_of(text) for text in texts.to_pylist()]
        good = np.array([value is not None for value in found], bool)
        return np.array([value or 0.0 for value in found], np.float64), good


def number_of(text: bytes) -> float | None:
    try:
        return None if b"_" in text else float(text)
    except (ValueError, TypeError):
        return None
