"""How far the hosts' clocks are apart, from the calls between them. Recorded times are never rewritten.

Fills `clock_samples` (a row a call between hosts: host_clocks_samples.sql) and, from it,

`host_clock_pairs` client_host, server_host, lower_nano, upper_nano (bounds on server's clock - client's clock that
    hold all through the evidence), pairs (calls), outliers (calls that contradict the bounds), slack_nano (0 unless
    no steady drift explains the calls: a clock was stepped), offset_nano, error_nano, drift_ppm, drift_error_ppm
`host_clocks` host, reference_host (the one with the most calls), offset_nano, error_nano, pairs, drift_ppm,
    drift_error_ppm

offset(t) = offset_nano + drift_ppm / 1e6 * (t - at_unix_nano), within +- error_nano; positive: the host (server_host)
runs ahead of the reference (client_host). `at_unix_nano` is the middle of the evidence. The error is a bound, not a
standard deviation: it assumes only that causes come before effects, that at most 1 % of the calls in a slice of
time break that (an answer sent before the server's span ends), and that two clocks part by at most 200 ppm.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from deep_code_reasoning.detectors.contract import sql_beside
from deep_code_reasoning.detectors.groundwork import clock_graph, clock_lines

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


def prepare(tables: Tables) -> None:
    """Creates the temporary tables. Above five million spans whole traces are sampled evenly."""
    stride = 1 + tables.count("topology") // MOST_SPANS
    tables.execute(sql_beside(__file__, "samples"), stride=stride)
    first, last = tables.rows(sql_beside(__file__, "span"))[0]
    first, last = first or 0, last or 0
    pairs = list(_pairs(tables, first, last))
    _write_pairs(tables, pairs, first, last)
    _write_hosts(tables, pairs, first, last)


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
            _, starts = np.unique(part["slice"], return_index=True)
            calls = int(part["samples"][starts].sum())
            yield Pair(str(part["client_host"][0]), str(part["server_host"][0]), bounds, calls)


def _bounds(part: dict[str, np.ndarray], first: int, last: int) -> clock_lines.Bounds | None:
    """The first share of mistrusted samples at which the rest agree; without one, the first with its slack."""
    import numpy as np

    times = (part["time_unix_nano"] - first).astype(float)
    lowers = np.ma.getdata(part["lower_nano"]).astype(float)
    uppers = part["upper_nano"].astype(float)
    known = ~np.ma.getmaskarray(part["lower_nano"])
    if not known.any():
        return None
    tried = []
    for share in MISTRUSTED_SHARES:
        low = known & (part["lower_rank"] == 1 + np.floor(part["lowers"] * share))
        high = part["upper_rank"] == 1 + np.floor(part["samples"] * share)
        found = clock_lines.fit(times[low], lowers[low], times[high], uppers[high], float(last - first))
        if not found.slack:
            return found
        tried.append(found)
    return tried[0]


def _line(bounds: Sequence[float], span: float) -> tuple[int, int, float, float]:
    """offset_nano, error_nano, drift_ppm, drift_error_ppm: the middle of the bounds and how far they reach."""
    lower_first, upper_first, lower_last, upper_last = bounds
    begin, end = (lower_first + upper_first) / 2, (lower_last + upper_last) / 2
    half_begin, half_end = (upper_first - lower_first) / 2, (upper_last - lower_last) / 2
    drift, drift_error = (end - begin, half_begin + half_end) if span else (0.0, 0.0)
    per_million = 1e6 / span if span else 0.0
    return (
        round((begin + end) / 2),
        int(max(half_begin, half_end)) + 1,
        drift * per_million,
        min(drift_error * per_million, clock_lines.MAX_DRIFT * 1e6),
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


def _write_hosts(tables: Tables, pairs: list[Pair], first: int, last: int) -> None:
    import numpy as np
    import pyarrow as pa

    calls: Counter[str] = Counter()
    for pair in pairs:
        calls.update({pair.client_host: pair.calls, pair.server_host: pair.calls})
    hosts = sorted(calls, key=lambda host: (-calls[host], host))
    number = {host: index for index, host in enumerate(hosts)}
    sides = []
    for side in (slice(0, 2), slice(2, 4)):
        constraints = [
            clock_graph.Constraint(number[p.client_host], number[p.server_host], *p.bounds[side], p.calls)
            for p in pairs
        ]
        sides.append(clock_graph.against(0, len(hosts), constraints) if hosts else None)
    bounds = [column for found in sides if found for column in (found.lower, found.upper)]
    reached = [at for at in range(len(hosts)) if not any(np.isnan(column[at]) for column in bounds)]
    lines = [_line([float(column[at]) for column in bounds], last - first) for at in reached]
    if lines:
        lines[0] = (0, 0, 0.0, 0.0)
    columns = {
        "host": pa.array([hosts[at] for at in reached], pa.string()),
        "reference_host": pa.array([hosts[0] for _ in reached], pa.string()),
        "pairs": _integers(calls[hosts[at]] for at in reached),
        **_line_columns(lines, first, last),
    }
    tables.register("host_clocks", pa.table(columns))


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
