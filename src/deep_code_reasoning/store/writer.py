"""Writes one segment: Arrow batches into tables of a file that nobody reads before it is complete."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict, deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Self

import duckdb
import pyarrow as pa

from deep_code_reasoning.errors import StoreError
from deep_code_reasoning.kernels.cache import kernels_of
from deep_code_reasoning.store import row_files
from deep_code_reasoning.store.catalogue import described
from deep_code_reasoning.store.engine import ROW_GROUP, Engine
from deep_code_reasoning.store.log_templates import with_template_ids
from deep_code_reasoning.store.placement import check, holds, placed
from deep_code_reasoning.store.row_file_writing import RowFiles

if TYPE_CHECKING:
    from deep_code_reasoning.settings import Settings

_MISFIT = (duckdb.DataError, duckdb.IntegrityError, duckdb.InvalidInputException, duckdb.BinderException)
WRITTEN_HERE = ("template_id",)  # columns that batches do not have
AT_ONCE = 2
FLUSH_BATCHES = 1_024  # thousands of tiny files would else hold thousands of arrays each
FLUSH_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True)
class Refused:
    """A batch that the schema does not admit: a reader's defect, told and not fatal."""

    table: str
    source: int
    rows: int
    error: str


class SegmentWriter:
    """`insert` batches, then `finish`; leaving the context without it throws the file away.

    Rows are gathered to whole row groups; two statements run side by side, each of which is one thread's: why, and
    what else was tried, is told in docs/decisions/0007-row-groups.md.
    """

    def __init__(self, path: Path, settings: Settings) -> None:
        self.path = path
        self._kernels = kernels_of(settings)
        self._temporary = path.with_name(path.name + ".tmp")
        self._temporary.unlink(missing_ok=True)
        self._engine = Engine(dataclasses.replace(settings, threads=AT_ONCE), path.parent)
        self._engine.connection.execute(f"SET external_threads = {AT_ONCE}")
        self._engine.connection.execute("SET preserve_insertion_order = false")
        # DuckDB 2.0 loses a row group that is committed while another commit writes a checkpoint.
        self._engine.connection.execute("SET checkpoint_threshold = '1TB'")
        self._engine.attach_new(self._temporary, "segment")
        self._engine.connection.execute("USE segment")
        row_files.create_list(self._engine.connection)
        self._columns: defaultdict[str, set[str]] = defaultdict(set)  # what the tables of the file have
        self._row_files: dict[str, RowFiles] = {}
        self._waiting: defaultdict[tuple[str, str], list[pa.RecordBatch]] = defaultdict(list)
        self._waiting_buffers: set[int] = set()
        self._waiting_batches = self._waiting_bytes = 0
        self._committing = Lock()
        self._written: Counter[str] = Counter()
        self.refused: list[Refused] = []
        self._threads = ThreadPoolExecutor(AT_ONCE, "insertion")
        self._running: deque[Future[None]] = deque()

    def insert(self, table: str, batch: pa.RecordBatch, *, source: int, shift: dict[str, int] | None = None) -> None:
        """Adds the rows of `batch` under `source`; `shift` is added to its span, log and resource numbers.

        Columns left out are NULL. Raises ValueError for a table or column that the schema does not have.
        """
        check(table, batch)
        key = (table, batch.schema.to_string())
        self._wait(key, placed(batch, source, shift or {}))
        if sum(waiting.num_rows for waiting in self._waiting[key]) >= ROW_GROUP:
            rest = self._take_rest(key)
            self.flush()
            if rest:
                self._wait(key, rest)
        elif self._waiting_bytes >= FLUSH_BYTES or self._waiting_batches >= FLUSH_BATCHES:
            self.flush()

    def _wait(self, key: tuple[str, str], batch: pa.RecordBatch) -> None:
        self._waiting[key].append(batch)
        self._waiting_batches += 1
        self._waiting_bytes += self._new_bytes(batch)

    def _take_rest(self, key: tuple[str, str]) -> pa.RecordBatch | None:
        """The rows behind the last whole group; they are all in the last batch, which completed it, if anywhere."""
        *before, last = self._waiting[key]
        rows = sum(batch.num_rows for batch in before) + last.num_rows
        kept = last.num_rows - rows % ROW_GROUP
        self._waiting[key][-1] = last.slice(0, kept)
        return last.slice(kept) if kept < last.num_rows else None

    def _new_bytes(self, batch: pa.RecordBatch) -> int:
        """What holding the batch costs: views of many columns and tables share one buffer, the input."""
        size = 0
        for column in batch.columns:
            for buffer in column.buffers():
                if buffer is not None and buffer.address not in self._waiting_buffers:
                    self._waiting_buffers.add(buffer.address)
                    size += buffer.size
        return size

    def flush(self) -> None:
        """Has what waits inserted, and returns meanwhile. Raises what an earlier insertion met."""
        for (table, _), batches in self._waiting.items():
            self._make_room(table, batches)
        if len(self._running) >= AT_ONCE:
            self._running.popleft().result()
        self._running.append(self._threads.submit(self._insert_each, self._waiting))
        self._waiting = defaultdict(list)
        self._waiting_buffers.clear()
        self._waiting_batches = self._waiting_bytes = 0

    def _make_room(self, table: str, batches: list[pa.RecordBatch]) -> None:
        """The table with the columns in which `batches` hold anything.

        A column costs a tenth of a row's time for every ten of it that are NULL, so one that is NULL throughout is
        not there; `attachment` shows it nonetheless. One that comes late waits for the statements that are at work.
        """
        held = {
            field.name for batch in batches for field, c in zip(batch.schema, batch.columns, strict=True) if holds(c)
        }
        columns = [c for c in described(table).columns if c.required or c.name in held or c.name in WRITTEN_HERE]
        late = [column for column in columns if column.name not in self._columns[table]]
        if not self._columns[table]:
            self._engine.connection.execute(f"CREATE TABLE {table} ({', '.join(column.sql for column in columns)})")
        elif late:
            self._wait_for_running()
            for column in late:
                self._engine.connection.execute(f"ALTER TABLE {table} ADD COLUMN {column.sql}")
        self._columns[table].update(column.name for column in late)
        if table in row_files.TABLES and table not in self._row_files:
            self._row_files[table] = RowFiles.of(self.path, described(table), self._engine.connection)

    def _wait_for_running(self) -> None:
        while self._running:
            self._running.popleft().result()

    def _insert_each(self, waiting: dict[tuple[str, str], list[pa.RecordBatch]]) -> None:
        for (table, _), batches in waiting.items():
            try:
                self._insert(table, batches)
            except _MISFIT:
                self._insert_singly(table, batches)

    def _insert(self, table: str, batches: list[pa.RecordBatch]) -> None:
        files = self._row_files.get(table)
        if files and (fitted := files.fitted(batches)):
            files.write(self._completed(table, fitted))
            return
        rows = self._completed(table, pa.Table.from_batches(batches))
        rows = rows.select([name for name in rows.schema.names if name in self._columns[table]])
        with self._engine.connection.cursor() as connection:
            connection.register("incoming", rows)
            connection.execute("BEGIN")
            connection.execute(f"INSERT INTO segment.{table} BY NAME SELECT * FROM incoming")
            with self._committing:
                connection.execute("COMMIT")
                self._written[table] += rows.num_rows

    def _completed(self, table: str, rows: pa.Table) -> pa.Table:
        return with_template_ids(rows, self._kernels) if table == "logs" else rows

    def _insert_singly(self, table: str, batches: list[pa.RecordBatch]) -> None:
        """One batch that breaks the schema's rules must not take those gathered with it along."""
        for batch in batches:
            try:
                self._insert(table, [batch])
            except _MISFIT as error:
                source = batch.column("source")[0].as_py()
                self.refused.append(Refused(table, source, batch.num_rows, type(error).__name__))

    def finish(self) -> None:
        self.flush()
        self._wait_for_running()
        self._threads.shutdown()
        self._check_rows()
        for files in self._row_files.values():
            files.finish(self._engine.connection)
        self._engine.connection.execute("USE memory")
        self._engine.detach("segment")
        self._engine.close()
        self._temporary.replace(self.path)

    def _check_rows(self) -> None:
        """Raises StoreError unless every row that was inserted is there: no loss is silent, whoever loses it."""
        for table, written in self._written.items():
            found = self._engine.connection.execute(f"SELECT count(*) FROM segment.{table}").fetchone()
            if found != (written,):
                raise StoreError(
                    f"{table}: {written:,} rows were written and {found[0] if found else 0:,} are there, so nothing of "
                    f"this load is kept. Load it again, and report it with DuckDB's version, {duckdb.__version__}"
                )

    def abandon(self) -> None:
        self._threads.shutdown(cancel_futures=True)
        self._engine.close()
        for files in self._row_files.values():
            files.abandon()
        self._temporary.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.abandon()
