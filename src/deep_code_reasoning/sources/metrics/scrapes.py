"""The scrapes of an exposition: samples to points, and the time of those that carry none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa

from deep_code_reasoning.sources.instants import number_nanos
from deep_code_reasoning.sources.metrics.exposition import Exposition, Role
from deep_code_reasoning.sources.metrics.exposition_lines import NO_TIME
from deep_code_reasoning.sources.metrics.line_blocks import blocks
from deep_code_reasoning.sources.metrics.point_parts import Parts, PointParts, start_times
from deep_code_reasoning.sources.metrics.producers import Producers
from deep_code_reasoning.sources.metrics.scrape_samples import Beginning, Samples, samples
from deep_code_reasoning.sources.metrics.series import batches
from deep_code_reasoning.sources.otlp.resources import Resources
from deep_code_reasoning.sources.reader import Batch, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream

UNDATED = "scrape before the last of its file that nothing dates"
DATED_BY_FILE = "scrape without times (kept at the time when its file was last changed)"

CLOCKS = frozenset({"node_time_seconds", "node_time", "windows_time_current_timestamp_seconds", "windows_os_time"})
MAX_SERIES = 1 << 18  # then the table begins anew, so that memory does not follow the number of label sets
MAX_UNDATED = 1 << 22


class Scrapes:
    """One pass over a source."""

    def __init__(self, stream: EvidenceStream) -> None:
        registry = Resources()
        self._stream = stream
        self._resources = registry
        self._exposition = Exposition(Producers(registry))
        self._dated: list[Parts] = []  # with their times, to be given out with the block
        self._points = PointParts(self._exposition.table)
        self._starts: dict[int, int] = {}
        self._seen_families: set[str] = set()
        self._scrape = _Scrape()

    def run(self) -> Iterator[Batch | Skipped]:
        for block in blocks(self._stream):
            if isinstance(block, Skipped):
                yield block
                continue
            found = samples(block, self._exposition, self._seen_families)
            yield from found.skipped
            yield from self._sort_in(self._without_starts(found), block.line)
            is_full = len(self._exposition) > MAX_SERIES
            if is_full or self._scrape.size > MAX_UNDATED:
                yield from self._close_scrape(is_last=True)
            yield from self._give(final=is_full)
            if is_full:
                self._begin_anew()
        yield from self._close_scrape(is_last=True)
        yield from self._give(final=True)

    def _sort_in(self, found: Samples, first_line: int) -> Iterator[Skipped]:
        """Samples with a time are ready; those without go to their scrapes."""
        is_untimed = found.parts.times == NO_TIME
        self._dated.append(found.parts.where(~is_untimed))
        untimed, lines = found.parts.where(is_untimed), found.lines[is_untimed]
        beginnings = found.beginnings
        if found.keys:
            keys = [key for key, chosen in zip(found.keys, is_untimed.tolist(), strict=True) if chosen]
            beginnings = sorted([*beginnings, *self._scrape.repetitions(keys, lines.tolist())])
        start = 0
        for beginning in [*beginnings, None]:
            end = len(lines) if beginning is None else int(np.searchsorted(lines, beginning.line))
            if end > start:
                if self._scrape.is_over:
                    yield from self._close_scrape(is_last=False)
                self._scrape.add(untimed.where(slice(start, end)), first_line + int(lines[start]))
                start = end
            if beginning:
                self._scrape.end(beginning.nanos)

    def _close_scrape(self, *, is_last: bool) -> Iterator[Skipped]:
        scrape, self._scrape = self._scrape, self._scrape.follower()
        if not scrape.parts:
            return
        parts = Parts(*(np.concatenate(columns) for columns in zip(*scrape.parts, strict=True)))
        nanos = self._clock(parts) or scrape.nanos
        if nanos is None:
            nanos = _last_change(self._stream) if is_last else None
            yield Skipped(scrape.line, scrape.offset, UNDATED if nanos is None else DATED_BY_FILE)
        if nanos is not None:
            self._dated.append(parts._replace(times=np.full(len(parts.times), nanos)))

    def _clock(self, parts: Parts) -> int | None:
        clocks = [number for number, one in enumerate(self._exposition.table) if one.name in CLOCKS]
        shown = parts.values[np.isin(parts.series, clocks)] if clocks else ()
        return number_nanos(float(shown[0])) if len(shown) else None

    def _without_starts(self, found: Samples) -> Samples:
        """Notes when counting began, which is no point of its own."""
        parts = found.parts
        is_start = parts.roles == Role.CREATED
        if not is_start.any():
            return found
        for series, value in zip(parts.series[is_start].tolist(), parts.values[is_start].tolist(), strict=True):
            if (nanos := number_nanos(value)) is not None:
                self._starts[series] = nanos
        keys = [key for key, skipped in zip(found.keys, is_start.tolist(), strict=False) if not skipped]
        return replace(found, parts=parts.where(~is_start), lines=found.lines[~is_start], keys=keys)

    def _give(self, *, final: bool) -> Iterator[Batch]:
        table = self._exposition.table
        dated = [parts for parts in self._dated if len(parts.series)]
        self._dated = []
        if dated:
            parts = Parts(*(np.concatenate(columns) for columns in zip(*dated, strict=True)))
            self._points.add(parts.where(parts.roles != Role.VALUE))
            values = parts.where(parts.roles == Role.VALUE)
            more: dict[str, pa.Array] = {}
            if self._starts:
                more["start_time_unix_nano"] = start_times(values.series, values.times, self._starts)
            yield from batches(table, values.series, values.times, values.offsets, value=values.values, **more)
        yield from self._points.ready(self._starts, final=final)
        if len(self._resources.rows):
            yield self._resources.rows.take()

    def _begin_anew(self) -> None:
        self._exposition.forget()
        self._points = PointParts(self._exposition.table)
        self._starts = {}


class _Scrape:
    """The samples without a time of the scrape under way."""

    def __init__(self, nanos: int | None = None) -> None:
        self.parts: list[Parts] = []
        self.size = 0
        self.line, self.offset = 1, 0
        self.nanos = nanos
        self.is_over = False
        self._next_nanos: int | None = None
        self._keys: set[str] = set()

    def add(self, parts: Parts, line: int) -> None:
        if not self.parts:
            self.line, self.offset = line, int(parts.offsets[0])
        self.parts.append(parts)
        self.size += len(parts.series)

    def end(self, next_nanos: int | None) -> None:
        """What comes now is of another scrape, taken at `next_nanos` where that is known."""
        if not self.parts:
            self.nanos = next_nanos or self.nanos
            return
        self.is_over = True
        self._next_nanos = next_nanos or self._next_nanos

    def follower(self) -> _Scrape:
        following = _Scrape(self._next_nanos)
        following._keys = self._keys
        return following

    def repetitions(self, keys: list[str], lines: list[int]) -> list[Beginning]:
        """Where a key comes again: without types this alone tells that another scrape began."""
        found = []
        for key, line in zip(keys, lines, strict=True):
            if key in self._keys:
                self._keys.clear()
                found.append(Beginning(line))
            self._keys.add(key)
        return found


def _last_change(stream: EvidenceStream) -> int | None:
    try:
        return stream.path.stat().st_mtime_ns
    except OSError:
        return None
