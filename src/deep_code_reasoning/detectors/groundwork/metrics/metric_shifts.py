"""Which metric series moved, and by how much more than chance: the temporary table `metric_shifts`.

A row a series that has a meaning (metric_meanings.toml) and points both in the incident and before it:
    series_number, service_name, host, node, name, labels, unit     as in metric_points; metric_shifts_points.sql
    about, measure, scope     its meaning; turned: -1 where the figures were turned so that up is what is looked for
    after, before             points in the incident and in its baseline; baseline_is: "given" or "before the incident"
    median_before, mad_before, highest_before, mean_after, median_after, upper_after (the upper quarter), limit_before,
    limit_after               in `unit`, counters as rates a second; the limit where one is known
    first_at, last_at, step   when in the incident it was beyond all points before, and how far points are apart
    superiority               the chance that a point of the incident is beyond one before
    distance                  the shift in scales of the noise (series_change.py)
    p_value, false_rate       of the test, and Benjamini and Hochberg's over all series tested
    is_shift                  false_rate at most 5 % and the effect not negligible

False alarms (tests/detectors/saturation/test_false_alarms.py): p-values hold at 5 % and 1 % on normal and heavy-tailed
noise (Student's t with 2 degrees), independent or autoregressive up to 0.9, with 3 to 30 points before and 1 to 30
now; on lognormal noise 1 % may be 2 %. Far out (p < 0.0001) they are too small by up to 20 times where 30 correlated
points meet 30, and where the level itself multiplies (a geometric random walk) by more.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.detectors import series_change
from deep_code_reasoning.detectors.contract import sql_beside
from deep_code_reasoning.detectors.groundwork.metrics.metric_meanings import meaning_of
from deep_code_reasoning.detectors.groundwork.windows import bounds
from deep_code_reasoning.detectors.series_change import Moments
from deep_code_reasoning.detectors.significance import FALSE_SHARE, false_discovery_rates

if TYPE_CHECKING:
    import pyarrow as pa

    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

ENOUGH_POINTS = 8
"""With fewer points in the given baseline those before the incident are taken, if they are more."""

FEWEST_POINTS = 3
"""Before the incident; with fewer there is no noise to compare with."""

LEAD, LONGEST_LEAD_NANO = 0.2, 900_000_000_000
"""The last fifth of the time before the incident is no baseline: what brings it about is there before its symptom."""

SMALL = 0.56
"""The superiority from which an effect is more than negligible (Vargha and Delaney 2000): the cause may have been there
in a part of the window only."""

LEAST_VARIATION = 0.05
"""A series is never taken to vary by less than this share of its level."""

CPUS, BYTES = ("", "1", "{cpu}", "cpu", "cores", "{core}", "CPUs"), ("", "By", "bytes", "byte")

Row = dict[str, Any]


def prepare(tables: Tables, incident: Incident) -> None:
    """Creates `metric_shifts`; empty without metrics or without an incident window."""
    rows = _moments(tables, incident) if incident.incident and tables.rows("SELECT 1 FROM metrics LIMIT 1") else []
    limits = _limits(rows)
    tested = [row for row in rows if row["before"] >= FEWEST_POINTS and row["measure"] != "limit"]
    for row, p_value in zip(tested, _p_values(tested), strict=True):
        row["p_value"] = p_value
    for row, rate in zip(tested, false_discovery_rates([row["p_value"] for row in tested]), strict=True):
        row |= {"false_rate": rate, "superiority": row["u"] / (row["after"] * row["before"])}
        row["is_shift"] = rate <= FALSE_SHARE and row["superiority"] >= SMALL
        row["limit_before"], row["limit_after"] = limits.get(_limited(row)) or limits.get(_entity(row)) or (None, None)
    tables.register("metric_shifts", _as_table(tested))


def _moments(tables: Tables, incident: Incident) -> list[Row]:
    import pyarrow as pa

    assert incident.incident
    known = []
    for name, unit, labels in tables.rows(
        "SELECT DISTINCT name, COALESCE(unit, ''), COALESCE(CAST(attributes AS VARCHAR), '') FROM metrics"
    ):
        if meaning := meaning_of(name, unit, labels):
            known.append((name, unit, labels, *meaning))
    columns = {"name": pa.string(), "unit": pa.string(), "labels": pa.string(), "about": pa.string()}
    columns |= {"measure": pa.string(), "worse": pa.int64(), "scope": pa.string(), "is_counter": pa.bool_()}
    tables.register(
        "metric_meanings",
        pa.table({n: pa.array([row[at] for row in known], t) for at, (n, t) in enumerate(columns.items())}),
    )
    begin = tables.rows("SELECT MIN(time_unix_nano) FROM metrics")[0][0]
    start = incident.incident.start
    before_end = start - min(int(LEAD * max(0, start - begin)), LONGEST_LEAD_NANO)
    tables.execute(sql_beside(__file__, "points"), **bounds(incident), before_end=before_end)
    return tables.dicts(sql_beside(__file__), enough=ENOUGH_POINTS)


def _p_values(rows: list[Row]) -> list[float]:
    """By the series' own noise, and never below how often the same metric went as far in any of the baselines."""
    found: dict[int, float] = {}
    for sisters in _by_name(rows).values():
        usual = _usual_scale(sisters)
        told = [_told(row, usual) for row in sisters]
        points = sum(row["before"] for row in sisters)
        excursions = sorted(_largest_excursion(one) for one in told)
        for row, one in zip(sisters, told, strict=True):
            distance = row["distance"] = series_change.distance(one.moments)
            by_distance = series_change.by_distance(one.moments)
            if by_distance <= FALSE_SHARE:
                farther = excursions[bisect_left(excursions, (distance,)) :]
                by_distance = max(by_distance, sum(high >= one.moments.shift for _, high in farther) / points)
            found[row["series_number"]] = min(1.0, 2 * min(series_change.by_ranks(one.moments), by_distance))
    return [found[row["series_number"]] for row in rows]


@dataclass(frozen=True)
class _Told:
    moments: Moments
    second: float
    """How far the second highest point before the incident is above the median."""


def _told(row: Row, usual: float) -> _Told:
    middle = row["median_before"]
    moments = Moments(
        after=row["after"],
        before=row["before"],
        shift=row["mean_after"] - middle,
        mad=row["mad_before"],
        highest=row["highest_before"] - middle,
        correlation=row["correlation"],
        u=row["u"],
        ties=row["ties"],
        least_spread=max(LEAST_VARIATION * abs(middle), usual),
    )
    return _Told(moments, row["second_before"] - middle)


def _usual_scale(sisters: list[Row]) -> float:
    """The middle one of the scales of the series of one name that vary at all; 0 where none does."""
    scales = [
        series_change.scale_of(row["mad_before"], row["highest_before"] - row["median_before"], row["before"])
        for row in sisters
    ]
    return median([scale for scale in scales if scale > 0] or [0.0])


def _largest_excursion(one: _Told) -> tuple[float, float]:
    """How far out the highest point of a baseline is: by the noise of the others there, and in the metric's unit."""
    moments = one.moments
    without = moments._replace(shift=moments.highest, highest=one.second, before=max(1, moments.before - 1))
    return series_change.distance(without), moments.highest


def _by_name(rows: list[Row]) -> dict[tuple, list[Row]]:
    groups = defaultdict(list)
    for row in rows:
        groups[row["name"], row["unit"], row["measure"]].append(row)
    return groups


def _entity(row: Row) -> tuple:
    return row["service_name"], row["host"], row["about"], _unit(row)


def _unit(row: Row) -> str:
    """Of a limit and what it limits; names for the same are one."""
    unit = _told_unit(row)
    return "CPUs" if row["about"] == "cpu" and unit in CPUS else "bytes" if unit in BYTES else unit


def _told_unit(row: Row) -> str:
    """Of the figures: a counter's are rates a second, and seconds of a CPU's time a second are CPUs."""
    unit = row["unit"] or ""
    if row["form"] not in ("counter", "delta"):
        return unit
    return "CPUs" if row["about"] == "cpu" and unit in ("s", "") else f"{unit}/s".removeprefix("1")


def _limited(row: Row) -> tuple:
    return (*_entity(row), row["labels"])


def _limits(rows: list[Row]) -> dict[tuple, tuple[float, float]]:
    """By who is limited and by attributes; without attributes where there is one limit only."""
    found: dict[tuple, set[tuple[float, float]]] = defaultdict(set)
    for row in rows:
        if row["measure"] == "limit" and row["median_after"] > 0:
            for key in (_entity(row), _limited(row)):
                found[key].add((row["median_before"], row["median_after"]))
    return {key: next(iter(limits)) for key, limits in found.items() if len(limits) == 1}


def _as_table(rows: list[Row]) -> pa.Table:
    import pyarrow as pa

    text, number, real = pa.string(), pa.int64(), pa.float64()
    types = dict.fromkeys(("series_number", "turned", "after", "before", "first_at", "last_at", "step"), number)
    names = ("service_name", "host", "node", "name", "labels", "unit", "about", "measure", "scope", "baseline_is")
    types |= dict.fromkeys(names, text)
    figures = ("median_before", "mad_before", "highest_before", "mean_after", "median_after", "upper_after")
    figures += ("limit_before", "limit_after", "superiority", "distance", "p_value", "false_rate")
    types |= dict.fromkeys(figures, real) | {"is_shift": pa.bool_()}
    for row in rows:
        row["unit"] = _told_unit(row)
        for name in ("median_before", "highest_before", "mean_after", "median_after", "upper_after"):
            row[name] *= row["turned"]
    return pa.table({name: pa.array([row[name] for row in rows], kind) for name, kind in types.items()})
