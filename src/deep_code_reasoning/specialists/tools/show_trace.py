"""A trace as a tree of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deep_code_reasoning.context.show import show
from deep_code_reasoning.specialists.tools.found import Found, Paged

if TYPE_CHECKING:
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.specialists.tools.desk import Desk


class Parameters(Paged, frozen=True, kw_only=True):
    trace_id: str
    span_id: str = ""


def answer(desk: Desk, asked: Parameters, work: Work) -> list[Found]:
    trace_id, _, span_id = asked.trace_id.rpartition(":")[2].partition("/")
    span_id = asked.span_id.rpartition("/")[2] or span_id
    work.on_cancel(desk.tables.interrupt)
    ref = f"span:{trace_id}/{span_id}" if span_id else f"trace:{trace_id}"
    text = show(desk.tables, ref, roots=desk.roots)
    return [Found(f"trace:{trace_id}", "trace", f"{text.count(chr(10)) - 1} lines", text)]
