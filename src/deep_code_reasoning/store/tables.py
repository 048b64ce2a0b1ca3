"""A read-only view of one investigation: every table of schema/ and every view of views/ under its plain name."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Self

import duckdb

from deep_code_reasoning.errors import CancelledError, EvidenceError
from deep_code_reasoning.store.attachment import attach_derived, attach_segments
from deep_code_reasoning.store.catalogue import schema_fingerprint
from deep_code_reasoning.store.engine import Engine
from deep_code_reasoning.store.investigation_folder import InvestigationFolder
from deep_code_reasoning.store.views import create_views

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from deep_code_reasoning.settings import Settings

OPENING_TRIES = 3
LOAD_AGAIN = "load its evidence again: dcr load PATH..."


class Tables:
    """One sealed connection, for one thread at a time (`interrupt` may come from any).

    Parameters are DuckDB's named ones: `tables.rows("... WHERE x > $limit", limit=3)`; keywords that a statement
    does not mention are ignored. The files stay as they were when opened: a load meanwhile is not seen.
    """

    def __init__(self, engine: Engine, investigation: str) -> None:
        self._engine = engine
        self._connection = engine.connection
        self.investigation = investigation

    @classmethod
    def open(cls, folder: InvestigationFolder, settings: Settings) -> Self:
        """Raises InvestigationNotFoundError where nothing was loaded, EvidenceError where another version wrote it."""
        for _ in range(OPENING_TRIES):
            manifest = folder.manifest()
            if manifest.schema != schema_fingerprint():
                raise EvidenceError(f"investigation {folder.name} was written by another version; {LOAD_AGAIN}")
            engine = Engine(settings, folder.path)
            try:
                attach_segments(engine, folder.path, manifest)
                attach_derived(engine, folder.path, manifest)
                create_views(engine)
                engine.seal()
                return cls(engine, folder.name)
            except (duckdb.IOException, duckdb.InvalidInputException):
                engine.close()  # a load that ended just now has replaced the files that this manifest names
            except BaseException:
                engine.close()
                raise
        raise EvidenceError(f"the files of investigation {folder.name} are damaged; {LOAD_AGAIN}")

    def rows(self, sql: str, **parameters: Any) -> list[tuple]:
        with _interruptible():
            return self._run(sql, parameters).fetchall()

    def dicts(self, sql: str, **parameters: Any) -> list[dict[str, Any]]:
        with _interruptible():
            result = self._run(sql, parameters)
            names = [column[0] for column in result.description]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def arrow(self, sql: str, **parameters: Any) -> pa.Table:
        with _interruptible():
            last, values = self._run_all_but_last(sql, parameters)
            return self._connection.sql(last, params=values).to_arrow_table()

    def arrays(self, sql: str, **parameters: Any) -> dict[str, np.ndarray]:
        """One numpy array a column; a column that holds NULL comes as a masked array."""
        with _interruptible():
            return self._run(sql, parameters).fetchnumpy()

    def execute(self, sql: str, **parameters: Any) -> None:
        """For TEMP tables and views; may hold several statements."""
        with _interruptible():
            self._run(sql, parameters).fetchall()

    def register(self, name: str, rows: pa.Table) -> None:
        """Makes `rows` a temporary table `name`, replacing one of that name."""
        self._connection.register("incoming", rows)
        self._connection.execute(f'CREATE OR REPLACE TEMP TABLE "{name}" AS SELECT * FROM incoming')
        self._connection.unregister("incoming")

    def count(self, table: str) -> int:
        return self.rows(f'SELECT count(*) FROM "{table}"')[0][0]

    def names(self) -> list[str]:
        """The tables and views, as `SHOW TABLES` would."""
        return [name for (name,) in self.rows("SHOW TABLES")]

    def fetch_read_only(self, statement: duckdb.Statement, rows: int) -> tuple[list[str], list[str], list[tuple]]:
        """Columns, types and at most `rows` rows, read in a transaction in which the engine refuses to write."""
        self._connection.execute("BEGIN TRANSACTION READ ONLY")
        try:
            result = self._connection.execute(statement)
            described = result.description or []
            return [c[0] for c in described], [str(c[1]) for c in described], result.fetchmany(rows)
        finally:
            self._connection.execute("ROLLBACK")

    def interrupt(self) -> None:
        """Stops the statement that runs now, which then raises CancelledError. From any thread, also after `close`."""
        with suppress(duckdb.ConnectionException):
            self._connection.interrupt()

    def close(self) -> None:
        self._engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self, sql: str, parameters: dict[str, Any]) -> duckdb.DuckDBPyConnection:
        last, values = self._run_all_but_last(sql, parameters)
        return self._connection.execute(last, values)

    def _run_all_but_last(self, sql: str, parameters: dict[str, Any]) -> tuple[duckdb.Statement, dict[str, Any]]:
        """Runs what stands before the last statement; gives the last one and the parameters it mentions."""
        *before, last = duckdb.extract_statements(sql)
        for statement in before:
            self._connection.execute(statement, {name: parameters[name] for name in statement.named_parameters})
        return last, {name: parameters[name] for name in last.named_parameters}


@contextmanager
def _interruptible() -> Generator[None]:
    try:
        yield
    except duckdb.InterruptException:
        raise CancelledError("the running query was interrupted") from None
