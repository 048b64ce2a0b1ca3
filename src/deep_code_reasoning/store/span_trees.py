"""Fills `repeated_spans` and `topology` from the spans of all segments, which are read once for both."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from deep_code_reasoning.store import parents, topology
from deep_code_reasoning.store.attachment import hide_repeated_spans

if TYPE_CHECKING:
    from deep_code_reasoning.kernels.cache import Kernels
    from deep_code_reasoning.store.engine import Engine


def write_span_trees(engine: Engine, kernels: Kernels, at_hand: dict[str, np.ndarray] | None = None) -> None:
    """`spans` shows every span as it was sent; afterwards each once.

    `at_hand`: the columns of topology.sql, where they need not be read.
    """
    spans = _in_order(at_hand or _read(engine))
    if not len(spans["span_number"]):
        return
    find = kernels.find(parents.KERNEL)
    found = parents.find_parents(spans["trace"], spans["span"], spans["wanted"], find)
    if found.repeated and (again := _write_repeated(engine)):
        once = ~np.isin(spans["span_number"], again)
        spans = {name: column[once] for name, column in spans.items()}
        found = parents.find_parents(spans["trace"], spans["span"], spans["wanted"], find)
    tree = topology.resolve(
        found.row,
        spans["wanted"] != 0,
        spans["start"],
        spans["duration"],
        spans["clock"],
        spans["kind"],
        kernels.find(topology.KERNEL),
    )
    _write(engine, spans, found.trace_number, tree)


def _read(engine: Engine) -> dict[str, np.ndarray]:
    rows = engine.connection.sql(_sql("topology")).to_arrow_table()
    return {name: rows.column(name).to_numpy() for name in rows.schema.names}


def _in_order(spans: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """By span number."""
    if (np.diff(spans["span_number"]) < 0).any():
        order = np.argsort(spans["span_number"], kind="stable")
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


def _write(engine: Engine, spans: dict[str, np.ndarray], trace_number: np.ndarray, tree: topology.Topology) -> None:
    number = spans["span_number"]
    rows = pa.table(
        {
            "span_number": number,
            "parent_number": pa.array(number[tree.parent], mask=tree.parent < 0),
            "trace_number": trace_number,
            "start_time_unix_nano": spans["start"],
            "end_time_unix_nano": tree.end,
            "self_time_nano": tree.self_time,
            "critical_path_nano": tree.critical_path,
            "depth": tree.depth.astype(np.int32),
            "is_orphan": tree.is_orphan,
            "in_cycle": tree.in_cycle,
        }
    )
    engine.connection.register("incoming", rows)
    engine.connection.execute("INSERT INTO derived.topology BY NAME SELECT * FROM incoming")
    engine.connection.unregister("incoming")


def _sql(name: str) -> str:
    return Path(__file__).with_name(f"{name}.sql").read_text("utf-8")
