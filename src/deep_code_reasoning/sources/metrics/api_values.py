"""The `[[time, "value"], ...]` of many series at once, as columns; what has another form point by point."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import csv

from deep_code_reasoning.sources.metrics.series import Doubles, Longs

_LATEST = 9.2e9  # seconds
_MICROS = 1_000
_CONVERT = csv.ConvertOptions(column_types={"0": pa.float64(), "1": pa.float64()}, null_values=[])
_READ = csv.ReadOptions(column_names=["0", "1"], use_threads=False)


class Values(NamedTuple):
    """`lengths`: how many points each series has; then its points in columns. `lost`: points that are none."""

    lengths: Longs
    times: Longs
    values: Doubles
    lost: int


def columns(raws: list[bytes]) -> Values:
    """`raws`: one JSON array of points a series, well-formed."""
    packed = b",".join(raws)
    if any(blank in packed for blank in (b" ", b"\n", b"\t", b"\r")):
        raws = [raw.translate(None, b" \t\r\n") for raw in raws]
        packed = b",".join(raws)
    lengths = np.array([raw.count(b"[") - 1 for raw in raws], np.int64)
    rows = packed.replace(b"],[", b"\n").translate(None, b'[]"')
    try:
        table = csv.read_csv(pa.BufferReader(rows), read_options=_READ, convert_options=_CONVERT)
        seconds, values = (table.column(i).to_numpy() for i in (0, 1))
        is_time = in_range(seconds)
        if table.num_rows == lengths.sum() and is_time.all():
            return Values(lengths, nanos(seconds), values, 0)
    except pa.ArrowInvalid:
        pass
    return _one_by_one(raws)


def in_range(seconds: Doubles) -> npt.NDArray[np.bool_]:
    """False for what is not a time between 1970 and 2262, NaN too."""
    return (seconds >= 0) & (seconds < _LATEST)


def nanos(seconds: Doubles) -> Longs:
    """To the microsecond, which is what a double holds in this century."""
    return np.rint(seconds * 1e6).astype(np.int64) * _MICROS


def point(value: Any) -> tuple[float, float] | None:
    """(seconds, value) of `[time, "value"]`; None for anything else."""
    if not (isinstance(value, list) and len(value) == 2) or isinstance(value[0], bool) or isinstance(value[1], bool):
        return None
    try:
        seconds, number = float(value[0]), float(value[1])
    except (TypeError, ValueError, OverflowError):
        return None
    return (seconds, number) if 0 <= seconds < _LATEST else None


def _one_by_one(raws: list[bytes]) -> Values:
    lengths: list[int] = []
    points: list[tuple[float, float]] = []
    lost = 0
    for raw in raws:
        try:
            written = msgspec.json.decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            written = [None]
        written = written if isinstance(written, list) else [None]
        found = [one for one in map(point, written) if one]
        lost += len(written) - len(found)
        lengths.append(len(found))
        points += found
    table = np.array(points, np.float64).reshape(-1, 2)
    return Values(np.array(lengths, np.int64), nanos(table[:, 0]), table[:, 1].copy(), lost)
