"""Metric instruments of a pod: cumulative, bounded, encoded once a minute."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable

from deep_code_reasoning.demo import otlp

DURATION_BOUNDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
Attributes = tuple[tuple[str, otlp.Value], ...]


class Series:
    """The running state of one attribute set of a histogram."""

    __slots__ = ("counts", "maximum", "minimum", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(DURATION_BOUNDS) + 1)
        self.total = 0.0
        self.minimum = float("inf")
        self.maximum = 0.0

    def record(self, seconds: float) -> None:
        self.counts[bisect_left(DURATION_BOUNDS, seconds)] += 1
        self.total += seconds
        self.minimum = min(self.minimum, seconds)
        self.maximum = max(self.maximum, seconds)


class Instruments:
    """Histograms and counters by name and attributes, and gauges that are read when asked for."""

    def __init__(self) -> None:
        self._histograms: dict[str, dict[Attributes, Series]] = {}
        self._counters: dict[str, dict[Attributes, int]] = {}
        self._gauges: dict[tuple[str, str, Attributes], list[Callable[[], int | float]]] = {}

    def record(self, name: str, attributes: Attributes, seconds: float) -> None:
        """Add a duration in seconds to a histogram."""
        by_attributes = self._histograms.get(name)
        if by_attributes is None:
            by_attributes = self._histograms[name] = {}
        series = by_attributes.get(attributes)
        if series is None:
            series = by_attributes[attributes] = Series()
        series.record(seconds)

    def add(self, name: str, attributes: Attributes, amount: int = 1) -> None:
        """Add to a monotonic counter."""
        counters = self._counters.setdefault(name, {})
        counters[attributes] = counters.get(attributes, 0) + amount

    def observe(self, name: str, unit: str, read: Callable[[], int | float], attributes: Attributes = ()) -> None:
        """Register a gauge; of several with one name and attributes (pods of a version) the mean is told."""
        self._gauges.setdefault((name, unit, attributes), []).append(read)

    def encode(self, start_ns: int, time_ns: int) -> list[str]:
        """All metrics as OTLP/JSON, at a wall-clock time of the pod's host."""
        metrics = [
            otlp.histogram(
                name,
                "s",
                [
                    otlp.histogram_point(
                        start_ns,
                        time_ns,
                        dict(attributes),
                        DURATION_BOUNDS,
                        series.counts,
                        series.total,
                        (series.minimum, series.maximum),
                    )
                    for attributes, series in by_attributes.items()
                ],
            )
            for name, by_attributes in self._histograms.items()
        ]
        metrics += [
            otlp.counter(
                name,
                "{event}",
                [otlp.number_point(start_ns, time_ns, total, dict(attrs)) for attrs, total in points.items()],
            )
            for name, points in self._counters.items()
        ]
        metrics += [
            otlp.gauge(name, unit, [otlp.number_point(0, time_ns, _mean(reads), dict(attributes))])
            for (name, unit, attributes), reads in self._gauges.items()
        ]
        return metrics


def _mean(reads: list[Callable[[], int | float]]) -> int | float:
    return reads[0]() if len(reads) == 1 else sum(read() for read in reads) / len(reads)
