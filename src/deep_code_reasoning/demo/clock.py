"""The clock of a host: what it shows, as against the true time of the simulation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class HostClock:
    """Wall clock with a constant offset and a constant drift (RFC 5905, section 3: offset and frequency).

    `epoch_ns` is the true Unix time at which the simulation starts. `offset_ns` is how far the clock is ahead
    (negative: behind) at that moment; `drift_ppm` is how many microseconds it gains in each true second.
    """

    epoch_ns: int
    offset_ns: int = 0
    drift_ppm: float = 0.0

    def wall_ns(self, true_s: float) -> int:
        """Unix nanoseconds the clock shows `true_s` seconds after the start."""
        return self.epoch_ns + self.offset_ns + round(true_s * (NANOSECONDS + 1000.0 * self.drift_ppm))

    def true_s(self, wall_ns: int) -> float:
        """Seconds after the start at which the clock shows `wall_ns`; the inverse of `wall_ns`."""
        return (wall_ns - self.epoch_ns - self.offset_ns) / (NANOSECONDS + 1000.0 * self.drift_ppm)

    def offset_at_ns(self, true_s: float) -> int:
        """How far the clock is ahead of true time (negative: behind) at `true_s`."""
        return self.offset_ns + round(true_s * 1000.0 * self.drift_ppm)


def disciplined(
    rng: Random, hosts: Iterable[str], epoch_ns: int, offset_ms: float = 4.0, drift_ppm: float = 0.8
) -> dict[str, HostClock]:
    """The clocks of hosts that NTP keeps: offsets and drifts drawn up to these limits, either way."""
    return {
        host: HostClock(
            epoch_ns,
            round(rng.uniform(-offset_ms, offset_ms) * 1e6),
            round(rng.uniform(-drift_ppm, drift_ppm), 3),
        )
        for host in hosts
    }
