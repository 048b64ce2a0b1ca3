"""A metric as a line of bars a series, with the numbers that the bars are drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from statistics import median

from deep_code_reasoning.incident import TimeWindow, iso

Point = tuple[str, int, float, str | None]
_BARS = "▁▂▃▄▅▆▇█"
_MOST_BUCKETS = 48
_MOST_SERIES = 8


def metric_sketch(points: Sequence[Point], onset: TimeWindow | None) -> str:
    """`points`: series, nanoseconds, value, unit, in order of time. One scale for all series; a bar is the mean of its
    slice of time, `·` a slice without a point, `|` where the onset begins. Series in order of how much they move."""
    first, last = points[0][1], points[-1][1]
    series: dict[str, list[tuple[int, float]]] = {}
    for name, time, value, _ in points:
        series.setdefault(name or "", []).append((time, value))
    buckets = max(1, min(_MOST_BUCKETS, max(map(len, series.values()))))
    width = max(1, -(-(last - first + 1) // buckets))
    unit = f" {points[0][3]}" if points[0][3] else ""
    lines = [f"{iso(first)} to {iso(last)}, {width / 1e9:.3g} s a bar" + (", | the onset" if onset else "")]
    low, high = (extreme(value for _, _, value, _ in points) for extreme in (min, max))
    lines.append(f"▁ {low:.6g}{unit} to █ {high:.6g}{unit}")
    ordered = sorted(series.items(), key=lambda item: (-_movement(item[1], onset), item[0]))
    for name, values in ordered[:_MOST_SERIES]:
        lines.append(_bars(values, first, width, buckets, low, high, onset))
        lines.append(f"  {name or 'all'}: {_numbers(values, onset)}")
    if len(ordered) > _MOST_SERIES:
        lines.append(f"and {len(ordered) - _MOST_SERIES} more series")
    return "\n".join(lines) + "\n"


def _bars(
    values: Sequence[tuple[int, float]], first: int, width: int, buckets: int, low: float, high: float,
    onset: TimeWindow | None,
) -> str:  # fmt: skip
    sums, counts = [0.0] * buckets, [0] * buckets
    for time, value in values:
        at = min((time - first) // width, buckets - 1)
        sums[at] += value
        counts[at] += 1
    bars = [_bar(total / count, low, high) if count else "·" for total, count in zip(sums, counts, strict=True)]
    if onset and first <= onset.start <= first + width * buckets:
        bars.insert((onset.start - first) // width, "|")
    return "".join(bars)


def _bar(value: float, low: float, high: float) -> str:
    part = (value / 2 - low / 2) / (high / 2 - low / 2) if high > low else 0.0  # halves: the difference may overflow
    return _BARS[int(max(0.0, min(part, 0.999)) * len(_BARS))] if isfinite(part) else _BARS[-1]


def _numbers(values: Sequence[tuple[int, float]], onset: TimeWindow | None) -> str:
    if onset is None:
        return _spread([value for _, value in values])
    before = [value for time, value in values if time < onset.start]
    since = [value for time, value in values if time >= onset.start]
    return f"before the onset {_spread(before)}; since {_spread(since)}"


def _spread(values: Sequence[float]) -> str:
    if not values:
        return "no point"
    return f"{min(values):.6g} / {median(values):.6g} / {max(values):.6g} (least, median, most of {len(values)})"


def _movement(values: Sequence[tuple[int, float]], onset: TimeWindow | None) -> float:
    before = [value for time, value in values if onset and time < onset.start]
    since = [value for time, value in values if onset and time >= onset.start]
    if before and since:
        return abs(median(since) - median(before))
    return max(value for _, value in values) - min(value for _, value in values)
