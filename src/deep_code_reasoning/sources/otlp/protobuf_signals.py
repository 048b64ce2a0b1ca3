"""Which signal a record is of: in OTLP's protobuf the three requests differ only in their records.

Told by the wire types of a record's fields, where these agree by its ids, its data points or its body.
"""

from __future__ import annotations

from enum import Enum

from deep_code_reasoning.sources.otlp.protobuf_messages import POINTS, any_value
from deep_code_reasoning.sources.otlp.protobuf_wire import I32, I64, LEN, VARINT, Damage, fields

RESOURCE = 1
SCOPES = (2, 1000)  # 1000: OTLP before 0.19
SCOPE, RECORDS = 1, 2
SCHEMA = 3

_LONGEST = 16  # bytes of a tag and a number, or a fixed one


class _Unlike(Exception):
    """Not of OTLP's form."""


class Signal(Enum):
    METRICS = "metrics"
    SPANS = "spans"
    LOGS = "logs"


_WIRES = {  # of each field of a record
    Signal.METRICS: dict.fromkeys((1, 2, 3, 5, 7, 9, 10, 11, 12), LEN),
    Signal.SPANS: {
        **dict.fromkeys((1, 2, 3, 4, 5, 9, 11, 13, 15), LEN),
        **dict.fromkeys((6, 10, 12, 14), VARINT),
        **dict.fromkeys((7, 8), I64),
        16: I32,
    },
    Signal.LOGS: {
        **dict.fromkeys((3, 5, 6, 9, 10, 12), LEN),
        **dict.fromkeys((2, 7), VARINT),
        **dict.fromkeys((1, 11), I64),
        8: I32,
    },
}


def signal_of(data: bytes, at: int, end: int, *, cut: bool = False) -> Signal | None:
    """The signal that a record is of, None where it does not tell. `cut`: it goes on behind `end`. Raises Damage."""
    values: dict[int, tuple[int, int]] = {}
    wires: dict[int, int] = {}
    for number, wire, begin, after, whole in fields(data, at, end):
        if not whole:
            if cut:
                break
            raise Damage(begin)
        values[number], wires[number] = (begin, after), wire
    known = {
        signal: sum(1 if of_field[number] == wire else -2 for number, wire in wires.items() if number in of_field)
        for signal, of_field in _WIRES.items()
    }
    best = max(known.values())
    fitting = [signal for signal, count in known.items() if count == best]
    if best <= 0:
        return None
    for signal in fitting:
        if _is_sure(signal, data, values, alone=len(fitting) == 1):
            return signal
    return None


def _is_sure(signal: Signal, data: bytes, values: dict[int, tuple[int, int]], *, alone: bool) -> bool:
    sizes = {number: after - begin for number, (begin, after) in values.items()}
    if signal is Signal.METRICS:
        return _has_points(data, values) or (alone and not POINTS.keys().isdisjoint(values))
    if signal is Signal.SPANS:
        return sizes.get(1) == 16 and sizes.get(2) == 8
    return alone or (5 in values and _is_value(data, *values[5]))


def _has_points(data: bytes, values: dict[int, tuple[int, int]]) -> bool:
    """Whether a field that may hold data points holds one with a time."""
    for number in POINTS.keys() & values.keys():
        try:
            points = [field for field in fields(data, *values[number]) if field.number == 1]
            if points and all(field.wire == LEN and _has_time(data, field.begin, field.after) for field in points[:1]):
                return True
        except Damage:
            continue
    return False


def _has_time(data: bytes, at: int, end: int) -> bool:
    return any(field.wire == I64 and field.number == 3 for field in fields(data, at, end))


def _is_value(data: bytes, at: int, end: int) -> bool:
    try:
        return any_value(data, at, end).stringValue is not None
    except Damage:
        return False


class Look:
    """A first look at a request, of which only the start may lie before `end`.

    `signals`: what its whole records are. `is_otlp`: whether all of it has OTLP's form, as far as it can be seen.
    """

    def __init__(self, data: bytes, at: int, end: int) -> None:
        self.signals: set[Signal] = set()
        self.is_otlp = True
        self._data = data
        self._end = end
        try:
            self._request(at, end)
        except _Unlike:
            self.is_otlp = False
        except Damage as damage:
            self.is_otlp = damage.position >= end - _LONGEST  # else a field that goes on behind the end

    def _request(self, at: int, end: int) -> None:
        for number, wire, begin, after, whole in fields(self._data, at, end):
            self._expect(number == 1 and wire == LEN and self._fits(after, whole))
            self._resource_records(begin, after)

    def _resource_records(self, at: int, end: int) -> None:
        of_resource: set[Signal] = set()
        for number, wire, begin, after, whole in fields(self._data, at, end):
            self._expect(wire == LEN and number in (RESOURCE, *SCOPES, SCHEMA) and self._fits(after, whole))
            if number in SCOPES:
                self._scope_records(begin, after, of_resource)
            elif number == RESOURCE:
                for field in fields(self._data, begin, after):
                    self._expect(field.number > 2 or field.wire == (LEN, VARINT)[field.number - 1])

    def _scope_records(self, at: int, end: int, of_resource: set[Signal]) -> None:
        for number, wire, begin, after, whole in fields(self._data, at, end):
            self._expect(wire == LEN and number in (SCOPE, RECORDS, SCHEMA) and self._fits(after, whole))
            if number == RECORDS and (signal := signal_of(self._data, begin, after, cut=not whole)):
                self.signals.add(signal)
                of_resource.add(signal)
                self._expect(len(of_resource) == 1)

    def _fits(self, after: int, whole: bool) -> bool:
        return whole or after == self._end

    def _expect(self, holds: bool) -> None:
        if not holds:
            raise _Unlike
