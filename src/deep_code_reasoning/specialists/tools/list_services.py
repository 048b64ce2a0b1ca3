"""Services and the calls between them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.context.gather.sql import query
from deep_code_reasoning.context.render.service_graph import service_graph
from deep_code_reasoning.specialists.tools.found import Found, Paged

if TYPE_CHECKING:
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.specialists.tools.desk import Desk

_MOST_EDGES = 1_000


class Parameters(Paged, frozen=True, kw_only=True):
    pass


def answer(desk: Desk, asked: Parameters, work: Work) -> list[Found]:
    work.on_cancel(desk.tables.interrupt)
    rows = desk.tables.rows(Path(__file__).with_suffix(".sql").read_text("utf-8"))
    lines = ["service · spans · errors · log records"]
    lines += [" · ".join(str(value) for value in (name or "?", *counts)) for name, *counts in rows]
    edges = desk.tables.dicts(query("service_edges"), most=_MOST_EDGES)
    return [
        Found("services", "services", f"{len(rows)} services", "\n".join(lines)),
        Found("graph", "graph", f"{len(edges)} edges", service_graph(edges)),
    ]
