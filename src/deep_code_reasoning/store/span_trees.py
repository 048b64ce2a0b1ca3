"""Fills `repeated_spans` and `topology` from the spans of all segments, which are read once for both."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from deep_code_reasoning.store.attachment import hide_repeated_spans
from deep_code_reasoning.store.catalogue import described
from deep_code_reasoning.store.row_file_writing import RowFiles
from deep_code_reasoning.store.row_files import LEAST_ROWS
from deep_code_reasoning.store.trees_by_trace import trees_by_trace
from deep_code_reasoning.store.trees_in_parts import trees_in_parts

if TYPE_CHECKING:
    from deep_code_reasoning.kernels.cache import Kernels
    from deep_code_reasoning.store.derived_file import DerivedFile
    from deep_code_reasoning.store.engine import Engine


PARENT = "parent_number"
SpanTrees = dict[str, np.ndarray]  # the columns of `topology`, by span number; parent_number is -1 at a root


def write_span_trees(file: DerivedFile, kernels: Kernels, threads: int = 1) -> None:
    """`spans` shows every span as it was sent; afterwards each once."""
    spans = _read(file.engine)
    if not len(spans["span_number"]):
        return
    grown = span_trees(spans, kernels, threads)
    if grown is None:
        again = _write_repeated(file.engine)
        once = ~np.isin(spans["span_number"], again)
        once_each = {name: column[once] for name, column in spans.items()}
        grown = span_trees(once_each, kernels, threads, is_once=True)
        assert grown
    TreeRows(file, grown).finish()


def span_trees(
    spans: dict[str, np.ndarray], kernels: Kernels, threads: int = 1, *, is_once: bool = False
) -> SpanTrees | None:
    """`spans`: the columns of topology.sql.

    None where some spans have the ids of others, unless that `is_once`: no copies, but spans of one id.
    """
    spans = _in_order(spans)
    grown = trees_by_trace(spans, kernels, threads) or trees_in_parts(spans, threads)
    return grown.columns if is_once or not grown.repeated else None


def _read(engine: Engine) -> dict[str, np.ndarray]:
    rows = engine.connection.sql(_sql("topology")).to_arrow_table()
    return {name: rows.column(name).to_numpy() for name in rows.schema.names}


def _in_order(spans: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """By span number."""
    number = spans["span_number"]
    if (number[1:] < number[:-1]).any():
        order = np.argsort(number, kind="stable")
        spans = {name: column[order] for name, column in spans.items()}
    return spans


def _write_repeated(engine: Engine) -> list[int]:
    """Collectors retry: what arrived twice is one span. Numbers of the rows that repeat another."""
    engine.connection.execute(f"INSERT INTO derived.repeated_spans BY NAME {_sql('repeated_spans')}")
    found = engine.connection.execute("SELECT span_number FROM derived.repeated_spans").fetchall()
    if found:
        engine.connection.execute("CREATE VIEW repeated_spans AS SELECT * FROM derived.repeated_spans")
        hide_repeated_spans(engine)
    return [number for (number,) in found]


class TreeRows:
    """The rows of `topology`: in row files beside `file` at once where they are thousands, in itself with `finish`."""

    def __init__(self, file: DerivedFile, grown: SpanTrees) -> None:
        """From any thread. Raises OSError."""
        self._file, self._table = file, described("topology")
        with file.connection() as connection:
            self._files = RowFiles.of(file.path, self._table, connection)
        schema = self._files.schema
        columns = [pa.array(grown[name], mask=grown[name] < 0 if name == PARENT else None) for name in schema.names]
        self._rows = pa.table(columns, schema=schema)
        if self._rows.num_rows >= LEAST_ROWS:
            self._write_files()

    def _write_files(self) -> None:
        """Two threads write a half each."""
        half = -(-self._rows.num_rows // 2)
        try:
            with ThreadPoolExecutor(2, "span-trees") as writing:
                list(writing.map(self._files.write, [self._rows.slice(0, half), self._rows.slice(half)]))
        except BaseException:
            self._files.abandon()
            raise

    def abandon(self) -> None:
        self._files.abandon()

    def finish(self) -> None:
        """Raises StoreError where rows are lost."""
        with self._file.connection() as connection:
            if self._files.are_begun:
                self._files.finish(connection)
                return
            connection.execute(self._table.sql)
            connection.register("incoming", self._rows)
            connection.execute("INSERT INTO topology BY NAME SELECT * FROM incoming")
            connection.unregister("incoming")


def _sql(name: str) -> str:
    return Path(__file__).with_name(f"{name}.sql").read_text("utf-8")
