"""One client of a lock service on one host: what it held too long, and why, in numbers and words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median

from deep_code_reasoning.detectors.groundwork.clocks.by_host import ClockLine, Clocks
from deep_code_reasoning.detectors.locks.holds import Identity, Overlap
from deep_code_reasoning.detectors.locks.renewals import (
    Habit,
    Renewal,
    cause,
    late_without_skew,
    unrenewed_without_skew,
)
from deep_code_reasoning.detectors.wording import figure, measured, milliseconds
from deep_code_reasoning.finding import Evidence
from deep_code_reasoning.incident import TimeWindow

SHOWN = 5
Numbers = dict[str, float | int | str]


@dataclass
class Holder:
    """One client service on one host: what it held too long, and its renewals."""

    service: str | None
    host: str
    line: ClockLine | None
    habit: Habit | None
    overlaps: list[Overlap] = field(default_factory=list)
    renewals: list[Renewal] = field(default_factory=list)
    expiries: dict[Identity, int] = field(default_factory=dict)

    @property
    def certain(self) -> list[Overlap]:
        return [overlap for overlap in self.overlaps if overlap.certain]

    @property
    def late(self) -> list[Renewal]:
        """Renewals that did harm: refused, or another came in; a lock service may grant some grace."""
        lost = {overlap.first.identity for overlap in self.certain}
        return [one for one in self.renewals if one.late_nano > 0 and (not one.granted or one.identity in lost)]


def numbers(holder: Holder) -> Numbers:
    """All that was measured; the keys that cannot be known are absent."""
    return {**_overlap_numbers(holder), **_renewal_numbers(holder), **_clock_numbers(holder)}


def _overlap_numbers(holder: Holder) -> Numbers:
    certain = holder.certain
    numbers: Numbers = {
        "overlaps": len(certain),
        "overlaps_possible": len(holder.overlaps) - len(certain),
        "keys": len({overlap.first.key for overlap in certain}),
    }
    if certain:
        numbers["overlap_ms"] = _ms(median(overlap.length_nano for overlap in certain))
    return numbers


def _renewal_numbers(holder: Holder) -> Numbers:
    numbers: Numbers = {"renewals": len(holder.renewals), "late_renewals": len(holder.late)}
    if holder.late:
        numbers["late_ms"] = _ms(median(renewal.late_nano for renewal in holder.late))
        numbers["late_max_ms"] = _ms(max(renewal.late_nano for renewal in holder.late))
    ttls = [renewal.ttl for renewal in holder.renewals if renewal.ttl is not None]
    if ttls:
        numbers["ttl_ms"] = _ms(median(ttls))
    known = holder.habit
    if known is None:
        return numbers
    numbers["renew_margin_ms"] = _ms(known.margin_nano)
    numbers["renew_margin_from"] = "attribute" if known.declared else "renewals"
    numbers["deadline_basis"] = known.basis
    causes = Counter(cause(renewal, known, holder.line) for renewal in holder.late)
    for part in ("skew", "pause", "network"):
        numbers[f"late_by_{part}"] = causes[part]
    numbers["late_unexplained"] = causes["unexplained"]
    return numbers


def _clock_numbers(holder: Holder) -> Numbers:
    line = holder.line
    if line is None:
        return {}
    numbers: Numbers = {
        "offset_ms": _ms(line.offset_nano),
        "error_ms": _ms(line.error_nano),
        "drift_ppm": round(line.drift_ppm, 2),
    }
    known = holder.habit
    if known is None or (known.basis == "unknown" and line.certain_nano > 0):
        return numbers
    late = {renewal.identity: renewal for renewal in reversed(holder.late)}
    left = unsure = 0
    for overlap in holder.certain:
        first = overlap.first
        still, certain = True, True
        if first.identity in late:
            still, certain = late_without_skew(late[first.identity], known, line)
        elif first.identity in holder.expiries:
            still, certain = unrenewed_without_skew(holder.expiries[first.identity], first.end_at, known, line)
        left += still
        unsure += not certain
    return numbers | {"overlaps_without_skew": left, "overlaps_without_skew_error": unsure}


def title(clocks: Clocks, holder: Holder, numbers: Numbers, lock_service: str | None, lock_host: str | None) -> str:
    who = f"{holder.service or 'a client'} on {clocks.name(holder.host)}"
    count = int(numbers["overlaps"])
    overlapping = f"{count:,} of its holds overlap another's" if count != 1 else "one of its holds overlaps another's"
    if not holder.late:
        return f"{who} still worked when another came in, and no renewal came too late: {overlapping}"
    ttl = f" {figure(float(numbers['ttl_ms']))} ms" if "ttl_ms" in numbers else ""
    margin = f" (margin {figure(float(numbers['renew_margin_ms']))} ms)" if "renew_margin_ms" in numbers else ""
    late = f"{who} renews its{ttl} lease {figure(float(numbers['late_ms']))} ms after it ran out{margin}"
    lock = f"{lock_service or 'the lock service'}'s" + (f" on {clocks.name(lock_host)}" if lock_host else "")
    return f"{late}{_because(holder, numbers, lock)}: {overlapping if count else 'no other holder came between'}"


def _because(holder: Holder, numbers: Numbers, lock: str) -> str:
    """Of the most late renewals' cause; empty where none is known."""
    causes = {part: int(numbers.get(f"late_by_{part}", 0)) for part in ("skew", "pause", "network")}
    main = max(causes, key=lambda part: causes[part])
    if not causes[main]:
        return ""
    if main == "skew" and holder.line:
        way = "behind" if holder.line.offset_nano < 0 else "ahead of"
        return f" because its clock runs {measured(abs(holder.line.offset_nano), holder.line.error_nano)} {way} {lock}"
    return " because it was paused" if main == "pause" else " because the network was slow"


def interval(holder: Holder) -> TimeWindow:
    begins = [overlap.second.begin_at for overlap in holder.certain]
    ends = [overlap.second.begin_at + overlap.length_nano for overlap in holder.certain]
    begins += [renewal.expiry for renewal in holder.late]
    ends += [renewal.arrival for renewal in holder.late]
    return TimeWindow(min(begins), max(ends))


def evidence(clocks: Clocks, holder: Holder) -> Iterator[Evidence]:
    for overlap in sorted(holder.certain, key=lambda one: -one.length_nano)[:SHOWN]:
        size = measured(overlap.length_nano, overlap.error_nano)
        for hold, part in ((overlap.first, "held and went on"), (overlap.second, "held as well")):
            note = f"{hold.service_name} on {clocks.name(hold.host)} {part}: {hold.key}, both for {size}"
            yield Evidence(f"span:{hold.trace_id}/{hold.span_id}", note)
    for renewal in sorted(holder.late, key=lambda one: -one.late_nano)[:SHOWN]:
        note = f"renewal of {renewal.key}, {milliseconds(renewal.late_nano)} after the lease ran out"
        yield Evidence(f"span:{renewal.trace_id}/{renewal.span_id}", note)
        if renewal.server_span_id:
            yield Evidence(f"span:{renewal.trace_id}/{renewal.server_span_id}", f"{note}, as the lock service saw it")


def _ms(nanoseconds: float) -> float:
    return round(nanoseconds / 1e6, 3)
