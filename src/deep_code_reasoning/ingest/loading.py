"""From evidence to the store: walks, detects, reads and inserts at the same time; says what it could not read.

The only module that knows both sources and store. A file that is there already costs one `stat`; one whose content
changed is read again and its old rows are withdrawn. What goes wrong with one file never loses another.
"""

from __future__ import annotations

import dataclasses
import gc
import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.errors import CancelledError
from deep_code_reasoning.ingest.identity import fingerprint_of, modified_of
from deep_code_reasoning.ingest.nothing_readable import nothing_readable
from deep_code_reasoning.ingest.report import LoadReport, SourceReport, State, peak_memory_bytes
from deep_code_reasoning.ingest.repositories_ahead import RepositoriesAhead
from deep_code_reasoning.kernels.cache import kernels_of
from deep_code_reasoning.progress import Progress, Work
from deep_code_reasoning.unread import Unread

if TYPE_CHECKING:
    from deep_code_reasoning.settings import Settings
    from deep_code_reasoning.sources.archives.archive import Archive
    from deep_code_reasoning.sources.reader import Batch, Reader, Skipped
    from deep_code_reasoning.sources.stream import EvidenceStream
    from deep_code_reasoning.sources.walk import Item
    from deep_code_reasoning.store.insertion import Insertion
    from deep_code_reasoning.store.investigation_folder import InvestigationFolder
    from deep_code_reasoning.store.manifest import EvidenceRecord
    from deep_code_reasoning.store.writer import Refused

REPORT_SECONDS = 0.1
COMPILER_FIRST_BYTES = 1 << 30  # of evidence: the plain road takes longer for it than the compiler for a kernel


def load(
    evidence: Sequence[str | Path],
    folder: InvestigationFolder,
    settings: Settings,
    work: Work,
    allowed_roots: Sequence[Path] | None = None,
) -> LoadReport:
    """Brings `evidence` into `folder` and makes it the last investigation.

    `allowed_roots`: where files may be opened; by default the settings' and the evidence itself. A second load of
    the same investigation waits for the first. Cancelled, it keeps the files that were read to their end.
    Raises EvidenceError where nothing could be read, OutsideRootsError, CancelledError.
    """
    from deep_code_reasoning.store.investigation_folder import remember_last

    roots = [*settings.allowed_roots, *map(Path, evidence)] if allowed_roots is None else list(allowed_roots)

    def waiting() -> None:
        work.report(Progress("load", 0, message=f"waiting: another process is loading investigation {folder.name}"))

    started = time.monotonic()
    with folder.loading(waiting):
        loading = _Loading(folder, settings, work)
        try:
            loading.read(evidence, roots)
        except (CancelledError, KeyboardInterrupt):
            if loading.finish():
                remember_last(folder)
            raise
        except BaseException:
            loading.abandon()
            raise
        if not loading.finish():
            raise nothing_readable(evidence, loading.unread)
        remember_last(folder)
    return loading.report(time.monotonic() - started)


class _Loading:
    """One load under the lock: `read`, then `finish` or `abandon`, then `report`."""

    def __init__(self, folder: InvestigationFolder, settings: Settings, work: Work) -> None:
        self._folder = folder
        self._settings = settings
        self._work = work
        self._manifest = folder.manifest_to_extend()
        self._before = dataclasses.asdict(self._manifest)
        self._known = self._manifest.evidence
        self._by_size: defaultdict[int, list[EvidenceRecord]] = defaultdict(list)
        for record in self._known.values():
            self._by_size[record.size].append(record)
        self._fingerprints: list[tuple[EvidenceRecord, Future[str]]] = []
        self._insertion: Insertion | None = None
        self._segment = ""
        self._given: dict[int, tuple[EvidenceRecord, State]] = {}  # by source
        self._bytes = 0
        self._told = 0.0
        self._kernels = kernels_of(settings)
        self._cores = settings.threads or os.cpu_count() or 1
        self._repositories = RepositoriesAhead((), self._parts_of, 1)

    def read(self, evidence: Sequence[str | Path], roots: Sequence[Path]) -> None:
        from deep_code_reasoning.sources.walk import Item, walk

        found = list(walk(evidence, roots))
        changed = [part for part in found if isinstance(part, Item) and not self._is_unchanged(part)]
        new = [part for item in changed for part in self._with_members(item)]
        total = sum(part.size for part in new if isinstance(part, Item))
        self._kernels.gives_way = total < COMPILER_FIRST_BYTES
        done = 0
        for part in found:
            if isinstance(part, Unread):
                self._note_missing(part)
        repositories = [item for item in new if isinstance(item, Item) and item.kind == "repository"]
        self._repositories = RepositoriesAhead(repositories, self._parts_of, self._cores)
        with closing(self._repositories), ThreadPoolExecutor(1, "fingerprint") as hashing:
            for item in new:
                if not isinstance(item, Item):
                    self._note_archive(item, hashing)
                    continue
                self._tell(item.name, done, total)
                if not self._is_known_content(item):
                    self._read_item(item, hashing, partial(self._tell, item.name, done, total))
                done += item.size

    def finish(self) -> bool:
        """Makes what was read to its end visible; says whether any of the evidence given holds a record."""
        from deep_code_reasoning.store.derivation import derive

        self._settle_fingerprints()
        begun = None
        if self._insertion:
            with suppress(CancelledError):
                self._work.report(Progress("index", 0, message="span trees and log templates"))
            is_all = not self._manifest.segments and not self._manifest.withdrawn
            refused, begun = self._insertion.finish(is_all=is_all)
            for part in refused:
                self._note_refused(part)
            self._manifest.segments.append(self._segment)
            self._insertion = None
        self._manifest.forget_unused(set(self._given))
        kept = any(sum(record.rows.values()) for record, _ in self._given.values())
        if self._manifest.segments and dataclasses.asdict(self._manifest) != self._before:
            derive(self._folder, self._manifest, self._settings, begun)
            self._folder.publish(self._manifest)
        elif begun:  # nothing was read to its end
            begun.file.close()
        return kept

    def abandon(self) -> None:
        if self._insertion:
            self._insertion.abandon()
            self._insertion = None

    def report(self, seconds: float) -> LoadReport:
        rows: Counter[str] = Counter()
        for record, _ in self._given.values():
            rows.update(record.rows)
        return LoadReport(
            investigation=self._folder.name,
            rows=dict(rows),
            bytes=self._bytes,
            seconds=seconds,
            peak_memory_bytes=peak_memory_bytes(),
            unread=self.unread,
            sources=tuple(
                SourceReport(record.path, record.reader, record.bytes, sum(record.rows.values()), state)
                for record, state in self._given.values()
            ),
        )

    @property
    def unread(self) -> tuple[Unread, ...]:
        return tuple(
            Unread(part.place, part.reason, part.count) for record, _ in self._given.values() for part in record.unread
        )

    def _note_missing(self, part: Unread) -> None:
        """What was loaded before and is gone now is still in the store."""
        real_path = os.path.realpath(part.place)
        record = self._known.get(real_path)
        if record and record.state == "loaded":
            self._note_there(record)
        else:
            self._put_aside(real_path, part.place, part.reason)

    def _is_unchanged(self, item: Item) -> bool:
        """By size and time of change; a repository by its references."""
        record = self._known.get(str(item.path))
        if record is None or record.state != "loaded":
            return False
        if item.kind == "repository":
            same = record.fingerprint == fingerprint_of(item)
        else:
            same = (record.size, record.mtime_ns) == (item.size, modified_of(item))
        return same and self._note_there(record)

    def _with_members(self, item: Item) -> list[Item | Archive]:
        """The item; of an archive its members, and then itself: it counts as loaded once all of them are."""
        from deep_code_reasoning.sources.archives.archive import open_archive
        from deep_code_reasoning.sources.stream import Limits

        limits = Limits(ratio=self._settings.max_decompression_ratio)
        archive = open_archive(item, limits, self._work.check)
        if archive is None:
            return [item]
        return [] if self._is_known_content(item) else [*archive.members, archive]

    def _note_archive(self, archive: Archive, hashing: ThreadPoolExecutor) -> None:
        item = archive.item
        record = self._manifest.new_record(str(item.path), item.name, item.size, modified_of(item), archive.format)
        self._fingerprints.append((record, hashing.submit(fingerprint_of, item)))
        for part in archive.unread:
            record.add_unread(part.place, part.reason)
        self._replace(record, "loaded")
        present = {str(member.path) for member in archive.members}
        for member in self._members_of(record):
            if member.real_path not in present:
                self._manifest.withdraw(self._known.pop(member.real_path))

    def _members_of(self, record: EvidenceRecord) -> list[EvidenceRecord]:
        from deep_code_reasoning.sources.archives.archive import FORMATS, SEPARATOR

        start = record.real_path + SEPARATOR
        return [m for m in self._known.values() if m.real_path.startswith(start)] if record.reader in FORMATS else []

    def _is_known_content(self, item: Item) -> bool:
        """By hash, where an equal size makes it worth asking: the file was only touched, or is a copy."""
        if item.kind == "repository" or not item.size:
            return False
        alike = [record for record in self._by_size[item.size] if self._known.get(record.real_path) is record]
        if not alike:
            return False
        self._settle_fingerprints()
        fingerprint = fingerprint_of(item)
        for record in alike:
            if fingerprint and record.fingerprint == fingerprint:
                if record.real_path == str(item.path):
                    record.mtime_ns = modified_of(item)
                return self._note_there(record)
        return False

    def _note_there(self, record: EvidenceRecord) -> bool:
        for part in (record, *self._members_of(record)):
            state: State = "already loaded" if part.state == "loaded" else "skipped"
            self._given.setdefault(part.source, (part, state))
        return True

    def _read_item(self, item: Item, hashing: ThreadPoolExecutor, tell: Callable[[int], None]) -> None:
        from deep_code_reasoning.sources.detect import detect, unclaimed_reason
        from deep_code_reasoning.sources.stream import EvidenceStream, Limits

        limits = Limits(ratio=self._settings.max_decompression_ratio)
        stream = EvidenceStream(item.path, item.name, limits, item.member, self._kernels, self._cores)
        modified = modified_of(item)
        try:
            sample = stream.sample()
        except OSError as error:
            reason = f"cannot be opened: {error.strerror or type(error).__name__}"
            return self._put_aside(str(item.path), item.name, reason)
        reader = detect(sample)
        if reader is None:
            return self._put_aside(str(item.path), item.name, unclaimed_reason(sample))
        record = self._manifest.new_record(str(item.path), item.name, item.size, modified, reader.name)
        try:
            with _cycle_collector_paused():
                self._read_stream(reader, stream, record, tell)
        except BaseException:
            self._manifest.withdraw(record)
            raise
        if stream.content_hash:
            record.fingerprint = stream.content_hash
        else:  # a member of an archive, a repository, or a file of which the reader left something
            self._fingerprints.append((record, hashing.submit(fingerprint_of, item)))
        record.bytes = stream.bytes_out or item.size
        self._bytes += record.bytes
        self._replace(record, "loaded")
        return None

    def _parts_of(self, item: Item) -> Iterator[Batch | Skipped]:
        from deep_code_reasoning.sources.detect import detect
        from deep_code_reasoning.sources.stream import EvidenceStream, Limits

        stream = EvidenceStream(item.path, item.name, Limits())
        if reader := detect(stream.sample()):
            yield from reader.read(stream)

    def _read_stream(
        self, reader: Reader, stream: EvidenceStream, record: EvidenceRecord, tell: Callable[[int], None]
    ) -> None:
        """Raises only CancelledError and what stops the load as a whole; a reader's own failure is told as unread."""
        from deep_code_reasoning.sources.reader import Skipped

        base = dict(self._manifest.next_numbers)
        parts = self._repositories.parts(record.real_path) or iter(reader.read(stream))
        try:
            while True:
                try:
                    part = next(parts, None)
                except CancelledError:
                    raise
                except Exception as error:  # whatever a reader stumbles over in one file must not lose the others
                    record.add_unread(record.path, f"reader {reader.name} failed: {type(error).__name__}")
                    break
                if part is None:
                    break
                self._work.check()
                if isinstance(part, Skipped):
                    place = f"{record.path}@{part.offset}" if part.line is None else f"{record.path}:{part.line}"
                    record.add_unread(place, part.reason)
                else:
                    self._insert(part, record, base)
                tell(stream.bytes_read)
        finally:
            if isinstance(parts, Generator):
                parts.close()  # at once, and what it started with it, also where the load is cancelled

    def _insert(self, batch: Batch, record: EvidenceRecord, base: dict[str, int]) -> None:
        from deep_code_reasoning.store.insertion import Insertion
        from deep_code_reasoning.store.placement import NUMBERS, largest

        if self._insertion is None:
            self._segment = self._manifest.new_segment()
            names = self._segment, self._manifest.new_derived()
            self._insertion = Insertion(*map(self._folder.path.joinpath, names), self._settings)
        try:
            self._insertion.put(batch.table, batch.rows, record.source, base)
        except ValueError:
            record.add_unread(record.path, f"reader {record.reader} gave columns that the table does not have")
            return
        for name in NUMBERS:
            if name in batch.rows.schema.names:
                used = base.get(name, 0) + largest(batch.rows, name) + 1
                self._manifest.next_numbers[name] = max(self._manifest.next_numbers.get(name, 0), used)
        record.segment = self._segment
        record.rows[batch.table] = record.rows.get(batch.table, 0) + batch.rows.num_rows

    def _put_aside(self, real_path: str, name: str, reason: str) -> None:
        record = self._known.get(real_path)
        if record and record.state == "unread" and [part.reason for part in record.unread] == [reason]:
            self._given[record.source] = (record, "skipped")
            return
        record = self._manifest.new_record(real_path, name, 0, 0, "")
        record.state = "unread"
        record.add_unread(name, reason)
        self._replace(record, "skipped")

    def _replace(self, record: EvidenceRecord, state: State) -> None:
        self._manifest.replace(record)
        self._by_size[record.size].append(record)
        self._given[record.source] = (record, state)

    def _note_refused(self, part: Refused) -> None:
        if part.source in self._given:
            record, _ = self._given[part.source]
            record.rows[part.table] -= part.rows
            reason = f"rows that the table {part.table} does not admit ({part.error})"
            record.add_unread(record.path, reason, part.rows)

    def _settle_fingerprints(self) -> None:
        for record, future in self._fingerprints:
            record.fingerprint = future.result()
        self._fingerprints.clear()

    def _tell(self, message: str, done: int, total: int, more: int = 0) -> None:
        """At most ten times a second."""
        self._work.check()
        if (now := time.monotonic()) - self._told >= REPORT_SECONDS:
            self._told = now
            self._work.report(Progress("load", done + more, total, "bytes", message))


@contextmanager
def _cycle_collector_paused() -> Generator[None]:
    """Readers make millions of objects and no cycles; looking for some took a quarter of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
