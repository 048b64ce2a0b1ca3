"""Why a renewal reached the lock service after its lease had run out.

With offset = client's clock - lock service's clock, and a client that renews `margin` before the expiry it was told,
by its own clock, a renewal is late by

    lateness = skew + delay + network - margin,   skew = -offset

where delay is how much later than planned the client sent it by its own clock (paused, starved) and network how long
it was under way. A part is the cause when the renewal would have been in time without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Literal, NamedTuple

from deep_code_reasoning.detectors.groundwork.clocks.by_host import ClockLine

Basis = Literal["absolute", "relative", "unknown"]
Cause = Literal["skew", "pause", "network", "unexplained"]


class Renewal(NamedTuple):
    """A row of lease_overlap_renewals.sql; times in nanoseconds."""

    key: str
    trace_number: int
    host: str
    hold: int
    client_service: str | None
    server_service: str | None
    server_host: str | None
    arrival: int
    expiry: int
    told: int
    ttl: float | None
    margin: float | None
    client_start: int
    server_start: int | None
    granted: bool
    client_number: int
    trace_id: str
    span_id: str
    server_span_id: str | None
    name: str
    code_file_path: str | None
    code_line_number: int | None
    code_function_name: str | None

    @property
    def identity(self) -> tuple[str, int, str, int]:
        return self.key, self.trace_number, self.host, self.hold

    @property
    def late_nano(self) -> int:
        return self.arrival - self.expiry


class Habit(NamedTuple):
    """How a client plans its renewals, learnt from all of them.

    `basis`: "absolute", it waits for the expiry it was told, a moment of another host's clock; "relative", it counts
    from the answer, so that skew does not matter; "unknown", where the evidence cannot tell. `margin_nano` is how
    long before the expiry it means to renew, `declared` whether it says so itself; `network_nano` and `delay_nano`
    are the usual time under way and the usual lag behind the plan.
    """

    basis: Basis
    margin_nano: float
    declared: bool
    network_nano: float
    delay_nano: float


def habit(renewals: Sequence[Renewal], lines: dict[str, ClockLine]) -> Habit:
    """The habit of one client service; `lines` are client's clock - lock service's clock by client host."""
    declared = [renewal.margin for renewal in renewals if renewal.margin is not None]
    skewed, steady = [], []
    for renewal in renewals:
        line = lines.get(renewal.host)
        (skewed if line and line.certain_nano > 0 else steady).append(renewal)
    margin = median(declared) if declared else None
    if margin is None and steady:
        margin = median(_until_expiry(r) for r in steady)
    basis = _basis(skewed, margin)
    if margin is None:
        margin = median(_until_expiry(r) for r in renewals)
    planned = [_delay(r, basis, margin) for r in renewals]
    under_way = [_network(r, lines[r.host]) for r in renewals if r.host in lines and r.server_start is not None]
    return Habit(basis, margin, bool(declared), median(under_way) if under_way else 0.0, median(planned))


def _basis(skewed: Sequence[Renewal], margin: float | None) -> Basis:
    """Only clients with skewed clocks tell: which plan explains when they renew?

    Renewals are summed, not their median taken: a client that is 200 ms off tells the two plans apart by 200 ms, and
    must not be outvoted by many that are off by two.
    """
    timed = [renewal for renewal in skewed if renewal.ttl is not None]
    if not timed or margin is None:
        return "unknown"
    absolute = sum(abs(_until_expiry(r) - margin) for r in timed)
    relative = sum(abs(r.told + (r.ttl or 0) - r.client_start - margin) for r in timed)
    return "absolute" if absolute < relative else "relative"


def _until_expiry(renewal: Renewal) -> float:
    """Time left when the client sent the renewal, as its own clock had it."""
    return float(renewal.expiry - renewal.client_start)


def _delay(renewal: Renewal, basis: Basis, margin: float) -> float:
    if basis == "relative" and renewal.ttl is not None:
        return renewal.client_start - (renewal.told + renewal.ttl - margin)
    return renewal.client_start - (renewal.expiry - margin)


def _network(renewal: Renewal, line: ClockLine) -> float:
    return renewal.arrival - (renewal.client_start - line.at(renewal.client_start))


def cause(renewal: Renewal, habit: Habit, line: ClockLine | None) -> Cause:
    """The largest part without which a late renewal would have been in time."""
    parts: dict[Cause, float] = {"pause": _delay(renewal, habit.basis, habit.margin_nano) - habit.delay_nano}
    if line is not None and renewal.server_start is not None:
        parts["network"] = _network(renewal, line) - habit.network_nano
        if habit.basis == "absolute":
            parts["skew"] = -line.at(renewal.client_start) - line.error_nano
    largest = max(parts, key=lambda part: parts[part])
    return largest if parts[largest] >= renewal.late_nano else "unexplained"


def late_without_skew(renewal: Renewal, habit: Habit, line: ClockLine) -> tuple[bool, bool]:
    """Would it have been late with the client's clock set right, and is that certain?"""
    shift = line.at(renewal.client_start) if habit.basis == "absolute" else 0.0
    still = renewal.late_nano + shift
    return still > 0, abs(still) > line.error_nano


def unrenewed_without_skew(expiry: int, ended_at: int, habit: Habit, line: ClockLine) -> tuple[bool, bool]:
    """The same for a hold that ended, by the lock service's clock, without a renewal after its lease ran out.

    Where its client meant to renew later still, only its clock kept it from doing so in time.
    """
    if habit.basis != "absolute":
        return True, True
    due = expiry - habit.margin_nano + habit.delay_nano
    waited = due - line.at(due) - ended_at
    in_time = habit.delay_nano + habit.network_nano < habit.margin_nano
    return not (waited > 0 and in_time), abs(waited) > line.error_nano
