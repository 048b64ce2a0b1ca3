"""Inserts in a thread of its own, so that reading goes on meanwhile; a short queue keeps memory bounded."""

from __future__ import annotations

import os
import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from deep_code_reasoning.errors import DcrError, SettingsError
from deep_code_reasoning.kernels.cache import kernels_of
from deep_code_reasoning.store.placement import check

if TYPE_CHECKING:
    import pyarrow as pa

    from deep_code_reasoning.settings import Settings
    from deep_code_reasoning.store.span_trees import SpanTrees
    from deep_code_reasoning.store.writer import Refused, SegmentWriter

WAITING_BATCHES = 6  # each takes memory of its own, which the system has to clear first


class Finished(NamedTuple):
    """What the schema did not admit, and the trees of the spans where all of them were at hand."""

    refused: list[Refused]
    trees: SpanTrees | None


class Insertion:
    """A SegmentWriter behind a queue. Only `put`, `finish` and `abandon` may be called, from one thread.

    The database engine is imported, and the file begun, in that thread too: the first rows are read meanwhile.
    """

    def __init__(self, path: Path, settings: Settings) -> None:
        self._path, self._settings = path, settings
        self._writer: SegmentWriter | None = None
        self._queue: queue.Queue[tuple[str, pa.RecordBatch, int, dict[str, int]] | None] = queue.Queue(WAITING_BATCHES)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="insertion", daemon=True)
        self._thread.start()

    def put(self, table: str, batch: pa.RecordBatch, source: int, shift: dict[str, int]) -> None:
        """Waits while the queue is full. Raises ValueError for what the schema does not have, DcrError as `finish`."""
        self._raise_error()
        check(table, batch)
        self._queue.put((table, batch, source, shift))

    def finish(self, *, is_all: bool = False) -> Finished:
        """The segment is complete on disk afterwards. `is_all`: there are no spans but those that were put.

        Raises DcrError where the file cannot be written (a full disk, too little memory); it is then abandoned.
        """
        self._stop()
        with ThreadPoolExecutor(1, "span-trees") as growing:  # while the last rows are written
            trees = growing.submit(self._grown) if is_all else None
            if self._error is None and self._writer:
                try:
                    self._writer.finish()
                except Exception as error:
                    self._error = error
        if self._error and self._writer:
            self._writer.abandon()
        self._raise_error()
        refused = self._writer.refused if self._writer else []
        are_whole = trees and not any(part.table == "spans" for part in refused)
        return Finished(refused, trees.result() if trees and are_whole else None)

    def _grown(self) -> SpanTrees | None:
        from deep_code_reasoning.store.span_trees import span_trees

        spans = self._writer.spans_at_hand.columns() if self._writer and not self._error else None
        threads = self._settings.threads or os.cpu_count() or 1
        return span_trees(spans, kernels_of(self._settings), threads) if spans else None

    def abandon(self) -> None:
        self._stop()
        if self._writer:
            self._writer.abandon()

    def _raise_error(self) -> None:
        if isinstance(self._error, SettingsError):
            raise self._error
        if self._error:
            from deep_code_reasoning.store.engine import one_line

            raise DcrError(f"the store cannot be written: {one_line(self._error)}") from self._error

    def _stop(self) -> None:
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def _run(self) -> None:
        try:
            from deep_code_reasoning.store.writer import SegmentWriter

            self._writer = SegmentWriter(self._path, self._settings)
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
