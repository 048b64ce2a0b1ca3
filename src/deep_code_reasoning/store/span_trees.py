"""Fills `repeated_spans` and `topology` from the spans of all segments, which are read once for both."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from deep_code_reasoning.store import parents, topology
from deep_code_reasoning.store.attachment import hide_repeated_spans

if TYPE_CHECKING:
    from deep_code_reasoning.kernels.cache import Kernels
    from deep_code_reasoning.store.engine import Engine


class SpanTrees(NamedTuple):
    """The trees of `spans`, the columns of topology.sql ordered by span number."""

    spans: dict[str, np.ndarray]
    trace_number: np.ndarray
    tree: topology.Topology


def write_span_trees(engine: Engine, kernels: Kernels, grown: SpanTrees | None = None) -> None:
    """`spans` shows every span as it was sent; afterwards each once. `grown`: the trees, where they are known."""
    if grown is None:
        spans = _read(engine)
        if not len(spans["span_number"]):
            return
        grown = span_trees(spans, kernels)
        if grown is None:
            again = _write_repeated(engine)
            once = ~np.isin(spans["span_number"], again)
            grown = span_trees({name: column[once] for name, column in spans.items()}, kernels, is_once=True)
            assert grown
    _write(engine, grown.spans, grown.trace_number, grown.tree)


def span_trees(spans: dict[str, np.ndarray], kernels: Kernels, *, is_once: bool = False) -> SpanTrees | None:
    """None where some spans have the ids of others, unless that `is_once`: no copies, but spans of one id."""
    spans = _in_order(spans)
    find = kernels.find(parents.KERNEL)
    found = parents.find_parents(spans["trace"], spans["span"], spans["wanted"], find)
    if found.repeated and not is_once:
        return None
    tree = topology.resolve(
        found.row,
        spans["wanted"] != 0,
        spans["start"],
        spans["duration"],
        spans["clock"],
        spans["kind"],
        kernels.find(topology.KERNEL),
    )
    return SpanTrees(spans, found.trace_number, tree)


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
