"""What each user got, noted in true time as it happens: the source of a regression's truth and of its alert."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from .alert import Monitor
from .season import DAY_S

HOURS = 24


@dataclass(slots=True)
class Visit:
    """One request of a user. `calls` and `called_s`: calls that the cart's rules made of another service, and
    the seconds spent in those that are made a line; `release` is the version that made them."""

    operation: str
    at_s: float
    lines: int = 0
    seconds: float = 0.0
    release: str = ""
    calls: int = 0
    called_s: float = 0.0

    @property
    def hour(self) -> int:
        """Hour of the day."""
        return int(self.at_s // 3600) % HOURS


Measure = Callable[[Visit], float]


@dataclass(frozen=True, slots=True)
class Rise:
    """Mean and median seconds of an operation before and after, and what the difference of means is made of.
    Means are taken at equal seasonality.

    `of_calls`: mean seconds after that were spent in calls a line. `of_mix`: what carts of another size would
    have cost with the mean of their size before. What the two leave is chance.
    """

    operation: str
    before_s: float
    after_s: float
    of_calls_s: float
    of_mix_s: float
    before_median_s: float
    after_median_s: float

    @property
    def relative(self) -> float:
        """Share by which the mean rose."""
        return self.after_s / self.before_s - 1.0

    @property
    def share_of_calls(self) -> float:
        """Share of the rise that the calls a line are."""
        return self.of_calls_s / (self.after_s - self.before_s)

    @property
    def share_of_mix(self) -> float:
        """Share of the rise that bigger carts would have made without those calls."""
        return self.of_mix_s / (self.after_s - self.before_s)


def rise(operation: str, visits: Iterable[Visit], before: tuple[float, float], after: tuple[float, float]) -> Rise:
    """Compare two intervals of true seconds; both have to have visits in the same hours of the day."""
    chosen = [visit for visit in visits if visit.operation == operation]
    earlier, later = _within(chosen, before), _within(chosen, after)
    weights = _hours(earlier, later)
    size_s = _by_size(earlier)

    def of_size(visit: Visit) -> float:
        return size_s[min(size_s, key=lambda lines: abs(lines - visit.lines))]

    return Rise(
        operation,
        _mean(earlier, weights, lambda visit: visit.seconds),
        _mean(later, weights, lambda visit: visit.seconds),
        _mean(later, weights, lambda visit: visit.called_s),
        _mean(later, weights, of_size) - _mean(earlier, weights, of_size),
        median(visit.seconds for visit in earlier),
        median(visit.seconds for visit in later),
    )


def mean_calls(visits: Iterable[Visit], operation: str, within: tuple[float, float]) -> float:
    """Calls of the cart's rules a request."""
    return fmean(visit.calls for visit in _within(visits, within) if visit.operation == operation)


def mean_lines(visits: Iterable[Visit], operation: str, within: tuple[float, float]) -> float:
    """Lines a cart."""
    return fmean(visit.lines for visit in _within(visits, within) if visit.operation == operation)


def mean_seconds(visits: Iterable[Visit], operation: str, within: tuple[float, float]) -> float:
    """Mean duration, whatever the hour; 0 without visits."""
    durations = [visit.seconds for visit in _within(visits, within) if visit.operation == operation]
    return fmean(durations) if durations else 0.0


def seconds_by_release(visits: Iterable[Visit], operation: str, within: tuple[float, float]) -> dict[str, float]:
    """Mean duration by the release of the library that served the request."""
    of_release: dict[str, list[float]] = {}
    for visit in _within(visits, within):
        if visit.operation == operation and visit.release:
            of_release.setdefault(visit.release, []).append(visit.seconds)
    return {release: fmean(seconds) for release, seconds in sorted(of_release.items())}


def slower_than_before(visits: Sequence[Visit], operation: str) -> Monitor:
    """The monitor on an operation's mean of a day against the three days before that day."""

    def ratio(now_s: float) -> float | None:
        if now_s < 4 * DAY_S:
            return None
        usual = mean_seconds(visits, operation, (now_s - 4 * DAY_S, now_s - DAY_S))
        return mean_seconds(visits, operation, (now_s - DAY_S, now_s)) / usual if usual else None

    return Monitor(
        "gateway",
        "http.server.request.duration",
        1.3,
        f"{operation}: mean of a day 30 % above the three days before",
        f"{operation} takes longer since last week's deploys. No errors; every pod, every hour of the day.",
        ratio,
    )


def _within(visits: Iterable[Visit], interval: tuple[float, float]) -> list[Visit]:
    return [visit for visit in visits if interval[0] <= visit.at_s < interval[1]]


def _hours(*groups: list[Visit]) -> dict[int, float]:
    """The weight of each hour of the day that all groups have: its visits in all of them."""
    hours = set.intersection(*({visit.hour for visit in group} for group in groups))
    return {hour: float(sum(visit.hour == hour for group in groups for visit in group)) for hour in sorted(hours)}


def _mean(visits: list[Visit], weights: dict[int, float], measure: Measure) -> float:
    """The mean over the hours of the day, each with its weight (direct standardisation)."""
    of_hour: dict[int, list[float]] = {hour: [] for hour in weights}
    for visit in visits:
        if visit.hour in of_hour:
            of_hour[visit.hour].append(measure(visit))
    return sum(weight * fmean(of_hour[hour]) for hour, weight in weights.items()) / sum(weights.values())


def _by_size(visits: list[Visit]) -> dict[int, float]:
    """Mean seconds by lines of the cart, of sizes seen often enough to have a mean."""
    sizes: dict[int, list[float]] = {}
    for visit in visits:
        sizes.setdefault(visit.lines, []).append(visit.seconds)
    often = {lines: fmean(seconds) for lines, seconds in sizes.items() if len(seconds) >= 20}
    return often or {lines: fmean(seconds) for lines, seconds in sizes.items()}
