"""Histograms and summaries of an exposition: the samples that are parts of one point, gathered into it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from deep_code_reasoning.sources.metrics.exposition import Role
from deep_code_reasoning.sources.metrics.series import Doubles, Longs, Series, batches
from deep_code_reasoning.sources.reader import Batch

MAX_WAITING = 1 << 20


class Parts(NamedTuple):
    """Samples in columns, each of equal length; `times` in nanoseconds, `offsets` in bytes."""

    series: Longs
    roles: Longs
    bounds: Doubles
    times: Longs
    values: Doubles
    offsets: Longs

    def where(self, chosen: np.ndarray | slice) -> Parts:
        return Parts._make(column[chosen] for column in self)


class PointParts:
    """Gathers by series and time. A point is given out once its sum and count are there, and at the end as it is."""

    def __init__(self, table: list[Series]) -> None:
        self._table = table
        self._waiting: list[Parts] = []
        self._count = self._next_look = 0

    def add(self, parts: Parts) -> None:
        if len(parts.series):
            self._waiting.append(parts)
            self._count += len(parts.series)

    def ready(self, starts: dict[int, int], *, final: bool) -> Iterator[Batch]:
        """`starts`: series → when its counting began, where that is known."""
        if not self._count or not (final or self._count >= self._next_look):
            return
        every = Parts(*(np.concatenate(columns) for columns in zip(*self._waiting, strict=True)))
        last = every.series[-1]
        every = every.where(np.lexsort((every.offsets, every.bounds, every.times, every.series)))
        firsts = np.concatenate(
            ([True], (every.series[1:] != every.series[:-1]) | (every.times[1:] != every.times[:-1]))
        )
        point = np.cumsum(firsts) - 1
        done = np.ones(point[-1] + 1, bool)
        if not final and self._count < MAX_WAITING:
            done = _has(Role.SUM, every, point) & _has(Role.COUNT, every, point) & (every.series[firsts] != last)
        chosen = done[point]
        self._waiting = [every.where(~chosen)] if not chosen.all() else []
        self._count = int((~chosen).sum())
        self._next_look = 2 * self._count  # all looks together stay linear
        if chosen.any():
            yield from _points(self._table, every.where(chosen), firsts[chosen], starts)


def _has(role: Role, parts: Parts, point: Longs) -> np.ndarray:
    return np.bincount(point[parts.roles == role], minlength=point[-1] + 1) > 0


def _points(table: list[Series], parts: Parts, firsts: np.ndarray, starts: dict[int, int]) -> Iterator[Batch]:
    point = np.cumsum(firsts) - 1
    size = int(point[-1]) + 1
    total, amount = (_placed(role, parts, point, size) for role in (Role.COUNT, Role.SUM))
    is_bucket = parts.roles == Role.BUCKET
    in_point, bounds, below = point[is_bucket], parts.bounds[is_bucket], parts.values[is_bucket]
    ends = np.cumsum(np.bincount(in_point, minlength=size))
    has_buckets = np.bincount(in_point, minlength=size) > 0
    highest = np.where(has_buckets, np.append(below, np.nan)[ends - 1], np.nan)
    total = np.where(np.isnan(total), highest, total)
    lacks_last = has_buckets & ~(np.append(bounds, np.inf)[ends - 1] == np.inf)
    if lacks_last.any():  # a bucket +Inf that was not written holds what the count says
        bounds = np.insert(bounds, ends[lacks_last], np.inf)
        below = np.insert(below, ends[lacks_last], np.fmax(total, highest)[lacks_last])
        in_point = np.insert(in_point, ends[lacks_last], np.flatnonzero(lacks_last))
    is_first = np.concatenate(([True], in_point[1:] != in_point[:-1])) if len(in_point) else np.empty(0, bool)
    counts = np.maximum(np.where(is_first, below, below - np.roll(below, 1)), 0.0)
    is_finite = bounds != np.inf
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(total > 0, amount / total, np.nan)
    series, times = parts.series[firsts], parts.times[firsts]
    offsets = np.minimum.reduceat(parts.offsets, np.flatnonzero(firsts))
    columns = {
        "value": _or_null(mean),
        "count": _or_null(total),
        "sum": _or_null(amount),
        "explicit_bounds": _lists(bounds[is_finite], in_point[is_finite], size),
        "bucket_counts": _lists(counts, in_point, size),
    }
    if starts:
        columns["start_time_unix_nano"] = start_times(series, times, starts)
    order = np.argsort(offsets, kind="stable")
    taken = {name: column.take(pa.array(order)) for name, column in columns.items()}
    yield from batches(table, series[order], times[order], offsets[order], **taken)


def start_times(series: Longs, times: Longs, starts: dict[int, int]) -> pa.Array:
    """When the counting of each point began; NULL where it is not known or lies behind the point."""
    known = np.array([starts.get(number, -1) for number in series.tolist()], np.int64)
    return pa.array(known, mask=(known < 0) | (known > times))


def _placed(role: Role, parts: Parts, point: Longs, size: int) -> Doubles:
    column = np.full(size, np.nan)
    chosen = parts.roles == role
    column[point[chosen]] = parts.values[chosen]
    return column


def _or_null(column: Doubles) -> pa.Array:
    return pa.array(column, mask=np.isnan(column))


def _lists(values: Doubles, points: Longs, size: int) -> pa.Array:
    """A list a point; NULL where it is empty."""
    lengths = np.bincount(points, minlength=size)
    ends = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(ends), pa.array(values), mask=pa.array(lengths == 0))
