"""Which holds of the same lock overlap, by the lock service's clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

MOST_OVERLAPS = 50_000
WORTH_TELLING_NANO = 1_000_000_000
"""Clocks that are less sure than that make nearly everything possible: holds further apart are not told."""

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
    """`first` held when `second` began to. Certain when longer than the two clocks' errors together, else possible:
    `length_nano` may then be negative, by less than the clocks can tell."""

    first: Hold
    second: Hold
    length_nano: int
    error_nano: int

    @property
    def certain(self) -> bool:
        return self.length_nano > self.error_nano


def overlaps(holds: Sequence[Hold]) -> list[Overlap]:
    """All pairs that overlap, certainly or possibly, of holds ordered by key and begin; at most MOST_OVERLAPS each.

    A holder that takes a lock again in the same trace on the same host re-enters it; that is no overlap.
    """
    certain: list[Overlap] = []
    possible: list[Overlap] = []
    for overlap in _sweep(holds):
        some = certain if overlap.certain else possible
        if len(some) < MOST_OVERLAPS:
            some.append(overlap)
        elif overlap.certain:
            break
    return certain + possible


def _sweep(holds: Sequence[Hold]) -> Iterator[Overlap]:
    worst = min(2 * max((hold.error_nano for hold in holds), default=0), WORTH_TELLING_NANO)
    held: list[Hold] = []
    for hold in holds:
        held = [other for other in held if other.key == hold.key and other.end_at + worst > hold.begin_at]
        for other in held:
            if (other.trace_number, other.host) == (hold.trace_number, hold.host):
                continue
            length, error = min(other.end_at, hold.end_at) - hold.begin_at, _error(other, hold)
            if length + min(error, WORTH_TELLING_NANO) > 0:
                yield Overlap(other, hold, length, error)
        held.append(hold)


def _error(one: Hold, other: Hold) -> int:
    """Of an interval between times of the two holds; none where one clock wrote both."""
    return 0 if one.host == other.host else one.error_nano + other.error_nano
