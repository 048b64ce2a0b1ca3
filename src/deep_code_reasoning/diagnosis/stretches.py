"""Evidence comes in stretches with silence between: people export the time that is normal and the time that is not.

What lies between two exports was not recorded, so silence bounds what belongs together. A pause of the system itself
is no silence, hence the comparison with the pauses nearby, which also lets a quiet night follow a busy day.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.incident import TimeWindow

if TYPE_CHECKING:
    import numpy as np

    from deep_code_reasoning.store.tables import Tables

SHORTEST_SILENCE_NANO = 60_000_000_000
"""Below a minute it is a pause: minutes are the step in which people export and monitors scrape."""

NEIGHBOURS = 20
LIKE_IT = 2
LONGER = 8
"""Silence is LONGER times as long as the longest of the NEIGHBOURS gaps on each side, LIKE_IT of which may be silence
as well and do not count. If events came at random (Poisson), a gap would be so long once in 8 million: the product of
i / (i + LONGER) over i = 3 .. 40, by Rényi's representation of the order statistics of exponential gaps (1953)."""


@dataclass(frozen=True)
class Stretches:
    """In order of time, each from its first span or log line to just after its last.

    `counted`: sorted starts of the traces; without spans the first lines of traces and the lines of none, ns; `unit`
    says which. `traces`: the numbers of the traces in that order, empty without spans.
    """

    windows: tuple[TimeWindow, ...]
    counted: np.ndarray
    unit: str
    traces: np.ndarray

    def count(self, window: TimeWindow) -> int:
        import numpy as np

        first, last = np.searchsorted(self.counted, [window.start, window.end])
        return int(last - first)

    def meeting(self, window: TimeWindow | None) -> frozenset[TimeWindow]:
        """Those that overlap it or touch it."""
        if window is None:
            return frozenset()
        return frozenset(one for one in self.windows if one.start <= window.end and window.start <= one.end)


def stretches_of(tables: Tables) -> Stretches:
    """Of spans and log lines; metrics go on by themselves and say nothing about what was exported.

    A stretch reaches to the next point of a metric, if that comes within a minute: a point tells of the time before it.
    """
    import numpy as np

    text = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    moments = tables.arrays(text)
    counted = tables.arrays(Path(__file__).with_name("stretches_counted.sql").read_text(encoding="utf-8"))
    has_traces = bool(tables.rows("SELECT 1 FROM spans LIMIT 1"))
    return Stretches(
        windows=tuple(_to_next_point(tables, window) for window in apart(moments["first"], moments["last"])),
        counted=np.asarray(counted["time_unix_nano"]),
        unit="traces" if has_traces else "requests or lines in the logs",
        traces=np.asarray(counted["trace_number"]) if has_traces else np.empty(0, dtype=np.int64),
    )


def _to_next_point(tables: Tables, window: TimeWindow) -> TimeWindow:
    latest = window.end + SHORTEST_SILENCE_NANO
    sql = "SELECT MIN(time_unix_nano) FROM metrics WHERE time_unix_nano >= $end AND time_unix_nano < $latest"
    point = tables.rows(sql, end=window.end, latest=latest)[0][0]
    return window if point is None else TimeWindow(window.start, point + 1)


def apart(first: np.ndarray, last: np.ndarray) -> tuple[TimeWindow, ...]:
    """Splits seconds with evidence (their first and last moment, ns, ascending) where silence lies between."""
    import numpy as np

    if not len(first):
        return ()
    gaps = first[1:] - last[:-1]
    cuts = [int(at) for at in np.flatnonzero(gaps >= SHORTEST_SILENCE_NANO) if _is_silence(gaps, int(at))]
    edges = [0, *(at + 1 for at in cuts), len(first)]
    return tuple(TimeWindow(int(first[begin]), int(last[end - 1]) + 1) for begin, end in pairwise(edges))


def _is_silence(gaps: np.ndarray, at: int) -> bool:
    import numpy as np

    around = np.concatenate([gaps[max(0, at - NEIGHBOURS) : at], gaps[at + 1 : at + 1 + NEIGHBOURS]])
    usual = np.sort(around)[: max(0, len(around) - LIKE_IT)]
    return bool(len(usual)) and bool(gaps[at] > LONGER * usual[-1])
