"""A look into one file of evidence, through the readers, for as many bytes as are granted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deep_code_reasoning.sources.reader import Batch, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream

if TYPE_CHECKING:
    from deep_code_reasoning.sources.reader import Reader
    from deep_code_reasoning.sources.stream import Piece, Room
    from deep_code_reasoning.sources.walk import Item

HEAD_BYTES = 1_000_000
EARLIEST_NANO = 946_684_800 * 10**9  # 2000-01-01: what is stamped before has a broken clock
_TIMES = {"spans": "start_time_unix_nano", "logs": "time_unix_nano", "metrics": "time_unix_nano"}


@dataclass
class FileSeen:
    """`read` counts after decompression; `cut`: the file goes on; `packed`: its size on disk does not tell how far."""

    services: set[str] = field(default_factory=set)
    first: int | None = None
    last: int | None = None
    holds_spans: bool = False
    understood: bool = False
    skipped: list[tuple[str, str]] = field(default_factory=list)
    read: int = 0
    cut: bool = False
    packed: bool = False


def look_at(item: Item, *, most_traces: int, most_other: int, watch: Callable[[int], None]) -> FileSeen:
    """Reads up to `most_traces` bytes of a file that holds spans, `most_other` of any other.

    `watch` is told about every MiB how many bytes on disk were read, and may raise to stop. A file that no reader
    takes, or that cannot be opened, comes back with the reason in `skipped`.
    """
    from deep_code_reasoning.sources.detect import detect, unclaimed_reason

    try:
        sample = EvidenceStream(item.path, item.name, member=item.member).sample()
    except OSError:
        return FileSeen(skipped=[(item.name, "could not be opened")])
    reader = detect(sample)
    if reader is None:
        return FileSeen(skipped=[(item.name, unclaimed_reason(sample))])
    head = _read(reader, item, HEAD_BYTES, watch)
    if not head.cut:
        return head
    if not head.understood:  # a document over many lines: its beginning alone is nothing
        return _read(reader, item, None, watch)
    most = most_traces if head.holds_spans else most_other
    return _read(reader, item, most, watch) if most > HEAD_BYTES else head


def _read(reader: Reader, item: Item, most: int | None, watch: Callable[[int], None]) -> FileSeen:
    stream = _Beginning(item, most, watch)
    seen = FileSeen()
    for part in reader.read(stream):
        if isinstance(part, Batch):
            _note(part, seen)
        else:
            place = f"{item.name}:{part.line}" if part.line else f"{item.name}@{part.offset}"
            seen.skipped.append((place, part.reason))
    seen.read, seen.cut, seen.packed = stream.passed, stream.cut, stream.bytes_out > stream.bytes_read
    return seen


class _Beginning(EvidenceStream):
    """The first `most` bytes of a file, up to the end of a line (None: all of it)."""

    def __init__(self, item: Item, most: int | None, watch: Callable[[int], None]) -> None:
        super().__init__(item.path, item.name, member=item.member)
        self._most = most
        self._size = item.size
        self._watch = watch
        self.passed = 0
        self.cut = False

    def pieces(self, room: Room | None) -> Iterator[Piece | Skipped]:
        self.passed, self.cut = 0, False
        for chunk in super().pieces(None):
            self._watch(self.bytes_read)
            if isinstance(chunk, bytes):
                over = self._most is not None and self.passed + len(chunk) > self._most
                end = chunk.rfind(b"\n") + 1 if over else 0
                self.passed += end or len(chunk)
                if end:
                    self.cut = end < len(chunk) or self.bytes_read < self._size
                    yield chunk[:end]
                    return
            yield chunk


def _note(batch: Batch, seen: FileSeen) -> None:
    seen.understood = True
    seen.holds_spans |= batch.table == "spans"
    names = batch.rows.schema.names
    if batch.table not in _TIMES:
        return
    if "service_name" in names:
        seen.services.update(name for name in batch.rows.column("service_name").unique().to_pylist() if name)
    if (column := _TIMES[batch.table]) not in names:
        return
    starts = batch.rows.column(column).drop_null().to_numpy(zero_copy_only=False)
    sound = starts >= EARLIEST_NANO
    if not sound.any():
        return
    first = int(starts[sound].min())
    last = int(starts[sound].max())
    if "duration_nano" in names:
        durations = batch.rows.column("duration_nano").to_numpy(zero_copy_only=False)
        last = int((starts[sound] + durations[sound]).max())
    seen.first = first if seen.first is None else min(seen.first, first)
    seen.last = last if seen.last is None else max(seen.last, last)
