"""The file of what depends on all segments together, while it is written: begun before there is anything to write."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from deep_code_reasoning.store import row_files
from deep_code_reasoning.store.catalogue import described_tables

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from deep_code_reasoning.store.engine import Engine

WRITTEN_ELSEWHERE = ("findings", "topology")  # by a diagnosis; by `span_trees`, here or in row files


class DerivedFile:
    """Attached as `derived` to `engine`, which `close` closes; at `path` once it is finished."""

    def __init__(self, engine: Engine, path: Path) -> None:
        """With the list of its row files and every table but those that write their own."""
        self.engine, self.path = engine, path
        self._temporary = path.with_name(path.name + ".tmp")
        self._temporary.unlink(missing_ok=True)
        self._is_finished = False
        try:
            engine.attach_new(self._temporary, "derived")
            with self.connection() as connection:
                row_files.create_list(connection)
                for table in described_tables():
                    if table.derived and table.name not in WRITTEN_ELSEWHERE:
                        connection.execute(table.sql)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def connection(self) -> Generator[duckdb.DuckDBPyConnection]:
        """One of its own, which uses this file: beside others of the engine, from any thread."""
        with self.engine.connection.cursor() as connection:
            connection.execute("USE derived")
            yield connection

    def finish(self) -> None:
        """Complete on disk, and under its name, afterwards."""
        self.engine.detach("derived")
        self._temporary.replace(self.path)
        self._is_finished = True

    def close(self) -> None:
        """Leaves nothing unless it is finished."""
        self.engine.close()
        if not self._is_finished:
            self._temporary.unlink(missing_ok=True)
            for left in self.path.parent.glob(f"{self.path.stem}.*.parquet*"):
                left.unlink(missing_ok=True)
