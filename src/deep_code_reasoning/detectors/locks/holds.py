"""Which holds of the same lock overlap, by the lock service's clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

MOST_OVERLAPS = 50_000
Identity = tuple[str, int, str, int]


class Hold(NamedTuple):
    """Times are nanoseconds by the lock service's clock, each within +- error_nano. The first four identify it."""

    key: str
    trace_number: int
    host: str
    hold: int
    service_name: str | None
    span_number: int
    begin_at: int
    end_at: int
    error_nano: int
    trace_id: str
    span_id: str

    @property
    def identity(self) -> Identity:
        return self.key, self.trace_number, self.host, self.hold


class Overlap(NamedTuple):
    """`first` held when `second` began to. Certain when longer than the two clocks' errors together."""

    first: Hold
    second: Hold
    length_nano: int
    error_nano: int

    @property
    def certain(self) -> bool:
        return self.length_nano > self.error_nano


def overlaps(holds: Iterable[Hold]) -> list[Overlap]:
    """All pairs that overlap, of holds ordered by key and begin; at most MOST_OVERLAPS.

    A holder that takes a lock again in the same trace on the same host re-enters it; that is no overlap.
    """
    found: list[Overlap] = []
    for overlap in _sweep(holds):
        found.append(overlap)
        if len(found) == MOST_OVERLAPS:
            break
    return found


def _sweep(holds: Iterable[Hold]) -> Iterator[Overlap]:
    held: list[Hold] = []
    for hold in holds:
        held = [other for other in held if other.key == hold.key and other.end_at > hold.begin_at]
        for other in held:
            if (other.trace_number, other.host) == (hold.trace_number, hold.host):
                continue
            error = 0 if other.host == hold.host else other.error_nano + hold.error_nano
            yield Overlap(other, hold, min(other.end_at, hold.end_at) - hold.begin_at, error)
        held.append(hold)
