"""Native histograms of the Prometheus API: `[time, {"count", "sum", "buckets": [[rule, from, to, count]]}]`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from deep_code_reasoning.sources.metrics.api_values import in_range, nanos
from deep_code_reasoning.sources.metrics.series import Series, batches
from deep_code_reasoning.sources.reader import Batch

_LISTS = pa.list_(pa.float64())


@dataclass
class HistogramRows:
    """Points in columns; `times` in seconds."""

    times: list[float] = field(default_factory=list)
    counts: list[float] = field(default_factory=list)
    sums: list[float] = field(default_factory=list)
    bounds: list[list[float]] = field(default_factory=list)
    bucket_counts: list[list[float]] = field(default_factory=list)

    def batches(self, table: list[Series], series: int, offset: int) -> Iterator[Batch]:
        """Rows of the series at that place in the table, which becomes a histogram."""
        if not self.times:
            return
        table[series] = table[series]._replace(kind="histogram", temporality="cumulative", is_monotonic=None)
        size = len(self.times)
        total, amount = np.array(self.counts), np.array(self.sums)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = amount / total
        yield from batches(
            table,
            np.full(size, series),
            nanos(np.array(self.times)),
            np.full(size, offset),
            value=pa.array(mean, mask=~(total > 0)),
            count=total,
            sum=amount,
            explicit_bounds=pa.array(self.bounds, _LISTS),
            bucket_counts=pa.array(self.bucket_counts, _LISTS),
        )


def histogram_rows(raw: bytes) -> tuple[HistogramRows, int]:
    """(the points, how many were none)."""
    rows, lost = HistogramRows(), 0
    try:
        written = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return rows, 1
    for one in written if isinstance(written, list) else [written]:
        try:
            _add(rows, one)
        except (TypeError, ValueError, KeyError, OverflowError, AttributeError):
            lost += 1
    return rows, lost


def _add(rows: HistogramRows, one: Any) -> None:
    """Raises what a wrong form raises."""
    time, histogram = one
    total, amount, seconds = float(histogram["count"]), float(histogram["sum"]), float(time)
    bounds: list[float] = []
    counts: list[float] = []
    for _, lower, upper, count in histogram.get("buckets") or ():
        if not bounds or float(lower) != bounds[-1]:  # a gap is an empty bucket
            bounds.append(float(lower))
            counts.append(0.0)
        bounds.append(float(upper))
        counts.append(float(count))
    if not in_range(np.array([seconds])).all():
        raise ValueError
    rows.times.append(seconds)
    rows.counts.append(total)
    rows.sums.append(amount)
    rows.bounds.append(bounds)
    rows.bucket_counts.append([*counts, 0.0])
