"""Writes one segment: Arrow batches into tables of a file that nobody reads before it is complete."""

from __future__ import annotations

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
from deep_code_reasoning.store.catalogue import described, described_tables
from deep_code_reasoning.store.engine import ROW_GROUP, Engine
from deep_code_reasoning.store.gathering import Gathering, Shape
from deep_code_reasoning.store.log_templates import with_template_ids
from deep_code_reasoning.store.own_memory import OwnMemory
from deep_code_reasoning.store.placement import check, holds, placed
from deep_code_reasoning.store.row_file_writing import RowFiles
from deep_code_reasoning.store.shapes_at_hand import ShapesAtHand
from deep_code_reasoning.store.spans_at_hand import SpansAtHand

if TYPE_CHECKING:
    from deep_code_reasoning.settings import Settings

_MISFIT = (duckdb.DataError, duckdb.IntegrityError, duckdb.InvalidInputException, duckdb.BinderException)
WRITTEN_HERE = ("template_id",)  # columns that batches do not have
AT_ONCE = 2


@dataclass(frozen=True)
class Refused:
    """A batch that the schema does not admit: a reader's defect, told and not fatal."""

    table: str
    source: int
    rows: int
    error: str


class SegmentWriter:
    """`insert` batches, then `finish`; leaving the context closes the engine, and without it throws the file away.

    Tables of thousands of rows become row files, a row group at a time (docs/decisions/0009-row-files.md); what stays
    small, and what does not fit there, is inserted into the segment. Two threads write: why, and what else was tried,
    is told in docs/decisions/0007-row-groups.md.
    """

    def __init__(self, path: Path, settings: Settings) -> None:
        self.path = path
        self._kernels = kernels_of(settings)
        self._temporary = path.with_name(path.name + ".tmp")
        self._temporary.unlink(missing_ok=True)
        self.engine = Engine(settings, path.parent)
        self.engine.begin_writing(AT_ONCE)
        self.engine.attach_new(self._temporary, "segment")
        self.engine.connection.execute("USE segment")
        row_files.create_list(self.engine.connection)
        self._columns: defaultdict[str, set[str]] = defaultdict(set)  # what the tables of the file have
        self._row_files: dict[str, RowFiles] = {}  # of every table, in a load that is large
        self._waiting = Gathering()
        self.tables: set[str] = set()  # of which rows were inserted
        self.spans_at_hand = SpansAtHand(self._kernels)  # of a load that is large
        self.shapes_at_hand = ShapesAtHand(self._kernels)
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
        self.tables.add(table)
        self._wait(table, placed(batch, source, shift or {}))
        if not self._row_files and self._waiting.rows(table) >= row_files.LEAST_ROWS:
            self._begin_row_files()
        for shape in self._waiting.shapes(table):
            if group := self._waiting.take_groups(shape, ROW_GROUP):
                self._start({shape: group})
        if self._waiting.is_full:
            self.flush()

    def _wait(self, table: str, batch: pa.RecordBatch) -> None:
        files = self._row_files.get(table)
        fitted = files.fitted(batch) if files else None
        if fitted is None:
            self._waiting.add(Shape(table, batch.schema.to_string()), batch)
        else:
            self._waiting.add(Shape(table), fitted)
        if table == "spans" and self._row_files:
            self.spans_at_hand.add(fitted) if fitted else self.spans_at_hand.give_up()

    def _begin_row_files(self) -> None:
        """This is a large load: whatever waits from now on has memory of its own, and lets that of the input go."""
        memory = OwnMemory(self._kernels)
        for table in described_tables():
            if not table.derived:
                self._row_files[table.name] = RowFiles.of(self.path, table, self.engine.connection, memory)
        for shape, batches in self._waiting.take_all().items():
            for batch in batches:
                self._wait(shape.table, batch)

    def flush(self) -> None:
        """Has what waits inserted, and returns meanwhile. Raises what an earlier insertion met."""
        for work in _halves(self._waiting.take_all()):  # one thread would else write alone at last
            self._start(work)

    def _start(self, work: dict[Shape, list[pa.RecordBatch]]) -> None:
        for shape, batches in work.items():
            if not self._is_for_files(shape, batches):
                self._make_room(shape.table, batches)
        if len(self._running) >= AT_ONCE:
            self._running.popleft().result()
        self._running.append(self._threads.submit(self._insert_each, work))

    def _is_for_files(self, shape: Shape, batches: list[pa.RecordBatch]) -> bool:
        """Rows of a table that stays small are better asked for in the segment."""
        rows = sum(batch.num_rows for batch in batches)
        return not shape.schema and (rows >= row_files.LEAST_ROWS or self._row_files[shape.table].are_begun)

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
            self.engine.connection.execute(f"CREATE TABLE {table} ({', '.join(column.sql for column in columns)})")
        elif late:
            self._wait_for_running()
            for column in late:
                self.engine.connection.execute(f"ALTER TABLE {table} ADD COLUMN {column.sql}")
        self._columns[table].update(column.name for column in late)

    def _wait_for_running(self) -> None:
        while self._running:
            self._running.popleft().result()

    def _insert_each(self, work: dict[Shape, list[pa.RecordBatch]]) -> None:
        for shape, batches in work.items():
            if self._is_for_files(shape, batches):
                files = self._row_files[shape.table]
                rows = self._completed(shape.table, files.together(batches))
                files.write(rows)
                self._note_written(shape.table, rows)
                continue
            try:
                self._insert(shape, batches)
            except _MISFIT:
                self._insert_singly(shape, batches)

    def _insert(self, shape: Shape, batches: list[pa.RecordBatch]) -> None:
        table = shape.table
        whole = pa.Table.from_batches(batches) if shape.schema else self._row_files[table].together(batches)
        rows = self._completed(table, whole)
        rows = rows.select([name for name in rows.schema.names if name in self._columns[table]])
        with self.engine.connection.cursor() as connection:
            connection.register("incoming", rows)
            connection.execute("BEGIN")
            connection.execute(f"INSERT INTO segment.{table} BY NAME SELECT * FROM incoming")
            with self._committing:
                connection.execute("COMMIT")
                self._written[table] += rows.num_rows
        self._note_written(table, rows)

    def _note_written(self, table: str, rows: pa.Table) -> None:
        if table == "logs":
            self.shapes_at_hand.add(rows)

    def _completed(self, table: str, rows: pa.Table) -> pa.Table:
        return with_template_ids(rows, self._kernels) if table == "logs" else rows

    def _insert_singly(self, shape: Shape, batches: list[pa.RecordBatch]) -> None:
        """One batch that breaks the schema's rules must not take those gathered with it along."""
        for batch in batches:
            try:
                self._insert(shape, [batch])
            except _MISFIT as error:
                source = batch.column("source")[0].as_py()
                self.refused.append(Refused(shape.table, source, batch.num_rows, type(error).__name__))

    def finish(self) -> None:
        """The segment is complete on disk afterwards, and `engine` is there for other use until it is closed."""
        self.flush()
        self._wait_for_running()
        self._threads.shutdown()
        self._check_rows()
        for files in self._row_files.values():
            files.finish(self.engine.connection)
        self.engine.connection.execute("USE memory")
        self.engine.detach("segment")
        self.engine.end_writing()
        self._temporary.replace(self.path)

    def _check_rows(self) -> None:
        """Raises StoreError unless every row that was inserted is there: no loss is silent, whoever loses it."""
        for table, written in self._written.items():
            found = self.engine.connection.execute(f"SELECT count(*) FROM segment.{table}").fetchone()
            if found != (written,):
                raise StoreError(
                    f"{table}: {written:,} rows were written and {found[0] if found else 0:,} are there, so nothing of "
                    f"this load is kept. Load it again, and report it with DuckDB's version, {duckdb.__version__}"
                )

    def abandon(self) -> None:
        self._threads.shutdown(cancel_futures=True)
        self.engine.close()
        for files in self._row_files.values():
            files.abandon()
        self._temporary.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.abandon()


def _halves(work: dict[Shape, list[pa.RecordBatch]]) -> list[dict[Shape, list[pa.RecordBatch]]]:
    """For two threads: half the rows of each table that has enough for two row groups, and all the rest."""
    one, other = {}, dict(work)
    for shape, batches in work.items():
        half = sum(batch.num_rows for batch in batches) // 2
        if not shape.schema and half >= row_files.LEAST_ROWS:
            one[shape], other[shape] = _cut(batches, half)
    return [one, other] if one else [other]


def _cut(batches: list[pa.RecordBatch], rows: int) -> tuple[list[pa.RecordBatch], list[pa.RecordBatch]]:
    """The first `rows` rows, and those behind them."""
    before: list[pa.RecordBatch] = []
    for place, batch in enumerate(batches):
        if batch.num_rows > rows:
            return [*before, batch.slice(0, rows)], [batch.slice(rows), *batches[place + 1 :]]
        before.append(batch)
        rows -= batch.num_rows
    return before, []
