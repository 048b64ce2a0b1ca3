"""OTLP metric points to rows: gauges, sums, histograms of both kinds, summaries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from msgspec import Raw, Struct

from deep_code_reasoning.sources.arrow_tables import BATCH_ROWS, SCHEMAS
from deep_code_reasoning.sources.metrics.series import Series
from deep_code_reasoning.sources.otlp.lenient import lenient
from deep_code_reasoning.sources.otlp.resources import Producer, Resources
from deep_code_reasoning.sources.otlp.values import (
    MAX_NANOS,
    BadRecord,
    KeyValue,
    double,
    enum_number,
    nanos,
    parse,
    text_of,
)
from deep_code_reasoning.sources.reader import Batch

NO_POINTS = "metric without data points of a kind that OTLP knows"
NO_RECORDED_VALUE = 1  # DataPointFlags: a gap, not a zero

_TEMPORALITY_WORDS = {1: "delta", 2: "cumulative"}
_TEMPORALITY = {f"AGGREGATION_TEMPORALITY_{word.upper()}": number for number, word in _TEMPORALITY_WORDS.items()}

_DISTRIBUTION = ("count", "sum", "min", "max", "explicit_bounds", "bucket_counts")
_SNAKE_CASE = b'_value"'  # as in "string_value"

MAX_SERIES = 1 << 17  # then the table begins anew

Attributes = tuple[tuple[str, str | None], ...]
Number = float | int | str | None


class _Attributes(Struct, gc=False, frozen=True):
    attributes: list[KeyValue] | None = None


class Quantile(Struct, gc=False, frozen=True):
    quantile: Number = None
    value: Number = None


class Buckets(Struct, gc=False, frozen=True):
    offset: int | str | None = None
    bucketCounts: list[Number] | None = None


class Point(Struct, gc=False, frozen=True):
    """The union of the fields of all kinds of points."""

    timeUnixNano: str | int
    startTimeUnixNano: str | int | None = None
    attributes: Raw = Raw()  # as written, to be parsed once a series; the protobuf reader puts a list here
    flags: int | str | None = None
    asDouble: Number = None
    asInt: Number = None
    count: Number = None
    sum: Number = None
    min: Number = None
    max: Number = None
    bucketCounts: list[Number] | None = None
    explicitBounds: list[Number] | None = None
    scale: int | str | None = None
    zeroCount: Number = None
    positive: Buckets | None = None
    negative: Buckets | None = None
    quantileValues: list[Quantile] | None = None


class Points(Struct, gc=False, frozen=True):
    dataPoints: list[Point]
    aggregationTemporality: int | str | None = None
    isMonotonic: bool | None = None


class Metric(Struct, gc=False, frozen=True):
    name: str | None = None
    unit: str | None = None
    gauge: Points | None = None
    sum: Points | None = None
    histogram: Points | None = None
    exponentialHistogram: Points | None = None
    summary: Points | None = None


class ScopeMetrics(Struct, gc=False, frozen=True):
    metrics: list[Metric]


class ResourceMetrics(Struct, gc=False, frozen=True):
    scopeMetrics: list[ScopeMetrics]
    resource: Raw = Raw()


class Metrics:
    """Turns messages of one source into rows of `metrics`, column by column; what points share is kept once."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._attributes = PointAttributes()
        self._table: list[Series] = []
        self._places: dict[Series, dict[bytes | Attributes, int]] = {}  # attributes as written and as they were read
        self._series: list[int] = []
        self._times: list[int] = []
        self._starts: list[int | None] = []
        self._values: list[float | None] = []
        self._offsets: list[int] = []
        self._distributions: dict[int, tuple[Any, ...]] = {}  # row → the columns of `_DISTRIBUTION`

    def add(self, message: ResourceMetrics, offset: int, lost: Callable[[str], None]) -> None:
        """Adds every point of the message; `lost` is called with the reason for each that is left out."""
        producer = self._resources.producer(message.resource, offset)
        for group in message.scopeMetrics:
            for metric in group.metrics:
                form, points = _points(metric)
                if points is None:
                    lost(NO_POINTS)
                    continue
                try:
                    series = _series(metric, form, points, producer)
                except BadRecord as error:
                    for _ in points.dataPoints:
                        lost(str(error))
                    continue
                if form not in ("gauge", "sum") or not self._add_numbers(series, points.dataPoints, offset):
                    for point in points.dataPoints:
                        try:
                            self._add_point(series, form, point, offset, lost)
                        except BadRecord as error:
                            lost(str(error))

    def batches(self, *, final: bool) -> Iterator[Batch]:
        """What is ready; everything when `final`."""
        if len(self._times) >= BATCH_ROWS or (final and self._times):
            yield from self._take()

    def _add_numbers(self, series: Series, points: list[Point], offset: int) -> bool:
        """All points of a gauge or sum at once; False, and nothing added, where any is unusual."""
        places = self._places.setdefault(series, {})
        try:
            found = [places[bytes(point.attributes)] for point in points]
            times = _whole([point.timeUnixNano for point in points])
            starts = _whole([point.startTimeUnixNano for point in points])
            values = [float(point.asInt if point.asDouble is None else point.asDouble) for point in points]  # ty: ignore
        except (KeyError, TypeError, ValueError, OverflowError):
            return False
        if not points or min(times) < 0 or min(starts) < 0 or max(times) > MAX_NANOS or max(starts) > MAX_NANOS:
            return False
        if [1 for point in points if point.flags or point.count is not None or point.sum is not None]:
            return False
        self._series += found
        self._times += times
        self._starts += starts if min(starts) else [start or None for start in starts]
        self._values += values
        self._offsets += [offset] * len(points)
        return True

    def _add_point(self, series: Series, form: str, point: Point, offset: int, lost: Callable[[str], None]) -> None:
        total, amount = double(point.count), double(point.sum)
        if form not in ("gauge", "sum"):  # protobuf's JSON leaves a zero out, except of optional fields
            total = total or 0.0
            amount = amount or 0.0 if form == "summary" else amount
        if form in ("gauge", "sum"):
            value = double(point.asDouble if point.asDouble is not None else point.asInt)
        else:
            value = amount / total if total and amount is not None else None
        if _flags(point) & NO_RECORDED_VALUE:
            value = None
        distribution = (total, amount, double(point.min), double(point.max), *_buckets(point, form))
        time, start = nanos(point.timeUnixNano), nanos(point.startTimeUnixNano) or None
        quantiles = [(double(q.quantile) or 0.0, double(q.value)) for q in point.quantileValues or ()]
        place = self._place(series, point, lost)
        self._add_row(place, time, start, value, distribution, offset)
        for quantile, at in quantiles:  # as Prometheus has it: a series of its own, labelled by the quantile
            labelled = self._with_quantile(place, f"{quantile:g}")
            self._add_row(labelled, time, start, at, distribution, offset)

    def _add_row(
        self, place: int, time: int, start: int | None, value: float | None, distribution: tuple[Any, ...], offset: int
    ) -> None:
        if any(part is not None for part in distribution):
            self._distributions[len(self._times)] = distribution
        self._series.append(place)
        self._times.append(time)
        self._starts.append(start)
        self._values.append(value)
        self._offsets.append(offset)

    def _place(self, series: Series, point: Point, lost: Callable[[str], None]) -> int:
        """The place of the point's series in the table. Raises BadRecord."""
        written = point.attributes
        places = self._places.setdefault(series, {})
        key = bytes(written) if isinstance(written, Raw) else None
        if key is not None and (place := places.get(key)) is not None:
            return place
        attributes, is_whole = self._attributes.of(written, lost)
        place = places.get(attributes)
        if place is None:
            place = places[attributes] = len(self._table)
            self._table.append(series._replace(attributes=attributes))
        if key is not None and is_whole:
            places[key] = place
        return place

    def _with_quantile(self, place: int, quantile: str) -> int:
        series = self._table[place]
        attributes = (*series.attributes, ("quantile", quantile))
        places = self._places.setdefault(series._replace(attributes=()), {})
        if attributes not in places:
            places[attributes] = len(self._table)
            self._table.append(series._replace(attributes=attributes))
        return places[attributes]

    def _take(self) -> Iterator[Batch]:
        import numpy as np
        import pyarrow as pa

        from deep_code_reasoning.sources.metrics.series import batches

        columns = {
            "start_time_unix_nano": pa.array(self._starts, pa.int64()),
            "value": pa.array(self._values, pa.float64(), from_pandas=True),  # NaN, "no value" in Prometheus: NULL
        }
        for at, name in enumerate(_DISTRIBUTION if self._distributions else ()):
            column: list[Any] = [None] * len(self._times)
            for row, distribution in self._distributions.items():
                column[row] = distribution[at]
            columns[name] = pa.array(column, SCHEMAS["metrics"].field(name).type)
        series, times, offsets = (np.array(column, np.int64) for column in (self._series, self._times, self._offsets))
        yield from batches(self._table, series, times, offsets, **columns)
        self._series, self._times, self._starts, self._values, self._offsets = [], [], [], [], []
        self._distributions = {}
        if len(self._table) > MAX_SERIES:
            self._table, self._places = [], {}


class PointAttributes:
    """The attributes of points, as they were written or already as a list, to keys and texts."""

    def __init__(self) -> None:
        self._decode = msgspec.json.Decoder(list[KeyValue] | None).decode

    def of(self, written: Raw | list[KeyValue] | None, lost: Callable[[str], None]) -> tuple[Attributes, bool]:
        """(the attributes, whether none was lost). Raises BadRecord where they have another form."""
        if not isinstance(written, Raw):
            return tuple((pair.key, text_of(pair.value)) for pair in written or ()), True
        text = bytes(written)
        if not text:
            return (), True
        try:
            if _SNAKE_CASE not in text:
                return tuple((pair.key, text_of(pair.value)) for pair in self._decode(text) or ()), True
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            pass
        reasons: list[str] = []
        holder = lenient({"attributes": parse(text.decode("utf-8", "replace"))}, _Attributes, reasons.append)
        for reason in reasons:
            lost(reason)
        return tuple((pair.key, text_of(pair.value)) for pair in holder.attributes or ()), not reasons


def _series(metric: Metric, form: str, points: Points, producer: Producer) -> Series:
    """What all points of a metric share. Raises BadRecord."""
    return Series(
        name=metric.name or "",
        producer=producer,
        kind="histogram" if form == "exponentialHistogram" else form,
        unit=metric.unit or None,
        temporality=_TEMPORALITY_WORDS.get(enum_number(points.aggregationTemporality, _TEMPORALITY)),
        is_monotonic=points.isMonotonic or False if form == "sum" else None,
    )


def _points(metric: Metric) -> tuple[str, Points | None]:
    for form in ("gauge", "sum", "histogram", "exponentialHistogram", "summary"):
        if (points := getattr(metric, form)) is not None:
            return form, points
    return "", None


def _whole(written: list[str | int | None]) -> list[int]:
    """As numbers, 0 where nothing is written. The points of an export mostly have one time, which is read once."""
    distinct = set(written)
    if len(distinct) == 1:
        return [int(distinct.pop() or 0)] * len(written)
    return [int(one or 0) for one in written]


def _flags(point: Point) -> int:
    return enum_number(point.flags, {})


def _buckets(point: Point, form: str) -> tuple[list[float] | None, list[float] | None]:
    if form == "histogram":
        bounds = [double(bound) or 0.0 for bound in point.explicitBounds or ()]
        return bounds or None, [double(count) or 0.0 for count in point.bucketCounts or ()] or None
    if form == "exponentialHistogram":
        return _explicit(point)
    return None, None


def _explicit(point: Point) -> tuple[list[float] | None, list[float] | None]:
    """Exponential buckets as explicit ones: bucket i holds (base**i, base**(i+1)], base = 2**(2**-scale).

    Source: OpenTelemetry metrics data model, "ExponentialHistogram". Counts are one more than bounds, as in an
    explicit histogram; the last, above the highest bound, is 0.
    """
    scale = enum_number(point.scale, {})
    if not -10 <= scale <= 20:
        raise BadRecord("exponential histogram with a scale outside -10..20")
    bounds: list[float] = []
    counts: list[float] = []
    negative = _side(point.negative)
    for index, count in reversed(negative):
        bounds.append(-_power(scale, index))
        counts.append(count)
    if negative:  # what lies below the lowest bound: nothing
        bounds.insert(0, -_power(scale, negative[-1][0] + 1))
        counts.insert(0, 0.0)
    positive = _side(point.positive)
    bounds.append(_power(scale, positive[0][0]) if positive else 0.0)
    counts.append(double(point.zeroCount) or 0.0)
    for index, count in positive:
        bounds.append(_power(scale, index + 1))
        counts.append(count)
    return bounds, [*counts, 0.0]


def _side(buckets: Buckets | None) -> list[tuple[int, float]]:
    if buckets is None:
        return []
    first = enum_number(buckets.offset, {})
    return [(first + i, double(count) or 0.0) for i, count in enumerate(buckets.bucketCounts or ())]


def _power(scale: int, index: int) -> float:
    try:
        return 2.0 ** (index * 2.0**-scale)
    except OverflowError:
        return float("inf")
