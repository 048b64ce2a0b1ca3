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
import pyarrow.compute as pc

from deep_code_reasoning.errors import StoreError
from deep_code_reasoning.kernels.cache import kernels_of
from deep_code_reasoning.store import row_files
from deep_code_reasoning.store.catalogue import described_tables
from deep_code_reasoning.store.engine import ROW_GROUP, Engine
from deep_code_reasoning.store.log_templates import with_template_ids
from deep_code_reasoning.store.row_file_writing import RowFiles

if TYPE_CHECKING:
    from deep_code_reasoning.settings import Settings

NUMBERS = ("span_number", "log_number", "resource_number")
_MISFIT = (duckdb.DataError, duckdb.IntegrityError, duckdb.InvalidInputException, duckdb.BinderException)
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
        self._columns = {t.name: {c.name for c in t.columns} for t in described_tables() if not t.derived}
        for table in described_tables():
            if not table.derived:
                self._engine.connection.execute(table.sql)
        row_files.create_list(self._engine.connection)
        self._row_files = {
            table.name: RowFiles.of(path, table, self._engine.connection)
            for table in described_tables()
            if table.name in row_files.TABLES
        }
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
        self.check(table, batch)
        key = (table, batch.schema.to_string())
        self._wait(key, _placed(batch, source, shift or {}))
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

    def check(self, table: str, batch: pa.RecordBatch) -> None:
        """Raises ValueError for a table or column that the schema does not have. Safe in any thread."""
        if table not in self._columns:
            raise ValueError(f"no table {table!r} in the schema")
        if unknown := set(batch.schema.names) - self._columns[table]:
            raise ValueError(f"table {table} has no column {sorted(unknown)}")

    def flush(self) -> None:
        """Has what waits inserted, and returns meanwhile. Raises what an earlier insertion met."""
        if len(self._running) >= AT_ONCE:
            self._running.popleft().result()
        self._running.append(self._threads.submit(self._insert_each, self._waiting))
        self._waiting = defaultdict(list)
        self._waiting_buffers.clear()
        self._waiting_batches = self._waiting_bytes = 0

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
        while self._running:
            self._running.popleft().result()
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


def _placed(batch: pa.RecordBatch, source: int, shift: dict[str, int]) -> pa.RecordBatch:
    for name in NUMBERS:
        if shift.get(name) and name in batch.schema.names:
            index = batch.schema.get_field_index(name)
            batch = batch.set_column(
                index, name, pc.call_function("add", [batch.column(index), pa.scalar(shift[name], pa.int64())])
            )
    column = pa.repeat(pa.scalar(source, pa.int32()), batch.num_rows)
    if "source" in batch.schema.names:
        return batch.set_column(batch.schema.get_field_index("source"), "source", column)
    return batch.append_column("source", column)


def largest(batch: pa.RecordBatch, name: str) -> int:
    """The largest number in a column; -1 where it holds none."""
    found = pc.call_function("max", [batch.column(name)]).as_py()
    return -1 if found is None else found
