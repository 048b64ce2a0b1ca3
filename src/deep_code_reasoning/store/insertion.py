"""Inserts in a thread of its own, so that reading goes on meanwhile; a short queue keeps memory bounded."""

from __future__ import annotations

import os
import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.errors import DcrError, SettingsError
from deep_code_reasoning.kernels.cache import kernels_of
from deep_code_reasoning.store.placement import check

if TYPE_CHECKING:
    import pyarrow as pa

    from deep_code_reasoning.settings import Settings
    from deep_code_reasoning.store.derivation import Begun
    from deep_code_reasoning.store.derived_file import DerivedFile
    from deep_code_reasoning.store.span_trees import TreeRows
    from deep_code_reasoning.store.writer import Refused, SegmentWriter

WAITING_BATCHES = 3  # each takes memory of its own, which the system has to clear first


class Insertion:
    """A SegmentWriter behind a queue. Only `put`, `finish` and `abandon` may be called, from one thread.

    The database engine is imported, and the files begun, in that thread too: the first rows are read meanwhile.
    """

    def __init__(self, path: Path, derived: Path, settings: Settings) -> None:
        """`derived`: the path of the file that `derive` is to write behind the load."""
        self._path, self._derived_path, self._settings = path, derived, settings
        self._writer: SegmentWriter | None = None
        self._derived: DerivedFile | None = None
        self._queue: queue.Queue[tuple[str, pa.RecordBatch, int, dict[str, int]] | None] = queue.Queue(WAITING_BATCHES)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="insertion", daemon=True)
        self._thread.start()

    def put(self, table: str, batch: pa.RecordBatch, source: int, shift: dict[str, int]) -> None:
        """Waits while the queue is full. Raises ValueError for what the schema does not have, DcrError as `finish`."""
        self._raise_error()
        check(table, batch)
        self._queue.put((table, batch, source, shift))

    def finish(self, *, is_all: bool = False) -> tuple[list[Refused], Begun]:
        """The segment is complete on disk afterwards: what of it the schema did not admit, and what `derive` is given.

        `is_all`: there are no rows but those that were put. Raises DcrError where the file cannot be written (a full
        disk, too little memory); it is then abandoned.
        """
        self._stop()
        try:
            self._raise_error()
            assert self._writer
            assert self._derived
            return self._finished(self._writer, self._derived, is_all)
        except BaseException:
            self._abandon()
            raise

    def _finished(self, writer: SegmentWriter, derived: DerivedFile, is_all: bool) -> tuple[list[Refused], Begun]:
        from deep_code_reasoning.store.derivation import ASKED, Begun

        with ThreadPoolExecutor(1, "span-trees") as growing:  # while the last rows are written
            future = growing.submit(self._trees, writer, derived) if is_all else None
            try:
                writer.finish()
                trees = future.result() if future else None
            except Exception as error:
                raise self._told(error) from error
        if not is_all:
            return writer.refused, Begun(derived)
        if trees and any(part.table == "spans" for part in writer.refused):
            trees.abandon()
            trees = None
        shapes = writer.shapes_at_hand.found() if "logs" in writer.tables else None
        known = {name for name, rows in (("spans", trees), ("logs", shapes)) if rows}
        return writer.refused, Begun(derived, trees, shapes, ASKED & writer.tables - known)

    def _trees(self, writer: SegmentWriter, derived: DerivedFile) -> TreeRows | None:
        spans = writer.spans_at_hand.columns()
        if not spans:
            return None
        from deep_code_reasoning.store.span_trees import TreeRows, span_trees

        grown = span_trees(spans, kernels_of(self._settings), self._settings.threads or os.cpu_count() or 1)
        return TreeRows(derived, grown) if grown else None

    def abandon(self) -> None:
        self._stop()
        self._abandon()

    def _abandon(self) -> None:
        if self._writer:
            self._writer.abandon()
        if self._derived:
            self._derived.close()

    def _raise_error(self) -> None:
        if self._error:
            raise self._told(self._error) from self._error

    def _told(self, error: BaseException) -> BaseException:
        if isinstance(error, SettingsError):
            return error
        from deep_code_reasoning.store.engine import one_line

        return DcrError(f"the store cannot be written: {one_line(error)}")

    def _stop(self) -> None:
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def _run(self) -> None:
        try:
            from deep_code_reasoning.store.derived_file import DerivedFile
            from deep_code_reasoning.store.writer import SegmentWriter

            self._writer = SegmentWriter(self._path, self._settings)
            self._derived = DerivedFile(self._writer.engine, self._derived_path)
        except BaseException as error:
            self._error = error
        while (work := self._queue.get()) is not None:
            table, batch, source, shift = work
            del work
            try:
                if self._error is None and self._writer:
                    self._writer.insert(table, batch, source=source, shift=shift)
            except BaseException as error:
                self._error = error  # the queue is still emptied, so that `put` never waits for ever
            del batch
