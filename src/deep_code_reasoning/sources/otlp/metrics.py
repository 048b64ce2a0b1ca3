"""OTLP metric points to rows: gauges, sums, histograms of both kinds, summaries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Raw, Struct

from deep_code_reasoning.sources.arrow_tables import BATCH_ROWS, Rows
from deep_code_reasoning.sources.otlp.resources import Producer, Resources
from deep_code_reasoning.sources.otlp.values import BadRecord, KeyValue, double, enum_number, nanos, text_of
from deep_code_reasoning.sources.reader import Batch

NO_POINTS = "metric without data points of a kind that OTLP knows"
NO_RECORDED_VALUE = 1  # DataPointFlags: a gap, not a zero

_TEMPORALITY_WORDS = {1: "delta", 2: "cumulative"}
_TEMPORALITY = {f"AGGREGATION_TEMPORALITY_{word.upper()}": number for number, word in _TEMPORALITY_WORDS.items()}

Number = float | int | str | None


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
    attributes: list[KeyValue] | None = None
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
    """Turns messages of one source into rows of `metrics`."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._rows = Rows("metrics")

    def add(self, message: ResourceMetrics, offset: int, lost: Callable[[str], None]) -> None:
        """Adds every point of the message; `lost` is called with the reason for each that is left out."""
        producer = self._resources.producer(message.resource, offset)
        for group in message.scopeMetrics:
            for metric in group.metrics:
                form, points = _points(metric)
                if points is None:
                    lost(NO_POINTS)
                    continue
                for point in points.dataPoints:
                    try:
                        self._add_point(metric, form, points, point, producer, offset)
                    except BadRecord as error:
                        lost(str(error))

    def batches(self, *, final: bool) -> Iterator[Batch]:
        """What is ready; everything when `final`."""
        if len(self._rows) >= BATCH_ROWS or (final and len(self._rows)):
            yield self._rows.take()

    def _add_point(
        self, metric: Metric, form: str, points: Points, point: Point, producer: Producer, offset: int
    ) -> None:
        total, amount = double(point.count), double(point.sum)
        if form in ("gauge", "sum"):
            value = double(point.asDouble if point.asDouble is not None else point.asInt)
        else:
            value = amount / total if total and amount is not None else None
        if _flags(point) & NO_RECORDED_VALUE:
            value = None
        bounds, counts = _buckets(point, form)
        temporality = enum_number(points.aggregationTemporality, _TEMPORALITY)
        row: list[Any] = [
            nanos(point.timeUnixNano),
            nanos(point.startTimeUnixNano) or None,
            metric.name or "",
            metric.unit or None,
            "histogram" if form == "exponentialHistogram" else form,
            _TEMPORALITY_WORDS.get(temporality),
            points.isMonotonic or False if form == "sum" else None,
            value,
            total,
            amount,
            double(point.min),
            double(point.max),
            bounds,
            counts,
            producer.service_name,
            producer.host,
            producer.number,
            offset,
        ]
        quantiles = [(double(q.quantile) or 0.0, double(q.value)) for q in point.quantileValues or ()]
        self._add_row(row, point, None)
        for quantile, value in quantiles:  # as Prometheus has it: a series of its own, labelled by the quantile
            self._add_row([*row[:7], value, *row[8:]], point, f"{quantile:g}")

    def _add_row(self, row: list[Any], point: Point, quantile: str | None) -> None:
        rows = self._rows
        for attribute in point.attributes or ():
            rows.keys.append(attribute.key)
            rows.values.append(text_of(attribute.value))
        if quantile is not None:
            rows.keys.append("quantile")
            rows.values.append(quantile)
        rows.add(row)


def _points(metric: Metric) -> tuple[str, Points | None]:
    for form in ("gauge", "sum", "histogram", "exponentialHistogram", "summary"):
        if (points := getattr(metric, form)) is not None:
            return form, points
    return "", None


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
