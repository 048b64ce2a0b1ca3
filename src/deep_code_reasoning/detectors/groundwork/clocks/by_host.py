"""Reads `island_clocks` and `host_clock_pairs`: how far any two hosts' clocks are apart at a moment, and how surely."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from deep_code_reasoning.store.tables import Tables


class ClockLine(NamedTuple):
    """One clock minus another over time: `at(t)`, within +- error_nano. Nanoseconds; drift in microseconds a second."""

    offset_nano: float
    error_nano: float
    drift_ppm: float
    drift_error_ppm: float
    at_unix_nano: int
    pairs: int

    def at(self, time_unix_nano: float) -> float:
        return self.offset_nano + self.drift_ppm * 1e-6 * (time_unix_nano - self.at_unix_nano)

    @property
    def certain_nano(self) -> float:
        """The part of the offset that no error explains away; 0 where the clocks may agree."""
        return max(0.0, abs(self.offset_nano) - self.error_nano)

    def reversed(self) -> ClockLine:
        return self._replace(offset_nano=-self.offset_nano, drift_ppm=-self.drift_ppm)

    def minus(self, other: ClockLine) -> ClockLine:
        """(a - c) from (a - b) and (c - b), the errors added."""
        return self._replace(
            offset_nano=self.offset_nano - other.offset_nano,
            error_nano=self.error_nano + other.error_nano,
            drift_ppm=self.drift_ppm - other.drift_ppm,
            drift_error_ppm=self.drift_error_ppm + other.drift_error_ppm,
            pairs=min(self.pairs, other.pairs),
        )


SAME_CLOCK = ClockLine(0.0, 0.0, 0.0, 0.0, 0, 0)


class Clocks:
    """The clocks of one investigation. Hosts are `spans.host`; `name` gives what people call them."""

    def __init__(self, tables: Tables) -> None:
        columns = ", ".join(ClockLine._fields)
        rows = tables.rows(f"SELECT reference_host, host, {columns} FROM island_clocks ORDER BY pairs DESC, host")
        self.lines = {host: ClockLine(*line) for _, host, *line in rows}
        self._references = {host: reference for reference, host, *_ in rows}
        pairs = tables.rows(f"SELECT client_host, server_host, {columns} FROM host_clock_pairs")
        self.pairs = {(client, server): ClockLine(*line) for client, server, *line in pairs}
        named = tables.rows("SELECT DISTINCT host, host_name FROM resources WHERE host_name IS NOT NULL")
        self._names = dict(named)

    def name(self, host: str) -> str:
        return self._names.get(host) or host

    def islands(self) -> list[dict[str, ClockLine]]:
        """The lines by reference host: only clocks of one island can be compared."""
        found: dict[str, dict[str, ClockLine]] = {}
        for host, line in self.lines.items():
            found.setdefault(self._references[host], {})[host] = line
        return list(found.values())

    def between(self, host: str, other: str) -> ClockLine | None:
        """Clock of `host` minus clock of `other`, the tighter of their own calls and the way over the graph."""
        if host == other:
            return SAME_CLOCK
        found = []
        if (other, host) in self.pairs:
            found.append(self.pairs[other, host])
        if (host, other) in self.pairs:
            found.append(self.pairs[host, other].reversed())
        if host in self.lines and self._references[host] == self._references.get(other):
            found.append(self.lines[host].minus(self.lines[other]))
        return min(found, key=lambda line: line.error_nano, default=None)
