"""Brings an index to the state of its tree: only what changed is read, and only one process at a time writes.

The catalogue is written after the documents. A mark says that this is not done yet: after a crash between the two the
index is built again. Cancelled, it keeps what was read so far and is right about it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.code.index import documents, exclusion
from deep_code_reasoning.code.index.catalogue import Catalogue, Left, Row, read_catalogue, write_catalogue
from deep_code_reasoning.code.index.exclusion import LeftOut
from deep_code_reasoning.code.index.splitting import Splitting, Text
from deep_code_reasoning.code.index.tree import Entry, Tree
from deep_code_reasoning.errors import CancelledError
from deep_code_reasoning.progress import Progress, Work

if TYPE_CHECKING:
    from tantivy import Index, IndexWriter

_MARK = "unfinished"
_DOCUMENTS = "documents"
_REPORT_SECONDS = 0.2


def update(folder: Path, tree: Tree, work: Work, threads: int = 0) -> bool:
    """Was anything written? The caller holds the lock (lock.py). `threads` of the writer; 0: one less than the cores,
    at least one, at most four. Raises CancelledError; OSError or ValueError where it cannot be written."""
    catalogue = _usable(folder)
    entries, left = tree.entries(work)
    changes = _Changes(catalogue, entries)
    if changes.is_none and changes.same_places and [_left(one) for one in left] == catalogue.left:
        if catalogue.commit != tree.commit:
            catalogue.commit = tree.commit
            write_catalogue(folder, catalogue)
        return False
    if changes.is_none:
        rows, stopped = changes.kept, None
    else:
        (folder / _MARK).touch()
        threads = threads or min(4, max(1, (os.cpu_count() or 1) - 1))
        index = documents.open_documents(folder / _DOCUMENTS)
        rows, stopped = _write(index, tree, changes, catalogue, work, threads)
        catalogue.stored = _stored(folder)
    catalogue.rows = rows
    catalogue.left = [_left(one) for one in left]
    catalogue.commit = tree.commit if stopped is None else None
    write_catalogue(folder, catalogue)
    (folder / _MARK).unlink(missing_ok=True)
    if stopped is not None:
        raise stopped
    return True


def forget(folder: Path) -> None:
    """What is left of an index that could not be written or read: the next update begins anew."""
    shutil.rmtree(folder / _DOCUMENTS, ignore_errors=True)


def _usable(folder: Path) -> Catalogue:
    """What the last update left, an empty one where that is unfinished, damaged, incomplete or of another version."""
    catalogue = read_catalogue(folder)
    if (folder / _MARK).exists() or catalogue is None or catalogue.stored != _stored(folder):
        forget(folder)
        catalogue = Catalogue()
    (folder / _DOCUMENTS).mkdir(exist_ok=True)
    return catalogue


def _stored(folder: Path) -> dict[str, int]:
    """The files of the documents and their sizes; empty where there are none."""
    try:
        with os.scandir(folder / _DOCUMENTS) as listing:
            return {one.name: one.stat().st_size for one in listing if not one.name.startswith(".tantivy")}
    except OSError:
        return {}


class _Changes:
    """What of the entries is as the catalogue has it, what is to be read, which rows have no file any more."""

    def __init__(self, catalogue: Catalogue, entries: list[Entry]) -> None:
        self.known = {row.path_bytes: row for row in catalogue.rows}
        self.kept: list[Row] = []
        self.to_read: list[Entry] = []
        gone = dict(self.known)
        for entry in entries:
            row = gone.pop(os.fsencode(entry.path), None)
            if row and (row.blob == entry.blob if entry.blob else entry.stamp and row.stamp == entry.stamp):
                self.kept.append(row)
            else:
                self.to_read.append(entry)
        self.gone = list(gone.values())
        self.is_none = not self.to_read and not self.gone
        self.same_places = len(self.kept) == len(catalogue.rows)


def _write(
    index: Index, tree: Tree, changes: _Changes, catalogue: Catalogue, work: Work, threads: int
) -> tuple[list[Row], CancelledError | None]:
    """The rows afterwards; committed, even where the caller did not want to wait for all of it."""
    writer = index.writer(heap_size=documents.WRITER_BYTES, num_threads=threads)
    rows, stopped = list(changes.kept), None
    pending: dict[bytes, Row] = {}
    for entry in changes.to_read:
        if row := changes.known.get(os.fsencode(entry.path)):
            pending[row.path_bytes] = row
    with Splitting(len(changes.to_read), os.cpu_count() or 1) as splitting:
        try:
            for row in changes.gone:
                _forget(writer, row)
            for row in _read(writer, tree, changes, catalogue, work, splitting):
                pending.pop(row.path_bytes, None)
                rows.append(row)
        except CancelledError as error:
            stopped = error
            rows.extend(pending.values())  # not read again: as they were
        for done in splitting.rest():
            documents.add(writer, done.file, done.words, done.path, done.defines)
    writer.commit()
    writer.wait_merging_threads()
    return sorted(rows, key=lambda row: row.path_bytes), stopped


def _read(
    writer: IndexWriter, tree: Tree, changes: _Changes, catalogue: Catalogue, work: Work, splitting: Splitting
) -> Iterator[Row]:
    """Adds what is to be read to the index; the new row of each. Of one that vanished: a row with the reason.

    Documents come some time after their rows; what is still to come is in `splitting`.
    """
    total, told = len(changes.to_read), 0.0
    for number, (entry, data) in enumerate(tree.contents(changes.to_read)):
        if (now := time.monotonic()) - told > _REPORT_SECONDS:
            told = now
            _report(work, number, total)
        path = os.fsencode(entry.path)
        before = changes.known.get(path)
        if isinstance(data, LeftOut):
            row = Row(0, path, entry.blob, data.size or entry.size or 0, (), data.reason)
        else:
            blob = entry.blob or _blob_id(data)
            if before and before.blob == blob and not (before.file == 0 and not before.reason):
                yield Row(before.file, path, blob, len(data), entry.stamp, before.reason)
                continue
            reason = exclusion.by_content(data, entry.path) or ""
            row = Row(0 if reason else catalogue.next_file, path, blob, len(data), entry.stamp, reason)
        if before:
            _forget(writer, before)
        if row.file and not isinstance(data, LeftOut):
            catalogue.next_file += 1
            shown = path.decode("utf-8", "replace")
            for done in splitting.give(Text(row.file, shown, data)):
                documents.add(writer, done.file, done.words, done.path, done.defines)
        yield row


def _forget(writer: IndexWriter, row: Row) -> None:
    if row.file:
        writer.delete_documents_by_term("file", row.file)


def _report(work: Work, done: int, total: int, message: str = "") -> None:
    work.report(Progress("index", done, total, "files", message))


def _left(one: LeftOut) -> Left:
    return Left(os.fsencode(one.path), one.reason, one.size)


def _blob_id(data: bytes) -> str:
    """The id git gives this content, before any conversion of line ends."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
