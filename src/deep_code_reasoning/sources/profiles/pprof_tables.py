"""The tables of a pprof profile, and its samples resolved by them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

from deep_code_reasoning.sources.profiles.samples import MAX_FRAMES, TOO_DEEP, Frame, Samples
from deep_code_reasoning.sources.profiles.wire import BYTES, WireError, fields, numbers, signed
from deep_code_reasoning.sources.reader import Batch, Skipped

DAMAGED_SAMPLE = "pprof sample that cannot be read"
NO_LOCATION = "pprof sample with a location that the profile does not have"
WRONG_COUNT = "pprof sample with fewer values than the profile has sample types"

_LATEST = 2**63 - 1
_SERVICE_LABELS = ("service_name", "service.name", "service")
_TIME_LABELS = ("end_timestamp_ns", "timestamp_ns")
# Programs that run others: their name says nothing of the service.
_RUNTIMES = ("java", "python", "node", "ruby", "dotnet", "perl", "php", "bun", "deno", "beam", "uwsgi", "gunicorn")


class _Mark(NamedTuple):
    """What a sample's labels say."""

    time: int | None
    service: str | None


class Profile:
    """`data` is one encoded Profile. A name or a line that is not there is None."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.samples: list[tuple[int, int]] = []
        self.time: int | None = None
        self._types: list[tuple[int, int]] = []
        self._strings: list[str] = []
        self._functions: dict[int, tuple[int, int]] = {}  # number -> name, file
        self._locations: dict[int, tuple[int, int]] = {}  # number -> where it lies
        self._mappings: dict[int, int] = {}  # number -> file
        self._frames: dict[int, list[Frame]] = {}

    def read_tables(self) -> None:
        """Raises WireError; what was read until then stays."""
        data = self.data
        for number, kind, value, start, end in fields(data, 0, len(data)):
            if number == 2 and kind == BYTES:
                self.samples.append((start, end))
            elif number == 6 and kind == BYTES:
                self._strings.append(data[start:end].decode("utf-8", "replace"))
            elif number == 9:
                self.time = signed(value) if 0 < signed(value) <= _LATEST else None
            elif kind == BYTES and number in (1, 3, 4, 5):
                self._table_row(number, start, end)

    @property
    def has_types(self) -> bool:
        return any(self._text(kind) for kind, _ in self._types)

    @property
    def types(self) -> list[tuple[str, str]]:
        return [(self._text(kind) or "unknown", self._text(unit) or "unknown") for kind, unit in self._types]

    @property
    def program(self) -> str | None:
        """The main program, by convention the first mapping; None where that only runs others."""
        file = self._text(next(iter(self._mappings.values()), 0))
        name = PurePosixPath(file.replace("\\", "/")).name.removesuffix(".exe") if file else ""
        is_program = name and name[0] not in "[/" and ".so" not in name and not name.lower().startswith(_RUNTIMES)
        return name if is_program else None

    def stack(self, locations: list[int]) -> list[Frame]:
        """Root first. Raises KeyError where a location is missing, WireError where it cannot be read."""
        return [frame for number in reversed(locations) for frame in self._location(number)]

    def mark(self, labels: list[tuple[int, int]]) -> _Mark:
        time, service = self.time, None
        for start, end in labels:
            values = {number: value for number, _, value, _, _ in fields(self.data, start, end)}
            key = self._text(values.get(1, 0))
            if key in _SERVICE_LABELS:
                service = self._text(values.get(2, 0))
            elif key in _TIME_LABELS and 0 < values.get(3, 0) <= _LATEST:
                time = values[3]
        return _Mark(time, service)

    def _table_row(self, number: int, start: int, end: int) -> None:
        values = {part: value for part, kind, value, _, _ in fields(self.data, start, end) if kind != BYTES}
        if number == 1:
            self._types.append((values.get(1, 0), values.get(2, 0)))
        elif number == 3:
            self._mappings[values.get(1, 0)] = values.get(5, 0)
        elif number == 4:
            self._locations[values.get(1, 0)] = (start, end)
        else:
            self._functions[values.get(1, 0)] = (values.get(2, 0) or values.get(3, 0), values.get(4, 0))

    def _location(self, number: int) -> list[Frame]:
        known = self._frames.get(number)
        if known is None:
            known = self._frames[number] = self._resolved(*self._locations[number])
        return known

    def _resolved(self, start: int, end: int) -> list[Frame]:
        """The lines of a location, the caller first: the file has the innermost inlined call first."""
        address = mapping = 0
        frames = []
        for number, kind, value, begin, stop in fields(self.data, start, end):
            if number == 2:
                mapping = value
            elif number == 3:
                address = value
            elif number == 4 and kind == BYTES:
                line = {part: value for part, _, value, _, _ in fields(self.data, begin, stop)}
                name, file = self._functions.get(line.get(1, 0), (0, 0))
                frames.append(Frame(self._text(name), self._text(file), line.get(2)))
        if not frames:  # not symbolised: the address is all there is
            return [Frame(f"0x{address:x}", self._text(self._mappings.get(mapping, 0)))]
        return frames[::-1]

    def _text(self, number: int) -> str | None:
        return self._strings[number] or None if number < len(self._strings) else None


def read_samples(profile: Profile, samples: Samples) -> Iterator[Batch | Skipped]:
    """Fills `samples`, a row for each value of each sample; yields full batches and what cannot be read."""
    types, program, data = profile.types, profile.program, profile.data
    stacks: dict[tuple[int, ...], list[Frame]] = {}
    for start, end in profile.samples:
        locations: list[int] = []
        values: list[int] = []
        labels: list[tuple[int, int]] = []
        try:
            for field in fields(data, start, end):
                if field.number == 1:
                    locations += numbers(data, field)
                elif field.number == 2:
                    values += numbers(data, field)
                elif field.number == 3:
                    labels.append((field.start, field.end))
            key = tuple(locations)
            stack = stacks.get(key)
            if stack is None:
                stack = stacks[key] = profile.stack(locations)
            time, service = profile.mark(labels)
        except (WireError, KeyError) as error:
            yield Skipped(None, start, NO_LOCATION if isinstance(error, KeyError) else DAMAGED_SAMPLE)
            continue
        if len(values) < len(types) or len(stack) > MAX_FRAMES:
            yield Skipped(None, start, WRONG_COUNT if len(values) < len(types) else TOO_DEEP)
            continue
        for kind, value in zip(types, values, strict=False):
            samples.add(time, service or program, kind, float(signed(value)), stack, start)
        if samples.is_full:
            yield samples.take()
