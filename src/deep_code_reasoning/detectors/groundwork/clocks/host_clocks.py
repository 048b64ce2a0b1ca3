"""How far the hosts' clocks are apart, from the calls between them. Recorded times are never rewritten.

Fills `clock_samples` (a row a call between hosts: host_clocks_samples.sql) and, from it,

`host_clock_pairs` client_host, server_host, lower_nano, upper_nano (bounds on server's clock - client's clock that
    hold all through the evidence), pairs (calls), outliers (calls that contradict the bounds), slack_nano (0 unless
    no steady drift explains the calls: a clock was stepped), offset_nano, error_nano, drift_ppm, drift_error_ppm
`island_clocks` host, reference_host (the one with the most calls of all that calls connect with it), offset_nano,
    error_nano, pairs, drift_ppm, drift_error_ppm; clocks of different references cannot be compared
`host_clocks` those of island_clocks that share the reference with the most calls
`host_clock_breaks` a row a pair and jump: client_host, server_host, kind (step, several clocks), low_nano, high_nano
    (of the jump of server's clock - client's clock), begin_unix_nano, end_unix_nano, against (calls that contradict
    the others), calls: clock_breaks.py
`host_clock_cycles` a row a host of a circle whose bounds contradict each other: cycle, place, host, excess_nano,
    client_host, server_host (the pair that was left out of island_clocks for it): clock_graph.py

offset(t) = offset_nano + drift_ppm / 1e6 * (t - at_unix_nano), within +- error_nano; positive: the host (server_host)
runs ahead of the reference (client_host). `at_unix_nano` is the middle of the evidence. The error is a bound, not a
standard deviation: it assumes only that causes come before effects, that at most 1 % of the calls in a slice of
time break that (an answer sent before the server's span ends), and that two clocks part by at most 200 ppm. An
interval between times of two hosts is certain when it is longer than the error, else possible.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from deep_code_reasoning.detectors.contract import sql_beside
from deep_code_reasoning.detectors.groundwork.clocks import clock_breaks, clock_lines, host_islands

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np
    import pyarrow as pa

    from deep_code_reasoning.store.tables import Tables

SLICES = 32
MISTRUSTED_SHARES = (0.01, 0.05, 0.2)
MOST_SPANS = 5_000_000


class Pair(NamedTuple):
    client_host: str
    server_host: str
    bounds: clock_lines.Bounds
    calls: int
    breaks: list[clock_breaks.Break]

    @property
    def is_bounded(self) -> bool:
        """Not where several clocks write under one key: their calls leave no room for any."""
        return self.bounds.lower_first <= self.bounds.upper_first and self.bounds.lower_last <= self.bounds.upper_last


def prepare(tables: Tables) -> None:
    """Creates the temporary tables. Above five million spans whole traces are sampled evenly."""
    stride = 1 + tables.count("topology") // MOST_SPANS
    tables.execute(sql_beside(__file__, "samples"), stride=stride)
    first, last = tables.rows(sql_beside(__file__, "span"))[0]
    first, last = first or 0, last or 0
    pairs = list(_pairs(tables, first, last))
    _write_breaks(tables, pairs, first)
    bounded = [pair for pair in pairs if pair.is_bounded]
    _write_pairs(tables, bounded, first, last)
    _write_hosts(tables, bounded, first, last)


def _pairs(tables: Tables, first: int, last: int) -> Iterator[Pair]:
    import numpy as np

    rows = tables.arrays(sql_beside(__file__, "extremes"), first=first, last=last, slices=SLICES)
    if not len(rows["slice"]):
        return
    changed = (rows["client_host"][1:] != rows["client_host"][:-1]) | (
        rows["server_host"][1:] != rows["server_host"][:-1]
    )
    edges = [0, *(np.flatnonzero(changed) + 1), len(rows["slice"])]
    for begin, end in pairwise(edges):
        part = {name: column[begin:end] for name, column in rows.items()}
        bounds = _bounds(part, first, last)
        if bounds:
            calls = _calls(part)
            broken = clock_breaks.breaks(_samples(part, first, 0.2, calls)) if bounds.slack else []
            yield Pair(str(part["client_host"][0]), str(part["server_host"][0]), bounds, sum(calls.values()), broken)


def _calls(part: dict[str, np.ndarray]) -> dict[int, int]:
    """How many a slice of time."""
    import numpy as np

    slices, starts = np.unique(part["slice"], return_index=True)
    return dict(zip(slices.tolist(), part["samples"][starts].tolist(), strict=True))


def _bounds(part: dict[str, np.ndarray], first: int, last: int) -> clock_lines.Bounds | None:
    """The first share of mistrusted samples at which the rest agree; without one, the first with its slack."""
    tried = []
    for share in MISTRUSTED_SHARES:
        some = _samples(part, first, share, {})
        if not len(some.lowers):
            return None
        sides = some.lower_times, some.lowers, some.upper_times, some.uppers
        found = clock_lines.fit(*sides, float(last - first), some.rounding)
        if not found.slack:
            return found
        tried.append(found)
    return tried[0]


def _samples(part: dict[str, np.ndarray], first: int, share: float, calls: dict[int, int]) -> clock_breaks.Samples:
    """The extremes once `share` of the samples of each slice is mistrusted."""
    import numpy as np

    known = ~np.ma.getmaskarray(part["lower_nano"])
    low = known & (part["lower_rank"] == 1 + np.floor(part["lowers"] * share))
    high = part["upper_rank"] == 1 + np.floor(part["samples"] * share)
    times = (part["time_unix_nano"] - first).astype(float)
    return clock_breaks.Samples(
        part["slice"][low],
        times[low],
        np.ma.getdata(part["lower_nano"]).astype(float)[low],
        part["slice"][high],
        times[high],
        part["upper_nano"].astype(float)[high],
        calls,
        float(part["resolution_nano"][0]),
    )


def _line(bounds: Sequence[float], span: float) -> tuple[int, int, float, float]:
    """offset_nano, error_nano, drift_ppm, drift_error_ppm: the middle of the bounds and how far they reach."""
    lower_first, upper_first, lower_last, upper_last = bounds
    if not any(bounds):
        return 0, 0, 0.0, 0.0
    begin, end = (lower_first + upper_first) / 2, (lower_last + upper_last) / 2
    half_begin, half_end = (upper_first - lower_first) / 2, (upper_last - lower_last) / 2
    per_million = 1e6 / span if span else 0.0
    drift, most = (end - begin) * per_million, clock_lines.MAX_DRIFT * 1e6
    drift_error = (half_begin + half_end) * per_million if span else most
    return (
        round((begin + end) / 2),
        int(max(half_begin, half_end)) + 1,
        drift,
        min(drift_error, most + abs(drift)),
    )


def _write_pairs(tables: Tables, pairs: list[Pair], first: int, last: int) -> None:
    import pyarrow as pa

    lines = [_line(pair.bounds[:4], last - first) for pair in pairs]
    columns = {
        "client_host": pa.array([pair.client_host for pair in pairs], pa.string()),
        "server_host": pa.array([pair.server_host for pair in pairs], pa.string()),
        "lower_nano": _integers(min(pair.bounds.lower_first, pair.bounds.lower_last) for pair in pairs),
        "upper_nano": _integers(max(pair.bounds.upper_first, pair.bounds.upper_last) for pair in pairs),
        "pairs": _integers(pair.calls for pair in pairs),
        "slack_nano": _integers(pair.bounds.slack for pair in pairs),
        **_line_columns(lines, first, last),
    }
    tables.register("host_clock_pairs", pa.table(columns))
    tables.execute(sql_beside(__file__, "outliers"))


def _write_breaks(tables: Tables, pairs: list[Pair], first: int) -> None:
    import pyarrow as pa

    rows = [(pair, found) for pair in pairs for found in pair.breaks]
    columns = {
        "client_host": pa.array([pair.client_host for pair, _ in rows], pa.string()),
        "server_host": pa.array([pair.server_host for pair, _ in rows], pa.string()),
        "kind": pa.array([found.kind for _, found in rows], pa.string()),
        "low_nano": _integers(found.low for _, found in rows),
        "high_nano": _integers(found.high for _, found in rows),
        "begin_unix_nano": _integers(first + round(found.begin) for _, found in rows),
        "end_unix_nano": _integers(first + round(found.end) for _, found in rows),
        "against": _integers(found.against for _, found in rows),
        "calls": _integers(found.calls for _, found in rows),
    }
    tables.register("host_clock_breaks", pa.table(columns))


def _write_hosts(tables: Tables, pairs: list[Pair], first: int, last: int) -> None:
    import pyarrow as pa

    calls: Counter[str] = Counter()
    for pair in pairs:
        calls.update({pair.client_host: pair.calls, pair.server_host: pair.calls})
    busiest = sorted(calls, key=lambda host: (-calls[host], host))
    ends = [
        {(pair.client_host, pair.server_host): (pair.bounds[low], pair.bounds[low + 1], pair.calls) for pair in pairs}
        for low in (0, 2)
    ]
    islands = list(host_islands.islands(busiest, ends))
    lines = [_line(bounds, last - first) for island in islands for bounds in island.bounds]
    columns = {
        "host": pa.array([host for island in islands for host in island.hosts], pa.string()),
        "reference_host": pa.array([island.hosts[0] for island in islands for _ in island.hosts], pa.string()),
        "pairs": _integers(calls[host] for island in islands for host in island.hosts),
        **_line_columns(lines, first, last),
    }
    tables.register("island_clocks", pa.table(columns))
    tables.execute(sql_beside(__file__, "main"), reference=busiest[0] if busiest else None)
    _write_cycles(tables, [cycle for island in islands for cycle in island.cycles])


def _write_cycles(tables: Tables, cycles: list[host_islands.Cycle]) -> None:
    import pyarrow as pa

    rows = [
        (number, place, host, cycle) for number, cycle in enumerate(cycles) for place, host in enumerate(cycle.hosts)
    ]
    columns = {
        "cycle": _integers(number for number, _, _, _ in rows),
        "place": _integers(place for _, place, _, _ in rows),
        "host": pa.array([host for _, _, host, _ in rows], pa.string()),
        "excess_nano": _integers(cycle.excess for _, _, _, cycle in rows),
        "client_host": pa.array([cycle.refused[0] for _, _, _, cycle in rows], pa.string()),
        "server_host": pa.array([cycle.refused[1] for _, _, _, cycle in rows], pa.string()),
    }
    tables.register("host_clock_cycles", pa.table(columns))


def _line_columns(lines: list[tuple[int, int, float, float]], first: int, last: int) -> dict[str, pa.Array]:
    import pyarrow as pa

    return {
        "offset_nano": _integers(line[0] for line in lines),
        "error_nano": _integers(line[1] for line in lines),
        "drift_ppm": pa.array([line[2] for line in lines], pa.float64()),
        "drift_error_ppm": pa.array([line[3] for line in lines], pa.float64()),
        "at_unix_nano": _integers((first + last) // 2 for _ in lines),
    }


def _integers(values: Iterable[float]) -> pa.Array:
    import pyarrow as pa

    return pa.array([round(value) for value in values], pa.int64())
